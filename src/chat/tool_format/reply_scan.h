// Finds marked stretches in a model's reply as the regular expressions of LLaMA-Factory would, by hand and in linear
// time: a fault is found at the first mark that is missing, never by trying again. Views point into the reply.
#pragma once

#include <optional>
#include <string_view>

namespace llmbox::tool_text {

inline constexpr size_t kNone = std::string_view::npos;  // find()'s word for "not there"

/// Past the white space (Python's \s) at `at`.
size_t skip_space(std::string_view text, size_t at);
/// Whether `mark` stands at `at`.
bool stands_at(std::string_view text, size_t at, std::string_view mark);

/// The first open\s*(.+?)\s*close: what the group holds; null where there is none.
std::optional<std::string_view> enclosed(std::string_view text, std::string_view open, std::string_view close);

/// The marks around "key, value": open key middle value close.
struct PairMarks {
  std::string_view open, middle, close;
};
struct Pair {
  std::string_view key, value;
};
/// The next open(.*?)middle(.*?)close; `text` moves past it. Null where there is none.
std::optional<Pair> next_pair(std::string_view& text, const PairMarks& marks);

/// The next outer_open\s*<function=\s*NAME\s*BODY</function>\s*outer_close; `text` moves past it. NAME ends at white
/// space or a character of `name_ends`.
struct FunctionMarks {
  std::string_view open, close, name_ends;
};
std::optional<Pair> next_function(std::string_view& text, const FunctionMarks& marks);

}  // namespace llmbox::tool_text
