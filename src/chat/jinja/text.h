// Python's str operations on UTF-8: code points, case, character classes, stripping. Invalid bytes count as one
// character each and are passed through.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace llmbox::jinja {

/// Reads the code point at `at` and moves past it; an invalid byte gives its value with `at` moved by one.
char32_t next_code_point(std::string_view text, size_t& at);
void append_code_point(std::string& out, char32_t c);
int64_t count_code_points(std::string_view text);
/// Byte offset of every code point, and the end.
std::vector<size_t> code_point_offsets(std::string_view text);
/// Byte offset of code point `index` (from the start).
size_t offset_of(std::string_view text, int64_t index);

bool is_space(char32_t c);
bool is_alpha(char32_t c);
bool is_digit(char32_t c);
bool is_upper(char32_t c);
bool is_lower(char32_t c);
bool is_printable(char32_t c);

std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
/// First character upper, the rest lower.
std::string capitalize(std::string_view text);
/// Python's str.title().
std::string title(std::string_view text);

enum class Side : uint8_t { both, left, right };
/// Strips white space, or the characters of `characters` where given.
std::string_view strip(std::string_view text, Side side = Side::both, const std::string_view* characters = nullptr);

/// & < > " ' as HTML entities.
std::string escape_html(std::string_view text);

std::string replace_all(std::string_view text, std::string_view from, std::string_view to, int64_t most = -1);

}  // namespace llmbox::jinja
