// Arguments that are written as one marked pair of key and value each: strings as they are, all else as JSON.
// Used by the formats that look like XML.
#pragma once

#include <string>
#include <string_view>

#include "chat/tool_format/given.h"
#include "chat/tool_format/reply_scan.h"

namespace llmbox::tool_text {

/// open key middle value close, for every argument. Throws Error where the arguments are no object.
std::string parameters_text(const Call& call, const PairMarks& marks);

/// What becomes of the white space around a value that is no JSON.
enum class Blanks { kept, stripped };
/// The object of all pairs in `block`; a value is its JSON, or text where it is none.
Json read_parameters(std::string_view block, const PairMarks& marks, Blanks blanks);

}  // namespace llmbox::tool_text
