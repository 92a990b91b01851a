// What short words encode to, remembered per thread: a direct-mapped table of 32-byte entries, so a hit costs one cache
// line and nothing is ever allocated after the first word. Owned by one thread for one model.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace llmbox {

class WordCache {
 public:
  static constexpr size_t kLongestWord = 15;
  static constexpr size_t kMostIds = 3;

  struct Entry {
    uint64_t low = 0, high = 0;  // the word's bytes, its length in the last one
    std::array<int32_t, kMostIds> ids{};
    int32_t count = 0;  // 0: empty
  };

  WordCache() : entries_(kEntries) {}

  /// The cache of this thread for the model with this serial number.
  static WordCache& of_thread(uint64_t model_serial);

  /// The entry in which the word is or will be, with its key set; count is 0 where it is to be filled. Requires: a word
  /// of 1 … kLongestWord bytes; `readable` bytes may be read at its beginning.
  Entry& find(std::string_view word, size_t readable) {
    uint64_t key[2] = {0, 0};
    if (readable >= 16) {
      std::memcpy(key, word.data(), 16);
      size_t n = word.size();
      key[0] &= n >= 8 ? ~0ull : ~0ull >> (64 - 8 * n);
      key[1] &= n <= 8 ? 0 : ~0ull >> (128 - 8 * n);
    } else {
      std::memcpy(key, word.data(), word.size());
    }
    key[1] |= static_cast<uint64_t>(word.size()) << 56;
    uint64_t hash = (key[0] ^ (key[1] * 0xD6E8FEB86659FD93ull)) * 0x9E3779B97F4A7C15ull;
    Entry& entry = entries_[(hash ^ hash >> 32) >> 8 & (kEntries - 1)];
    if (entry.low != key[0] || entry.high != key[1]) entry = {key[0], key[1], {}, 0};
    return entry;
  }

 private:
  static constexpr size_t kEntries = 1 << 15;
  std::vector<Entry> entries_;
};

}  // namespace llmbox
