// A model's reply, read by every tool format: calls that can be written again, or plain text.
#include "chat/tool_format.h"
#include "fuzz/target.h"

namespace llmbox {

void fuzz_one(std::string_view bytes) {
  for (const ToolFormat& format : tool_formats())
    if (const std::optional<Json> calls = format.parse(bytes)) may_refuse([&] { format.calls_text(*calls); });
}

}  // namespace llmbox
