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

Joined resolve(const StringTable& vocabulary, const MergeList& merges, size_t rank, const std::string& prefix) {
  auto id_of = [&](std::string_view token) {
    std::optional<int32_t> id = vocabulary.find(token);
    if (!id) fail_merge(merges, rank, token);
    return *id;
  };
  Joined joined{id_of(merges.left(rank)), id_of(merges.right(rank)), {static_cast<uint32_t>(rank), kAbsent}};
  if (prefix.empty()) {
    joined.merge.id = id_of(merges.both(rank));
  } else {
    std::string_view right = merges.right(rank);
    if (right.starts_with(prefix)) right.remove_prefix(prefix.size());
    joined.merge.id = id_of(std::string(merges.left(rank)).append(right));
  }
  return joined;
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

// make(i, out) for each i of [0, n) on all cores, the results in order.
template <typename Make>
std::vector<Joined> in_parts(int64_t n, Make&& make) {
  std::vector<std::vector<Joined>> parts(static_cast<size_t>((n + kGrain - 1) / kGrain));
  parallel_for(static_cast<int64_t>(parts.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part)
      for (int64_t i = part * kGrain; i < std::min(n, (part + 1) * kGrain); ++i)
        make(static_cast<size_t>(i), parts[static_cast<size_t>(part)]);
  });
  std::vector<Joined> all;
  size_t count = 0;
  for (const std::vector<Joined>& part : parts) count += part.size();
  all.reserve(count);
  for (const std::vector<Joined>& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace

std::vector<Joined> listed_merges(const ModelDescription& description, const std::string& prefix) {
  const MergeList& merges = description.merges;
  return in_parts(static_cast<int64_t>(merges.size()), [&](size_t rank, std::vector<Joined>& out) {
    out.push_back(resolve(description.vocabulary, merges, rank, prefix));
  });
}

std::vector<Joined> joins_by_rank(const ModelDescription& description, const StringTable& hidden) {
  auto n = static_cast<int64_t>(description.join_ranks.size());
  std::vector<Joined> joined = in_parts(n, [&](size_t id, std::vector<Joined>& out) {
    if (description.join_ranks[id] != MergeList::kNever)
      append_splits(description, hidden, static_cast<int32_t>(id), out);
  });
  auto by_rank = [](const Joined& a, const Joined& b) { return a.merge.rank < b.merge.rank; };
  if (!std::is_sorted(joined.begin(), joined.end(), by_rank)) std::stable_sort(joined.begin(), joined.end(), by_rank);
  return joined;
}

}  // namespace llmbox
