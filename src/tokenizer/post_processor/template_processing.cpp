// TemplateProcessing: the special tokens before, between and after the sequences A and B.
#include "core/error.h"
#include "tokenizer/json_integer.h"
#include "tokenizer/post_processor/post_processor.h"

namespace llmbox {

namespace {

void append_ids(const Json& description, const std::string& name, std::vector<int32_t>& ids) {
  const Json specials = description.value("special_tokens", Json::object());
  if (!specials.contains(name))
    fail("tokenizer", "expected '{}' among the special_tokens of TemplateProcessing, got none", name);
  for (const Json& id : specials[name].at("ids")) ids.push_back(json_token_id(id));
}

// The ids of a template, in as many groups as its sequences leave.
std::vector<std::vector<int32_t>> groups_of(const Json& description, const char* name) {
  std::vector<std::vector<int32_t>> groups(1);
  for (const Json& piece : description.at(name)) {
    if (piece.contains("Sequence")) {
      groups.emplace_back();
    } else {
      append_ids(description, piece.at("SpecialToken").at("id").get<std::string>(), groups.back());
    }
  }
  return groups;
}

}  // namespace

Surround make_template_surround(const Json& description) {
  std::vector<std::vector<int32_t>> single = groups_of(description, "single");
  if (single.size() != 2)
    fail("tokenizer", "expected sequence A once in the template of TemplateProcessing, got it {} times",
         single.size() - 1);
  Surround surround = Surround::of_both(single[0], single[1]);
  if (!description.contains("pair")) return surround;
  std::vector<std::vector<int32_t>> pair = groups_of(description, "pair");
  if (pair.size() != 3)
    fail("tokenizer", "expected sequences A and B in the pair template of TemplateProcessing, got {} sequences",
         pair.size() - 1);
  surround.before_pair = pair[0];
  surround.between = pair[1];
  surround.after_pair = pair[2];
  return surround;
}

}  // namespace llmbox
