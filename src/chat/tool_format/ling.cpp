// Ling 2: qwen's format without the blank lines at its start, thinking switched off.
#include "chat/tool_format/formats.h"

namespace llmbox::tool_text {

std::string ling_tools(const Json& tools, const std::tm& today) {
  const std::string text = qwen_tools(tools, today);
  return text.empty() ? text : text.substr(2) + "\ndetailed thinking off";
}

}  // namespace llmbox::tool_text
