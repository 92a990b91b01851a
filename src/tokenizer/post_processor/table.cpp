// Every post-processor that tokenizer.json may name.
#include "core/error.h"
#include "core/near_name.h"
#include "tokenizer/post_processor/post_processor.h"

namespace llmbox {

namespace {

struct PostProcessorRow {
  const char* type;
  Surround (*make)(const Json& description);
};

constexpr PostProcessorRow kPostProcessors[] = {
    {"BertProcessing", make_cls_sep_surround},
    {"ByteLevel", make_no_surround},
    {"RobertaProcessing", make_cls_sep_surround},
    {"TemplateProcessing", make_template_surround},
};

}  // namespace

// ByteLevel mends offsets, which ids do not have.
Surround make_no_surround(const Json&) { return {}; }

Surround make_post_processor(const Json& description) {
  if (description.is_null()) return {};
  std::string type = description.is_object() ? description.value("type", "") : "";
  std::vector<std::string> names = {"Sequence"};
  for (const PostProcessorRow& row : kPostProcessors) {
    if (row.type == type) return row.make(description);
    names.emplace_back(row.type);
  }
  if (type != "Sequence")
    fail("tokenizer", "expected a post_processor, got '{}'; try {}", type, near_names(type, names));
  Surround all;
  for (const Json& stage : description.at("processors")) {
    Surround outer = make_post_processor(stage);
    for (auto part : {&Surround::before, &Surround::before_pair})
      (all.*part).insert((all.*part).begin(), (outer.*part).begin(), (outer.*part).end());
    for (auto part : {&Surround::after, &Surround::between, &Surround::after_pair})
      (all.*part).insert((all.*part).end(), (outer.*part).begin(), (outer.*part).end());
  }
  return all;
}

}  // namespace llmbox
