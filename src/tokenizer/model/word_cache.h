// What short words encode to, and which pairs of tokens are compatible, remembered per thread: direct-mapped tables, so
// a hit costs one cache line and nothing is ever allocated after the first word. Owned by one thread for one model.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "tokenizer/span.h"

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

  WordCache() : entries_(kEntries), pairs_(kPairs) {}

  /// The cache of this thread for the model with this serial number.
  static WordCache& of_thread(uint64_t model_serial);

  /// Appends the ids of text[span], which encode(word, ids) gives where they are not remembered.
  template <typename Encode>
  void append(std::string_view text, Span span, std::vector<int32_t>& ids, Encode&& encode) {
    std::string_view word = span.in(text);
    if (word.size() > kLongestWord) return encode(word, ids);
    Entry& entry = find(word, text.size() - span.begin);
    if (entry.count > 0) {
      append_entry(entry, ids);
      return;
    }
    size_t before = ids.size();
    encode(word, ids);
    size_t count = ids.size() - before;
    if (count > kMostIds) return;
    std::copy(ids.end() - static_cast<ptrdiff_t>(count), ids.end(), entry.ids.begin());
    entry.count = static_cast<int32_t>(count);
  }

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

  /// test(left, right), or what it gave before.
  template <typename Test>
  bool remembered(int32_t left, int32_t right, Test&& test) {
    uint64_t key = (static_cast<uint64_t>(left) << 24 | static_cast<uint64_t>(right)) + 1;  // ids are below 2^24
    uint64_t& entry = pairs_[key * 0x9E3779B97F4A7C15ull >> (64 - kPairBits)];
    if (entry >> 1 != key) entry = key << 1 | static_cast<uint64_t>(test(left, right));
    return entry & 1;
  }

 private:
  static void append_entry(const Entry& entry, std::vector<int32_t>& ids) {
    for (int32_t i = 0; i < entry.count; ++i) ids.push_back(entry.ids[static_cast<size_t>(i)]);
  }

  static constexpr size_t kEntries = 1 << 15;
  static constexpr int kPairBits = 16;
  static constexpr size_t kPairs = 1 << kPairBits;
  std::vector<Entry> entries_;
  std::vector<uint64_t> pairs_;
};

}  // namespace llmbox
