// Which token prefixes lie in the key/value cache: a radix tree whose nodes are pages. A node holds the tokens of one
// page (its whole page, or fewer: then it is a leaf) below the node of the tokens before it. Full pages are shared in
// place; of a page that agrees only in its first rows the caller copies those rows. Nodes no running sequence
// references are evicted leaf by leaf, least recently used first. Not thread-safe.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "infer/page_pool.h"

namespace llmbox {

struct PrefixMatch {
  std::vector<int32_t> pages;  // whole pages that hold the first tokens
  int32_t partial_page = -1;   // a page whose first rows hold the next tokens
  int32_t partial_rows = 0;
};

class PrefixTree {
 public:
  PrefixTree(PagePool& pool, int32_t page_size);
  ~PrefixTree();

  /// The longest known prefix of ids, exact to the token. Marks it as just used.
  PrefixMatch match(std::span<const int32_t> ids);
  /// Takes over ids, lying in pages, whole pages and the first rows of the last one. Pages whose tokens the tree
  /// holds already stay the caller's.
  void insert(std::span<const int32_t> ids, std::span<const int32_t> pages);
  /// Gives back the least recently used page that nobody references; false where there is none.
  bool evict_one();
  void clear();
  int64_t n_pages() const { return static_cast<int64_t>(by_use_.size()); }

 private:
  struct Node;
  using Children = std::map<std::vector<int32_t>, std::unique_ptr<Node>>;
  struct Node {
    int32_t page = -1;
    Node* parent = nullptr;
    Children::iterator self;         // in parent->children
    std::list<Node*>::iterator use;  // in by_use_
    Children children;
  };

  void touch_path(Node* node);
  void remove(Node* leaf);
  Node* add_child(Node& parent, std::span<const int32_t> tokens, int32_t page);
  /// Drops leaves below parent whose tokens are the first ones of `tokens`; true where a child starts with `tokens`.
  bool absorb_prefixes(Node& parent, std::span<const int32_t> tokens);

  PagePool& pool_;
  int32_t page_size_;
  Node root_;
  std::list<Node*> by_use_;  // oldest first; a parent is never older than its children
};

}  // namespace llmbox
