#include "tokenizer/model/merge_history.h"

#include <algorithm>
#include <limits>

namespace llmbox {

MergeHistory::MergeHistory(std::span<const Joined> joined, const MergeTable& table, const std::vector<bool>& symbols)
    : origins_(symbols.size()), table_(table) {
  for (size_t id = 0; id < symbols.size(); ++id)
    if (symbols[id]) origins_[id].rank = kSymbol;
  std::vector<const Joined*> early;  // a side of theirs comes later than they, or never
  std::vector<int32_t> tied;
  for (size_t i = 0; i < joined.size(); ++i) {
    const auto& [left, right, merge] = joined[i];
    bool tie = i > 0 && merge.rank == joined[i - 1].merge.rank && merge.id != joined[i - 1].merge.id;
    if (tie) tied.insert(tied.end(), {joined[i - 1].merge.id, merge.id});
    if (!is_reached(left) || !is_reached(right)) {
      early.push_back(&joined[i]);
    } else if (may_meet(left, right, merge.rank)) {
      Origin& made = origins_[static_cast<size_t>(merge.id)];
      if (made.rank == kNever) {
        made = {left, right, merge.rank};
      } else {
        odd_.push_back(merge.id);
      }
    }
  }
  for (const Joined* pair : early)
    if (is_reached(pair->left) && is_reached(pair->right) && may_meet(pair->left, pair->right, pair->merge.rank))
      odd_.push_back(pair->merge.id);
  std::vector<int32_t> parts;
  for (int32_t id : tied) {
    parts.clear();
    append_symbols(id, parts);
    if (origin(id).rank >= 0 && last_merge(parts) != origin(id)) odd_.push_back(id);
  }
  std::sort(odd_.begin(), odd_.end());
  odd_.erase(std::unique(odd_.begin(), odd_.end()), odd_.end());
}

bool MergeHistory::are_compatible(int32_t left, int32_t right) const {
  return may_meet(left, right, std::numeric_limits<int64_t>::max());
}

// Undoes the merges of both sides from the last one back: a pair across the border that would have merged before the
// merge at hand was undone is one that merging would have taken. `limit`: the rank from which pairs do not count yet.
bool MergeHistory::may_meet(int32_t left, int32_t right, int64_t limit) const {
  while (true) {
    Merge across = table_.find(left, right);
    if (across.rank != Merge::kNone && across.rank < limit) return false;
    const Origin& l = origin(left);
    const Origin& r = origin(right);
    if (l.rank < 0 && r.rank < 0) return true;
    if (l.rank > r.rank) {
      limit = l.rank;
      left = l.right;
    } else {
      limit = r.rank + 1;  // of equal merges the leftmost, which is the one across, comes first
      right = r.left;
    }
  }
}

void MergeHistory::append_symbols(int32_t id, std::vector<int32_t>& symbols) const {
  std::vector<int32_t> todo = {id};
  while (!todo.empty()) {
    int32_t next = todo.back();
    todo.pop_back();
    if (origin(next).rank < 0) {
      symbols.push_back(next);
    } else {
      todo.insert(todo.end(), {origin(next).right, origin(next).left});
    }
  }
}

MergeHistory::Origin MergeHistory::last_merge(std::vector<int32_t> symbols) const {
  Origin last;
  while (symbols.size() > 1) {
    Merge best;
    size_t where = 0;
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      Merge due = table_.find(symbols[i], symbols[i + 1]);
      if (due.rank >= best.rank) continue;
      best = due;
      where = i;
    }
    if (best.rank == Merge::kNone) return {};
    last = {symbols[where], symbols[where + 1], best.rank};
    symbols[where] = best.id;
    symbols.erase(symbols.begin() + static_cast<ptrdiff_t>(where) + 1);
  }
  return last;
}

}  // namespace llmbox
