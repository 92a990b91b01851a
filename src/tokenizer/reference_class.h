// Character classes as the tokenizers library's tables hold them (Unicode 8): characters that came later are no
// punctuation, control characters or marks there, and ids hang on it. Pure.
#pragma once

#include <cstdint>

namespace llmbox {

/// ASCII punctuation and \p{P}.
bool is_reference_punctuation(uint32_t code_point);

/// \p{C} without unassigned characters.
bool is_reference_control(uint32_t code_point);

/// \p{Mn}.
bool is_reference_nonspacing_mark(uint32_t code_point);

}  // namespace llmbox
