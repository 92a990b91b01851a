// Finds the known name that a mistyped one most likely meant, for messages such as "try 'learning_rate'".
// Distance counts insertions, deletions, replacements and swaps of neighbours; case and '-' against '_' cost nothing.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace llmbox {

/// The name in `names` nearest to `name`; empty where there are none.
std::string nearest_name(std::string_view name, std::span<const std::string> names);

/// Up to `most` names, nearest first, as "'a', 'b' or 'c'"; empty where there are none.
std::string near_names(std::string_view name, std::span<const std::string> names, size_t most = 3);

/// Every name in its order, as "'a', 'b' or 'c'"; `joint` stands before the last.
std::string quoted_names(std::span<const std::string> names, std::string_view joint = "or");

}  // namespace llmbox
