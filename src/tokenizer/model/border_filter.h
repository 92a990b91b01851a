// Which texts a merge may join: a Bloom filter over the two bytes on each side of the border (Bloom 1970). Says no only
// where no added pair fits; then two tokens there are compatible and nothing need be looked up. Filled while loading,
// then thread-safe.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace llmbox {

class BorderFilter {
 public:
  /// A pair that merges. Requires: neither is empty.
  void add(std::string_view left, std::string_view right) {
    const uint32_t inner = border(left.back(), right.front());
    if (left.size() == 1 || right.size() == 1) {
      set(narrow_, inner);
    } else {
      set(wide_, hash(inner, left[left.size() - 2], right[1]));
    }
  }

  /// Whether an added pair may end and begin at `at`. Requires: 0 < at < text.size().
  bool may_join(std::string_view text, size_t at) const {
    const uint32_t inner = border(text[at - 1], text[at]);
    if (is_set(narrow_, inner)) return true;
    return at >= 2 && at + 2 <= text.size() && is_set(wide_, hash(inner, text[at - 2], text[at + 1]));
  }

 private:
  static constexpr int kWideBits = 20;

  static uint32_t byte(char c) { return static_cast<unsigned char>(c); }
  static uint32_t border(char last, char first) { return byte(last) << 8 | byte(first); }
  static uint32_t hash(uint32_t inner, char before, char after) {
    return (inner << 16 | byte(before) << 8 | byte(after)) * 0x9E3779B1u >> (32 - kWideBits);
  }
  static void set(std::vector<uint64_t>& bits, uint32_t i) { bits[i >> 6] |= uint64_t{1} << (i & 63); }
  static bool is_set(const std::vector<uint64_t>& bits, uint32_t i) { return bits[i >> 6] >> (i & 63) & 1; }

  std::vector<uint64_t> narrow_ = std::vector<uint64_t>(65536 / 64);  // pairs with a side of one byte
  std::vector<uint64_t> wide_ = std::vector<uint64_t>((size_t{1} << kWideBits) / 64);
};

}  // namespace llmbox
