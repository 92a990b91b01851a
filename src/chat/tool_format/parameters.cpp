#include "chat/tool_format/parameters.h"

#include "chat/jinja/text.h"
#include "chat/tool_format/reply_json.h"

namespace llmbox::tool_text {

std::string parameters_text(const Call& call, const PairMarks& marks) {
  std::string out;
  for (const auto& [key, value] : named_arguments(call).items())
    out.append(marks.open).append(key).append(marks.middle).append(plain_text(value)).append(marks.close);
  return out;
}

Json read_parameters(std::string_view block, const PairMarks& marks, Blanks blanks) {
  ObjectBuilder arguments;
  while (const auto pair = next_pair(block, marks)) {
    const std::string_view stripped = jinja::strip(pair->value);
    std::optional<Json> value = read_json(stripped);
    if (!value) value = blanks == Blanks::kept ? pair->value : stripped;
    arguments.set(std::string(pair->key), std::move(*value));
  }
  return arguments.take();
}

}  // namespace llmbox::tool_text
