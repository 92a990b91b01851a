#include "tokenizer/model/joins.h"

#include <algorithm>

#include "core/error.h"
#include "core/thread_pool.h"
#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

constexpr int32_t kAbsent = -1;
constexpr int64_t kGrain = 4096;

[[noreturn]] void fail_merge(const MergeList& merges, size_t rank, std::string_view token) {
  fail("tokenizer", "expected token '{}' of merge {} ('{} {}') in the vocabulary, got none; try the original file",
       token.substr(0, 80), rank, merges.left(rank).substr(0, 40), merges.right(rank).substr(0, 40));
}

// One merge by itself: the slow form, and the one that tells what is missing.
Joined resolve(const StringTable& vocabulary, const MergeList& merges, size_t rank, const std::string& prefix) {
  auto id_of = [&](std::string_view token) {
    std::optional<int32_t> id = vocabulary.find(token);
    if (!id) fail_merge(merges, rank, token);
    return *id;
  };
  std::string_view right = merges.right(rank);
  if (right.starts_with(prefix)) right.remove_prefix(prefix.size());
  int32_t joined = id_of(std::string(merges.left(rank)).append(right));
  return {id_of(merges.left(rank)), id_of(merges.right(rank)), {static_cast<uint32_t>(rank), joined}};
}

void append_splits(const ModelDescription& description, const StringTable& hidden, int32_t id,
                   std::vector<Joined>& out) {
  std::string_view token = description.vocabulary.text(id);
  auto symbol = [&](std::string_view text) {
    if (std::optional<int32_t> known = description.vocabulary.find(text)) return *known;
    return hidden.find(text).value_or(kAbsent);
  };
  Merge merge{description.join_ranks[static_cast<size_t>(id)], id};
  for (size_t cut = 0; cut < token.size();) {
    cut += utf8_length(static_cast<unsigned char>(token[cut]));
    if (cut >= token.size()) break;
    int32_t left = symbol(token.substr(0, cut));
    int32_t right = left == kAbsent ? kAbsent : symbol(token.substr(cut));
    if (right != kAbsent) out.push_back({left, right, merge});
  }
}

// make(begin, end, out) for parts of [0, n) on all cores, the results in order.
template <typename Make>
std::vector<Joined> in_parts(int64_t n, Make&& make) {
  std::vector<std::vector<Joined>> parts(static_cast<size_t>((n + kGrain - 1) / kGrain));
  parallel_for(static_cast<int64_t>(parts.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part)
      make(static_cast<size_t>(part * kGrain), static_cast<size_t>(std::min(n, (part + 1) * kGrain)),
           parts[static_cast<size_t>(part)]);
  });
  std::vector<Joined> all;
  size_t count = 0;
  for (const std::vector<Joined>& part : parts) count += part.size();
  all.reserve(count);
  for (const std::vector<Joined>& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// Merges [begin, end), with their texts looked up at once.
void resolve_all(const StringTable& vocabulary, const MergeList& merges, size_t begin, size_t end,
                 std::vector<Joined>& out) {
  std::vector<std::string_view> texts;
  for (size_t rank = begin; rank < end; ++rank)
    texts.insert(texts.end(), {merges.left(rank), merges.right(rank), merges.both(rank)});
  std::vector<int32_t> ids = vocabulary.find_all(texts);
  for (size_t i = 0; i < ids.size(); i += 3) {
    auto rank = static_cast<uint32_t>(begin + i / 3);
    for (size_t k = i; k < i + 3; ++k)
      if (ids[k] == kAbsent) fail_merge(merges, rank, texts[k]);
    out.push_back({ids[i], ids[i + 1], {rank, ids[i + 2]}});
  }
}

}  // namespace

std::vector<Joined> listed_merges(const ModelDescription& description, const std::string& prefix) {
  const MergeList& merges = description.merges;
  return in_parts(static_cast<int64_t>(merges.size()), [&](size_t begin, size_t end, std::vector<Joined>& out) {
    if (prefix.empty()) return resolve_all(description.vocabulary, merges, begin, end, out);
    for (size_t rank = begin; rank < end; ++rank) out.push_back(resolve(description.vocabulary, merges, rank, prefix));
  });
}

MergeTable table_of(const std::vector<Joined>& joined) {
  constexpr size_t kAhead = 16;
  MergeTable table(joined.size());
  for (size_t i = 0; i < joined.size(); ++i) {
    if (i + kAhead < joined.size()) table.prefetch(joined[i + kAhead].left, joined[i + kAhead].right);
    table.add(joined[i].left, joined[i].right, joined[i].merge);
  }
  return table;
}

std::vector<Joined> joins_by_rank(const ModelDescription& description, const StringTable& hidden) {
  auto n = static_cast<int64_t>(description.join_ranks.size());
  std::vector<Joined> joined = in_parts(n, [&](size_t begin, size_t end, std::vector<Joined>& out) {
    for (size_t id = begin; id < end; ++id)
      if (description.join_ranks[id] != MergeList::kNever)
        append_splits(description, hidden, static_cast<int32_t>(id), out);
  });
  auto by_rank = [](const Joined& a, const Joined& b) { return a.merge.rank < b.merge.rank; };
  if (!std::is_sorted(joined.begin(), joined.end(), by_rank)) std::stable_sort(joined.begin(), joined.end(), by_rank);
  return joined;
}

}  // namespace llmbox
