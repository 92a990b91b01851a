// A chat template: any text renders a conversation, or is refused, within its limits.
#include "chat/jinja.h"

#include "fuzz/target.h"

namespace llmbox {

namespace {

Json conversation() {
  return Json::parse(R"({"bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": true, "n": 3, "x": -1.5,
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi\n you 你"},
                 {"role": "assistant", "content": null, "tool_calls": [{"type": "function",
                  "function": {"name": "f", "arguments": {"a": [1, 2.5, true, null, {"b": "c"}]}}}]}],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]})");
}

}  // namespace

void fuzz_one(std::string_view bytes) {
  static const Json context = conversation();
  JinjaOptions options;
  options.limits = {.steps = 20000, .bytes = 8 << 20, .output = 1 << 20, .depth = 200};
  options.clock = [] { return std::tm{.tm_mday = 10, .tm_mon = 6, .tm_year = 125}; };
  may_refuse([&] { JinjaTemplate::parse(std::string(bytes), "fuzz", options).render_with_spans(context); });
}

}  // namespace llmbox
