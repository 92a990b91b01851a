// BertProcessing ([CLS] A [SEP] B [SEP]) and RobertaProcessing (<s> A </s> </s> B </s>).
#include "tokenizer/json_integer.h"
#include "tokenizer/post_processor/post_processor.h"

namespace llmbox {

Surround make_cls_sep_surround(const Json& description) {
  auto cls = json_token_id(description.at("cls").at(1));
  auto sep = json_token_id(description.at("sep").at(1));
  bool roberta = description.value("type", "") == "RobertaProcessing";
  std::vector<int32_t> between = {sep};
  if (roberta) between.push_back(sep);
  return {{cls}, {sep}, {cls}, between, {sep}};
}

}  // namespace llmbox
