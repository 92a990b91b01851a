// TemplateProcessing: the special tokens before and after the sequence A.
#include "core/error.h"
#include "tokenizer/post_processor/post_processor.h"

namespace llmbox {

namespace {

void append_ids(const Json& description, const std::string& name, std::vector<int32_t>& ids) {
  const Json specials = description.value("special_tokens", Json::object());
  if (!specials.contains(name))
    fail("tokenizer", "expected '{}' among the special_tokens of TemplateProcessing, got none", name);
  for (const Json& id : specials[name].at("ids")) ids.push_back(id.get<int32_t>());
}

}  // namespace

Surround make_template_surround(const Json& description) {
  Surround surround;
  bool seen = false;
  for (const Json& piece : description.at("single")) {
    if (piece.contains("Sequence")) {
      seen = true;
    } else {
      append_ids(description, piece.at("SpecialToken").at("id").get<std::string>(),
                 seen ? surround.after : surround.before);
    }
  }
  if (!seen) fail("tokenizer", "expected sequence A in the template of TemplateProcessing, got none");
  return surround;
}

}  // namespace llmbox
