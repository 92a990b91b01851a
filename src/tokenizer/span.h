// A range of bytes in the text at hand.
#pragma once

#include <cstdint>
#include <string_view>

namespace llmbox {

struct Span {
  uint32_t begin;
  uint32_t end;
  uint32_t size() const { return end - begin; }
  std::string_view in(std::string_view text) const { return text.substr(begin, end - begin); }
  bool operator==(const Span&) const = default;
};

}  // namespace llmbox
