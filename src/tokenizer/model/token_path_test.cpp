// Paths over long words against plain merging, on random merges: in order and out of order, with ties and with several
// ways to one token.
#include "tokenizer/model/token_path.h"

#include <gtest/gtest.h>

#include <map>

#include "core/rng.h"
#include "tokenizer/model/joins.h"
#include "tokenizer/model/merge_word.h"

namespace llmbox {
namespace {

struct Vocabulary {
  std::vector<std::string> texts;
  std::vector<Joined> joined;
};

// Letters, and pairs of earlier tokens; equal texts share their id.
Vocabulary random_vocabulary(Rng& rng, int letters, int count, bool ties) {
  Vocabulary made;
  std::map<std::string, int32_t> ids;
  for (int i = 0; i < letters; ++i) {
    made.texts.push_back(std::string(1, static_cast<char>('a' + i)));
    ids[made.texts.back()] = i;
  }
  std::map<std::pair<int32_t, int32_t>, bool> seen;
  for (uint32_t i = 0; i < static_cast<uint32_t>(count); ++i) {
    auto token = [&] { return static_cast<int32_t>(rng.below(made.texts.size())); };
    int32_t left = token(), right = token();
    std::string text = made.texts[static_cast<size_t>(left)] + made.texts[static_cast<size_t>(right)];
    if (text.size() > 12 || seen[{left, right}]) continue;
    seen[{left, right}] = true;
    auto [entry, is_new] = ids.emplace(text, static_cast<int32_t>(made.texts.size()));
    if (is_new) made.texts.push_back(text);
    made.joined.push_back({left, right, {ties ? i / 3 : i, entry->second}});
  }
  return made;
}

TokenPath path_of(const Vocabulary& vocabulary, const MergeHistory& history) {
  std::vector<std::pair<std::string_view, int32_t>> tokens;
  for (size_t id = 0; id < vocabulary.texts.size(); ++id) {
    auto i = static_cast<int32_t>(id);
    bool odd = std::binary_search(history.odd().begin(), history.odd().end(), i);
    if (history.is_reached(i) || odd) tokens.emplace_back(vocabulary.texts[id], i);
  }
  BorderFilter borders;
  auto text = [&](int32_t id) { return std::string_view(vocabulary.texts[static_cast<size_t>(id)]); };
  for (const Joined& pair : vocabulary.joined) borders.add(text(pair.left), text(pair.right));
  return TokenPath(history, tokens, std::move(borders));
}

// Returns how many words the path told without merging.
int expect_same(Rng& rng, const Vocabulary& vocabulary, int letters) {
  std::vector<bool> symbols(vocabulary.texts.size());
  for (int i = 0; i < letters; ++i) symbols[static_cast<size_t>(i)] = true;
  MergeTable table = table_of(vocabulary.joined);
  MergeHistory history(vocabulary.joined, table, symbols);
  TokenPath path = path_of(vocabulary, history);
  WordCache cache;
  int told = 0;
  for (int round = 0; round < 30; ++round) {
    std::string word;
    std::vector<int32_t> merged, ids;
    for (uint64_t n = 1 + rng.below(60); n > 0; --n) {
      merged.push_back(static_cast<int32_t>(rng.below(static_cast<uint64_t>(letters))));
      word += static_cast<char>('a' + merged.back());
    }
    merge_word(table, merged);
    if (!path.encode(word, cache, ids)) continue;
    ++told;
    EXPECT_EQ(ids, merged) << word;
  }
  return told;
}

TEST(TokenPath, GivesWhatMergingGives) {
  Rng rng(11);
  int told = 0;
  for (int round = 0; round < 400; ++round) {
    const int letters = round % 3 == 0 ? 9 : 3;  // with many letters few borders are joined
    Vocabulary vocabulary = random_vocabulary(rng, letters, 5 + static_cast<int>(rng.below(40)), round % 2);
    // Out of order: a merge before the ones that make its sides.
    if (round % 4 >= 2)
      for (size_t i = 0; i + 1 < vocabulary.joined.size(); i += 1 + rng.below(8)) {
        std::swap(vocabulary.joined[i], vocabulary.joined[i + 1]);
        std::swap(vocabulary.joined[i].merge.rank, vocabulary.joined[i + 1].merge.rank);
      }
    told += expect_same(rng, vocabulary, letters);
    if (HasFailure()) break;
  }
  EXPECT_GT(told, 400 * 30 / 4) << "most words need no merging";
}

}  // namespace
}  // namespace llmbox
