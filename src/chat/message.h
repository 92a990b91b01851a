// A conversation as users and templates write it. Content stays JSON: a string, or a list of parts.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"

namespace llmbox {

/// One turn in the Hugging Face form: {"role", "content", "tool_calls"?, …}; every key reaches the template.
using Message = Json;
using Messages = std::vector<Message>;

inline Message make_message(const std::string& role, const std::string& content) {
  return Json{{"role", role}, {"content", content}};
}

}  // namespace llmbox
