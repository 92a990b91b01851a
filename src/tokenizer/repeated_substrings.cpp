#include "tokenizer/repeated_substrings.h"

#include <algorithm>

#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

// What follows a place of a text, as long as a piece may be.
struct Suffix {
  std::string_view text;
  int64_t count;
};

size_t bytes_of_characters(std::string_view text, size_t characters) {
  size_t bytes = 0;
  for (; characters > 0 && bytes < text.size(); --characters)
    bytes += utf8_length(static_cast<unsigned char>(text[bytes]));
  return std::min(bytes, text.size());
}

std::vector<Suffix> sorted_suffixes(const std::vector<CountedText>& texts, size_t longest) {
  std::vector<Suffix> suffixes;
  for (const CountedText& text : texts)
    for (size_t i = 0; i < text.text.size(); i += utf8_length(static_cast<unsigned char>(text.text[i]))) {
      std::string_view rest = text.text.substr(i);
      suffixes.push_back({rest.substr(0, bytes_of_characters(rest, longest)), text.count});
    }
  std::sort(suffixes.begin(), suffixes.end(), [](const Suffix& a, const Suffix& b) { return a.text < b.text; });
  return suffixes;
}

// Bytes that both begin with, in whole characters.
size_t common_prefix(std::string_view a, std::string_view b) {
  size_t length = static_cast<size_t>(
      std::mismatch(a.begin(), a.begin() + std::min(a.size(), b.size()), b.begin()).first - a.begin());
  auto inside = [&](std::string_view text) {
    return length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80;
  };
  while (length > 0 && (inside(a) || inside(b))) --length;
  return length;
}

bool has_two_characters(std::string_view text) {
  return !text.empty() && text.size() > utf8_length(static_cast<unsigned char>(text[0]));
}

// A prefix shared by the suffixes since some place of the sorted list.
struct Open {
  size_t length;
  int64_t before;  // count of all suffixes before that place
};

}  // namespace

std::vector<Substring> repeated_substrings(const std::vector<CountedText>& texts, size_t longest) {
  std::vector<Suffix> suffixes = sorted_suffixes(texts, longest);
  std::vector<Substring> found;
  std::vector<Open> open;
  int64_t before = 0;
  for (size_t i = 0; i < suffixes.size(); ++i) {
    std::string_view text = suffixes[i].text;
    size_t shared = i + 1 < suffixes.size() ? common_prefix(text, suffixes[i + 1].text) : 0;
    int64_t begin = before;
    before += suffixes[i].count;
    // A suffix that repeats only because its text does is a prefix of its own.
    if (open.empty() || open.back().length < text.size()) open.push_back({text.size(), begin});
    while (!open.empty() && open.back().length > shared) {
      Open closed = open.back();
      open.pop_back();
      std::string_view piece = text.substr(0, closed.length);
      if (before - closed.before >= 2 && has_two_characters(piece)) found.push_back({piece, before - closed.before});
      begin = closed.before;
    }
    if (shared > 0 && (open.empty() || open.back().length < shared)) open.push_back({shared, begin});
  }
  return found;
}

}  // namespace llmbox
