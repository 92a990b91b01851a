#include "tokenizer/charsmap.h"

#include <cstring>

#include "core/error.h"

namespace llmbox {

namespace {

// The fields of a darts-clone unit.
bool has_leaf(uint32_t unit) { return unit >> 8 & 1; }
uint32_t value_of(uint32_t unit) { return unit & 0x7FFFFFFF; }
uint32_t label_of(uint32_t unit) { return unit & 0x800000FF; }
uint32_t offset_of(uint32_t unit) { return unit >> 10 << ((unit & 1u << 9) >> 6); }

}  // namespace

Charsmap::Charsmap(std::string_view blob) : blob_(blob) {
  for (bool& plain : plain_) plain = true;
  if (blob.empty()) return;
  uint32_t trie_bytes = 0;
  if (blob_.size() >= 4) std::memcpy(&trie_bytes, blob_.data(), 4);
  if (blob_.size() < 4 || trie_bytes > blob_.size() - 4 || trie_bytes % 4 != 0 || trie_bytes == 0)
    fail("tokenizer", "expected a precompiled_charsmap with its trie, got {} bytes that name a trie of {}; try {}",
         blob_.size(), trie_bytes, "the original file");
  units_.resize(trie_bytes / 4);
  std::memcpy(units_.data(), blob_.data() + 4, trie_bytes);
  values_ = std::string_view(blob_).substr(4 + trie_bytes);
  for (unsigned char first = 0; first < 128; ++first) plain_[first] = begins_no_ascii_match(first);
}

// No match of the byte alone, and no way on by another ASCII byte.
bool Charsmap::begins_no_ascii_match(unsigned char first) const {
  uint32_t node = offset_of(units_[0]) ^ first;
  if (node >= units_.size() || label_of(units_[node]) != first) return true;
  if (has_leaf(units_[node])) return false;
  uint32_t base = node ^ offset_of(units_[node]);
  for (unsigned char second = 1; second < 128; ++second)
    if ((base ^ second) < units_.size() && label_of(units_[base ^ second]) == second) return false;
  return true;
}

// visit(length, value offset) goes from short to long, until it says false.
template <typename Visit>
void Charsmap::prefixes(std::string_view text, Visit&& visit) const {
  if (units_.empty()) return;
  uint32_t node = offset_of(units_[0]);
  for (size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    node ^= byte;
    if (node >= units_.size() || label_of(units_[node]) != byte) return;
    uint32_t unit = units_[node];
    node ^= offset_of(unit);
    if (has_leaf(unit) && node < units_.size() && !visit(i + 1, value_of(units_[node]))) return;
  }
}

std::string_view Charsmap::value_at(uint32_t offset) const {
  if (offset >= values_.size()) return {};
  std::string_view rest = values_.substr(offset);
  return rest.substr(0, rest.find('\0'));
}

std::optional<Charsmap::Match> Charsmap::longest(std::string_view text) const {
  std::optional<Match> found;
  prefixes(text, [&](size_t length, uint32_t offset) {
    found = Match{length, value_at(offset)};
    return true;
  });
  return found;
}

std::optional<Charsmap::Match> Charsmap::shortest(std::string_view text) const {
  std::optional<Match> found;
  prefixes(text, [&](size_t length, uint32_t offset) {
    found = Match{length, value_at(offset)};
    return false;
  });
  return found;
}

}  // namespace llmbox
