// Base64 as tokenizer files hold it (charsmaps, tiktoken ranks). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace llmbox {

/// The bytes; nothing where the text holds another character or ends within a group.
std::optional<std::string> from_base64(std::string_view text);

std::string to_base64(std::string_view bytes);

}  // namespace llmbox
