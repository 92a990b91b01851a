#include "infer/prefix_tree.h"

#include <algorithm>

namespace llmbox {

namespace {

int32_t common_length(std::span<const int32_t> a, std::span<const int32_t> b) {
  const size_t n = std::min(a.size(), b.size());
  return static_cast<int32_t>(std::mismatch(a.begin(), a.begin() + n, b.begin()).first - a.begin());
}

}  // namespace

PrefixTree::PrefixTree(PagePool& pool, int32_t page_size) : pool_(pool), page_size_(page_size) {}

PrefixTree::~PrefixTree() = default;

PrefixMatch PrefixTree::match(std::span<const int32_t> ids) {
  PrefixMatch match;
  Node* node = &root_;
  std::vector<int32_t> key;
  for (;;) {
    const auto rest = ids.subspan(match.pages.size() * page_size_);
    key.assign(rest.begin(), rest.begin() + std::min<size_t>(rest.size(), page_size_));
    // In lexicographic order the child that agrees longest with key is the first not below it, or the one before.
    const auto above = node->children.lower_bound(key);
    auto best = node->children.end();
    int32_t length = 0;
    for (auto candidate : {above, above == node->children.begin() ? node->children.end() : std::prev(above)}) {
      if (candidate == node->children.end()) continue;
      const int32_t agreed = common_length(candidate->first, key);
      if (agreed > length) best = candidate, length = agreed;
    }
    if (length == 0) break;
    if (length < page_size_) {
      match.partial_page = best->second->page;
      match.partial_rows = length;
      by_use_.splice(by_use_.end(), by_use_, best->second->use);
      break;
    }
    node = best->second.get();
    match.pages.push_back(node->page);
  }
  touch_path(node);
  return match;
}

void PrefixTree::insert(std::span<const int32_t> ids, std::span<const int32_t> pages) {
  Node* node = &root_;
  for (size_t begin = 0, index = 0; begin < ids.size(); begin += page_size_, ++index) {
    const auto tokens = ids.subspan(begin, std::min<size_t>(page_size_, ids.size() - begin));
    const auto found = node->children.find({tokens.begin(), tokens.end()});
    if (found != node->children.end()) {
      node = found->second.get();
      continue;
    }
    if (absorb_prefixes(*node, tokens)) break;
    node = add_child(*node, tokens, pages[index]);
  }
  touch_path(node);
}

bool PrefixTree::absorb_prefixes(Node& parent, std::span<const int32_t> tokens) {
  const std::vector<int32_t> key(tokens.begin(), tokens.end());
  auto above = parent.children.lower_bound(key);
  if (above != parent.children.end() && common_length(above->first, key) == static_cast<int32_t>(key.size()))
    return true;
  for (size_t length = key.size() - 1; length > 0; --length) {
    const auto prefix = parent.children.find({key.begin(), key.begin() + length});
    if (prefix != parent.children.end()) remove(prefix->second.get());
  }
  return false;
}

PrefixTree::Node* PrefixTree::add_child(Node& parent, std::span<const int32_t> tokens, int32_t page) {
  auto child = std::make_unique<Node>();
  Node* node = child.get();
  node->page = page;
  node->parent = &parent;
  node->use = by_use_.insert(by_use_.end(), node);
  node->self = parent.children.emplace(std::vector<int32_t>(tokens.begin(), tokens.end()), std::move(child)).first;
  pool_.set_cached(page, true);
  return node;
}

void PrefixTree::touch_path(Node* node) {
  for (; node->parent; node = node->parent) by_use_.splice(by_use_.end(), by_use_, node->use);
}

void PrefixTree::remove(Node* leaf) {
  pool_.set_cached(leaf->page, false);
  by_use_.erase(leaf->use);
  leaf->parent->children.erase(leaf->self);
}

bool PrefixTree::evict_one() {
  for (Node* node : by_use_) {
    if (!node->children.empty() || pool_.references(node->page) > 0) continue;
    remove(node);
    return true;
  }
  return false;
}

void PrefixTree::clear() {
  for (Node* node : by_use_) pool_.set_cached(node->page, false);
  by_use_.clear();
  root_.children.clear();
}

}  // namespace llmbox
