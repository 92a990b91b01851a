#include "tokenizer/model/piece_trie.h"

#include <algorithm>

namespace llmbox {

using Pieces = std::vector<std::pair<std::string_view, int32_t>>;

// Places the children of one node after another, depth first over the sorted strings.
struct PieceTrie::Builder {
  struct Range {
    Node node;
    uint32_t begin, end, depth;
  };
  struct Child {
    unsigned char byte;
    uint32_t begin, end;
  };
  static constexpr int kMostTries = 512;

  const Pieces& pieces;
  std::vector<Unit>& units;
  std::vector<bool> used = std::vector<bool>(257);
  size_t search_from = 1;
  std::vector<Child> children{};

  void build() {
    used[kRoot] = true;
    std::vector<Range> todo = {{kRoot, 0, static_cast<uint32_t>(pieces.size()), 0}};
    while (!todo.empty()) {
      Range range = todo.back();
      todo.pop_back();
      collect(range);
      if (children.empty()) continue;
      uint32_t base = place();
      units[range.node].base = base;
      for (const Child& child : children) {
        Node node = base + child.byte;
        used[node] = true;
        units[node].parent = range.node;
        if (pieces[child.begin].first.size() == range.depth + 1) units[node].id = pieces[child.begin].second;
      }
      for (const Child& child : children) todo.push_back({base + child.byte, child.begin, child.end, range.depth + 1});
    }
  }

  void collect(const Range& range) {
    children.clear();
    for (uint32_t i = range.begin; i < range.end; ++i) {
      std::string_view piece = pieces[i].first;
      if (piece.size() == range.depth) continue;
      auto byte = static_cast<unsigned char>(piece[range.depth]);
      if (children.empty() || children.back().byte != byte) children.push_back({byte, i, i});
      children.back().end = i + 1;
    }
  }

  // A base at which every child falls on a free unit.
  uint32_t place() {
    int tries = 0;
    while (search_from < used.size() && used[search_from]) ++search_from;
    for (size_t at = std::max<size_t>(search_from, children[0].byte + 1u);; ++at) {
      size_t base = at - children[0].byte;
      grow(base + 256);
      if (std::none_of(children.begin(), children.end(), [&](const Child& c) { return used[base + c.byte]; })) {
        if (tries > kMostTries) search_from = std::max(search_from, at - kMostTries / 2);
        return static_cast<uint32_t>(base);
      }
      ++tries;
    }
  }

  void grow(size_t last) {
    if (last < units.size()) return;
    size_t size = std::max(last + 1, units.size() + units.size() / 2);
    units.resize(size);
    used.resize(size);
  }
};

PieceTrie::PieceTrie(Pieces pieces) {
  std::erase_if(pieces, [](const auto& piece) { return piece.first.empty(); });
  std::stable_sort(pieces.begin(), pieces.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
  pieces.erase(std::unique(pieces.begin(), pieces.end(), same), pieces.end());
  Builder{.pieces = pieces, .units = units_}.build();
}

PieceTrie::Match PieceTrie::longest(std::string_view text) const {
  Match match;
  Node node = kRoot;
  for (size_t i = 0; i < text.size(); ++i) {
    node = step(node, static_cast<unsigned char>(text[i]));
    if (node == kNone) break;
    if (id(node) >= 0) match = {i + 1, id(node)};
  }
  return match;
}

}  // namespace llmbox
