// Byte strings and their ids as a double-array trie (Aoe 1989): one step per byte, two array reads each. Built once
// from all strings; then immutable and thread-safe.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace llmbox {

class PieceTrie {
 public:
  using Node = uint32_t;
  static constexpr Node kRoot = 0;
  static constexpr Node kNone = 0xFFFFFFFF;

  PieceTrie() = default;
  /// Of equal strings the first one's id counts; empty strings are left out. Requires: ids >= 0.
  explicit PieceTrie(std::vector<std::pair<std::string_view, int32_t>> pieces);

  /// The node behind one more byte, or kNone.
  Node step(Node node, unsigned char byte) const {
    Node child = units_[node].base + byte;
    return units_[child].parent == node ? child : kNone;
  }
  /// The id of the string that ends at the node, or -1.
  int32_t id(Node node) const { return units_[node].id; }

  struct Match {
    size_t length = 0;
    int32_t id = -1;
  };
  /// The longest string at the front of the text; id -1: none.
  Match longest(std::string_view text) const;

 private:
  struct Unit {
    uint32_t base = 0;
    Node parent = kNone;
    int32_t id = -1;
  };
  struct Builder;
  std::vector<Unit> units_ = std::vector<Unit>(257);  // every base leaves 256 units behind it
};

}  // namespace llmbox
