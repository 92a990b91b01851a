// BertProcessing and RobertaProcessing: cls before, sep after.
#include "tokenizer/post_processor/post_processor.h"

namespace llmbox {

Surround make_cls_sep_surround(const Json& description) {
  return {{description.at("cls").at(1).get<int32_t>()}, {description.at("sep").at(1).get<int32_t>()}};
}

}  // namespace llmbox
