// The merges of a BPE vocabulary as their file lists them: pairs of token texts in one arena, by rank.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace llmbox {

class MergeList {
 public:
  static constexpr uint32_t kNever = 0xFFFFFFFF;

  void reserve(size_t count, size_t bytes) {
    pairs_.reserve(count);
    arena_.reserve(bytes);
  }
  void add(std::string_view left, std::string_view right) {
    pairs_.push_back({arena_.size(), static_cast<uint32_t>(left.size()), static_cast<uint32_t>(right.size())});
    arena_.append(left).append(right);
  }
  size_t size() const { return pairs_.size(); }
  bool empty() const { return pairs_.empty(); }
  std::string_view left(size_t rank) const { return at(pairs_[rank].begin, pairs_[rank].left); }
  std::string_view right(size_t rank) const { return at(pairs_[rank].begin + pairs_[rank].left, pairs_[rank].right); }
  std::string_view both(size_t rank) const { return at(pairs_[rank].begin, pairs_[rank].left + pairs_[rank].right); }

 private:
  struct Pair {
    size_t begin;
    uint32_t left, right;
  };
  std::string_view at(size_t begin, size_t size) const { return std::string_view(arena_).substr(begin, size); }

  std::string arena_;
  std::vector<Pair> pairs_;
};

}  // namespace llmbox
