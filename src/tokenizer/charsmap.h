// SentencePiece's precompiled_charsmap: a double-array trie (darts-clone) from byte strings to what they become.
// Immutable and thread-safe. A blob whose sizes or references do not fit throws Error; look-ups never leave the blob.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace llmbox {

class Charsmap {
 public:
  /// An empty blob maps nothing.
  explicit Charsmap(std::string_view blob);
  Charsmap(const Charsmap&) = delete;  // values_ points into blob_

  struct Match {
    size_t length;           // bytes of the text
    std::string_view value;  // what they become; valid as long as the map
  };
  std::optional<Match> longest(std::string_view text) const;
  std::optional<Match> shortest(std::string_view text) const;
  bool empty() const { return units_.empty(); }

  /// Whether the first byte of the text, ASCII and followed by ASCII or nothing, surely begins no match.
  bool is_plain_ascii(std::string_view text) const {
    auto first = static_cast<unsigned char>(text[0]);
    return first < 0x80 && plain_[first] && (text.size() == 1 || static_cast<unsigned char>(text[1]) < 0x80);
  }
  /// The blob as it was read, for writing it again.
  const std::string& blob() const { return blob_; }

 private:
  template <typename Visit>
  void prefixes(std::string_view text, Visit&& visit) const;
  std::string_view value_at(uint32_t offset) const;
  bool begins_no_ascii_match(unsigned char first) const;

  std::string blob_;
  std::vector<uint32_t> units_;
  std::string_view values_;  // of blob_, each ended by a zero byte
  bool plain_[128] = {};
};

}  // namespace llmbox
