#include "tokenizer/model/token_path.h"

#include <algorithm>

#include "core/error.h"

namespace llmbox {

TokenPath::TokenPath(const MergeHistory& history, std::vector<std::pair<std::string_view, int32_t>> tokens,
                     BorderFilter borders)
    : history_(history), borders_(std::move(borders)), trie_(tokens) {
  for (const auto& [text, id] : tokens) {
    if (static_cast<size_t>(id) >= tokens_.size()) tokens_.resize(static_cast<size_t>(id) + 1);
    Token& token = tokens_[static_cast<size_t>(id)];
    token.length = static_cast<uint32_t>(text.size());
    if (!text.empty()) token.prefix = trie_.longest(text.substr(0, text.size() - 1)).id;
  }
  std::erase_if(tokens, [&](const auto& token) {
    return !std::binary_search(history.odd().begin(), history.odd().end(), token.second);
  });
  odd_ = PieceTrie(std::move(tokens));
}

bool TokenPath::holds_odd(std::string_view word) const {
  if (history_.odd().empty()) return false;
  for (size_t i = 0; i < word.size(); ++i)
    if (odd_.longest(word.substr(i)).id >= 0) return true;
  return false;
}

bool TokenPath::encode(std::string_view word, WordCache& cache, std::vector<int32_t>& ids) const {
  auto compatible = [this](int32_t left, int32_t right) { return history_.are_compatible(left, right); };
  if (holds_odd(word)) return false;
  thread_local std::vector<bool> closed;  // places from which no way leads to the end
  closed.assign(word.size() + 1, false);
  size_t first = ids.size(), at = 0;
  int32_t next = trie_.longest(word).id;
  while (at < word.size()) {
    bool taken = false;
    // Most borders are of texts that no merge joins: any two tokens may stand there.
    bool free = ids.size() == first || !borders_.may_join(word, at);
    for (; next >= 0; next = tokens_[static_cast<size_t>(next)].prefix) {
      size_t end = at + tokens_[static_cast<size_t>(next)].length;
      if (closed[end] || !(free || cache.remembered(ids.back(), next, compatible))) continue;
      ids.push_back(next);
      at = end;
      taken = true;
      break;
    }
    if (taken) {
      next = trie_.longest(word.substr(at)).id;
      continue;
    }
    CHECK(ids.size() > first, "no way through a word of {} bytes", word.size());
    closed[at] = true;
    next = ids.back();
    ids.pop_back();
    at -= tokens_[static_cast<size_t>(next)].length;
  }
  return true;
}

}  // namespace llmbox
