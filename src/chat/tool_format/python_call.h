// Reads calls written as Python expressions: f(a=1, b="x") or [f(a=1), g()]. Keyword arguments are literals of any
// depth up to kDeepest, or true, false and null by themselves; positional arguments are passed over. Everything else
// (attributes, names, sets, complex numbers, prefixed strings, starred arguments, keywords before
// positional ones) is refused.
#pragma once

#include <optional>
#include <string_view>

#include "core/json.h"

namespace llmbox::tool_text {

/// [{"name", "arguments"}]; null where the text is no such expression, or holds no call. Linear in the text.
std::optional<Json> read_python_calls(std::string_view text);

}  // namespace llmbox::tool_text
