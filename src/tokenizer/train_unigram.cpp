#include "tokenizer/train_unigram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_map>

#include "core/thread_pool.h"
#include "tokenizer/model/piece_trie.h"
#include "tokenizer/repeated_substrings.h"
#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

// The constants of sentencepiece's trainer.
constexpr double kSpareShare = 1.1;        // pieces that pruning leaves, of those wanted
constexpr double kShrinkingFactor = 0.75;  // pieces that one round of pruning leaves
constexpr int kSubIterations = 2;
constexpr double kLeastExpected = 0.5;  // a piece expected less often goes

constexpr int64_t kShards = 16;  // the words' parts: a fixed number, so that sums do not depend on threads
constexpr double kNever = -std::numeric_limits<double>::infinity();

double log_add(double a, double b) {
  if (a < b) std::swap(a, b);
  return b == kNever ? a : a + std::log1p(std::exp(b - a));
}

// Abramowitz and Stegun 1964, 6.3.5 and 6.3.18.
double digamma(double x) {
  double result = 0;
  for (; x < 7; ++x) result -= 1 / x;
  x -= 0.5;
  double xx = 1 / x, xx2 = xx * xx, xx4 = xx2 * xx2;
  return result + std::log(x) + xx2 / 24 - 7.0 / 960 * xx4 + 31.0 / 8064 * xx4 * xx2 - 127.0 / 30720 * xx4 * xx4;
}

// The pieces of one round. The first `characters` of them always stay.
struct Pieces {
  std::vector<std::string> texts;
  std::vector<double> scores;
  size_t characters = 0;
  PieceTrie trie{};

  void index() {
    std::vector<std::pair<std::string_view, int32_t>> entries;
    for (size_t id = 0; id < texts.size(); ++id) entries.emplace_back(texts[id], static_cast<int32_t>(id));
    trie = PieceTrie(std::move(entries));
  }

  Pieces only(const std::vector<size_t>& ids) const {
    Pieces left{.characters = characters};
    for (size_t id : ids) {
      left.texts.push_back(texts[id]);
      left.scores.push_back(scores[id]);
    }
    left.index();
    return left;
  }
};

// All pieces within one word, in the order of their begins.
struct Edge {
  uint32_t begin, end;
  int32_t id;
};

void find_edges(const Pieces& pieces, std::string_view word, std::vector<Edge>& edges) {
  edges.clear();
  for (uint32_t begin = 0; begin < word.size(); begin += utf8_length(static_cast<unsigned char>(word[begin]))) {
    PieceTrie::Node node = PieceTrie::kRoot;
    for (uint32_t end = begin; end < word.size();) {
      node = pieces.trie.step(node, static_cast<unsigned char>(word[end++]));
      if (node == PieceTrie::kNone) break;
      if (pieces.trie.id(node) >= 0) edges.push_back({begin, end, pieces.trie.id(node)});
    }
  }
}

// Sums over all cuts of a word, and its best cut.
class Lattice {
 public:
  explicit Lattice(const Pieces& pieces) : pieces_(pieces) {}

  /// Adds how often each piece is expected in `count` such words; returns the word's log-probability.
  double expect(std::string_view word, double count, std::vector<double>& expected) {
    find_edges(pieces_, word, edges_);
    forward_.assign(word.size() + 1, kNever);
    backward_.assign(word.size() + 1, kNever);
    forward_[0] = backward_[word.size()] = 0;
    for (const Edge& edge : edges_)
      forward_[edge.end] = log_add(forward_[edge.end], forward_[edge.begin] + score(edge));
    for (size_t i = edges_.size(); i-- > 0;) {
      const Edge& edge = edges_[i];
      backward_[edge.begin] = log_add(backward_[edge.begin], backward_[edge.end] + score(edge));
    }
    double total = forward_[word.size()];
    for (const Edge& edge : edges_)
      expected[static_cast<size_t>(edge.id)] +=
          count * std::exp(forward_[edge.begin] + score(edge) + backward_[edge.end] - total);
    return total;
  }

  /// The ids of the best cut without the piece `barred` (-1: none), empty where there is none.
  const std::vector<int32_t>& best_cut(std::string_view word, int32_t barred) {
    find_edges(pieces_, word, edges_);
    forward_.assign(word.size() + 1, kNever);
    last_.assign(word.size() + 1, nullptr);
    forward_[0] = 0;
    for (const Edge& edge : edges_) {
      double sum = forward_[edge.begin] + score(edge);
      if (edge.id == barred || sum <= forward_[edge.end]) continue;
      forward_[edge.end] = sum;
      last_[edge.end] = &edge;
    }
    cut_.clear();
    for (size_t end = word.size(); end > 0 && last_[end]; end = last_[end]->begin) cut_.push_back(last_[end]->id);
    return cut_;
  }
  /// The sum of the last best_cut.
  double best_score() const { return forward_.back(); }

 private:
  double score(const Edge& edge) const { return pieces_.scores[static_cast<size_t>(edge.id)]; }

  const Pieces& pieces_;
  std::vector<Edge> edges_;
  std::vector<double> forward_, backward_;
  std::vector<const Edge*> last_;
  std::vector<int32_t> cut_;
};

// Sums of visit(lattice, word, sums) over all words, one vector of `size` sums.
template <typename Visit>
std::vector<double> sum_over_words(const Pieces& pieces, const std::vector<CountedText>& words, Visit&& visit) {
  std::vector<std::vector<double>> shards(kShards, std::vector<double>(pieces.texts.size()));
  auto count = static_cast<int64_t>(words.size());
  parallel_for(kShards, 1, [&](int64_t begin, int64_t end) {
    Lattice lattice(pieces);
    for (int64_t shard = begin; shard < end; ++shard)
      for (int64_t i = count * shard / kShards; i < count * (shard + 1) / kShards; ++i)
        visit(lattice, words[static_cast<size_t>(i)], shards[static_cast<size_t>(shard)]);
  });
  for (size_t shard = 1; shard < shards.size(); ++shard)
    for (size_t id = 0; id < shards[0].size(); ++id) shards[0][id] += shards[shard][id];
  return std::move(shards[0]);
}

Pieces seeds_of(const std::vector<CountedText>& words, const std::vector<std::string>& characters,
                const UnigramTrainingOptions& options) {
  Pieces pieces{.characters = characters.size()};
  std::unordered_map<std::string_view, double> counts;
  for (const CountedText& word : words)
    for (size_t i = 0, length = 0; i < word.text.size(); i += length) {
      length = utf8_length(static_cast<unsigned char>(word.text[i]));
      counts[word.text.substr(i, length)] += static_cast<double>(word.count);
    }
  for (const std::string& character : characters) {
    pieces.texts.push_back(character);
    pieces.scores.push_back(std::max(1.0, counts[character]));
  }
  // What repeats is counted over different words, as the reference does: a word that is part of no other is no seed.
  std::vector<CountedText> once(words);
  for (CountedText& word : once) word.count = 1;
  std::vector<Substring> seeds = repeated_substrings(once, options.longest_piece);
  auto weight = [](const Substring& seed) {
    return static_cast<double>(seed.count) * static_cast<double>(utf8_characters(seed.text));
  };
  std::stable_sort(seeds.begin(), seeds.end(), [&](const auto& a, const auto& b) { return weight(a) > weight(b); });
  seeds.resize(std::min(seeds.size(), options.seeds));
  for (const Substring& seed : seeds) {
    pieces.texts.emplace_back(seed.text);
    pieces.scores.push_back(weight(seed));
  }
  double total = std::log(std::accumulate(pieces.scores.begin(), pieces.scores.end(), 0.0));
  for (double& score : pieces.scores) score = std::log(score) - total;
  pieces.index();
  return pieces;
}

// One step of expectation maximisation, with the digamma function for sparseness (Liang et al. 2007).
Pieces reweighed(const Pieces& pieces, const std::vector<CountedText>& words) {
  std::vector<double> expected =
      sum_over_words(pieces, words, [](Lattice& lattice, const CountedText& word, auto& sums) {
        lattice.expect(word.text, static_cast<double>(word.count), sums);
      });
  std::vector<size_t> kept;
  double sum = 0;
  for (size_t id = 0; id < expected.size(); ++id) {
    if (id < pieces.characters) expected[id] = std::max(expected[id], kLeastExpected);
    if (expected[id] < kLeastExpected) continue;
    kept.push_back(id);
    sum += expected[id];
  }
  Pieces left = pieces.only(kept);
  for (size_t i = 0; i < kept.size(); ++i) left.scores[i] = digamma(expected[kept[i]]) - digamma(sum);
  return left;
}

// What the text loses in log-likelihood, in shares of the words, where the piece is spelled by its next best cut;
// infinite where there is no other, and nothing where the piece is not its own best cut.
std::vector<double> losses_of(const Pieces& pieces, const std::vector<CountedText>& words) {
  std::vector<double> uses = sum_over_words(pieces, words, [](Lattice& lattice, const CountedText& word, auto& sums) {
    for (int32_t id : lattice.best_cut(word.text, -1)) sums[static_cast<size_t>(id)] += static_cast<double>(word.count);
  });
  double all_words = 0, all_uses = std::accumulate(uses.begin(), uses.end(), 0.0);
  for (const CountedText& word : words) all_words += static_cast<double>(word.count);
  std::vector<double> losses(uses.size(), 0);
  parallel_for(static_cast<int64_t>(uses.size()), 1024, [&](int64_t begin, int64_t end) {
    Lattice lattice(pieces);
    for (auto id = static_cast<size_t>(begin); id < static_cast<size_t>(end); ++id) {
      if (uses[id] == 0) continue;
      const std::vector<int32_t>& other = lattice.best_cut(pieces.texts[id], static_cast<int32_t>(id));
      if (other.empty()) losses[id] = -kNever;
      if (other.empty() || lattice.best_score() > pieces.scores[id]) continue;
      double without = all_uses + uses[id] * static_cast<double>(other.size() - 1);
      double loss = std::log(uses[id]) - std::log(all_uses);
      for (int32_t part : other) loss -= std::log(uses[static_cast<size_t>(part)] + uses[id]) - std::log(without);
      losses[id] = std::max(loss, std::numeric_limits<double>::min()) * uses[id] / all_words;
    }
  });
  return losses;
}

Pieces pruned(const Pieces& pieces, const std::vector<CountedText>& words, size_t wanted) {
  std::vector<double> losses = losses_of(pieces, words);
  for (size_t id = 0; id < pieces.characters; ++id) losses[id] = -kNever;
  std::vector<size_t> order(losses.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return losses[a] > losses[b]; });
  auto share = static_cast<size_t>(kShrinkingFactor * static_cast<double>(order.size()));
  order.resize(std::min(order.size(), std::max({wanted, share, pieces.characters})));
  while (order.size() > pieces.characters && losses[order.back()] == 0) order.pop_back();
  std::sort(order.begin(), order.end());
  return pieces.only(order);
}

std::vector<ScoredPiece> best_pieces(const Pieces& pieces, size_t count) {
  std::vector<size_t> order(pieces.texts.size());
  std::iota(order.begin(), order.end(), 0u);
  auto better = [&](size_t a, size_t b) { return pieces.scores[a] > pieces.scores[b]; };
  auto others = order.begin() + static_cast<std::ptrdiff_t>(pieces.characters);
  std::stable_sort(others, order.end(), better);
  order.resize(std::min(order.size(), std::max(count, pieces.characters)));
  std::stable_sort(order.begin(), order.end(), better);
  std::vector<ScoredPiece> best;
  for (size_t id : order) best.push_back({pieces.texts[id], static_cast<float>(pieces.scores[id])});
  return best;
}

}  // namespace

std::vector<ScoredPiece> train_unigram(const std::vector<CountedText>& words,
                                       const std::vector<std::string>& characters,
                                       const UnigramTrainingOptions& options) {
  auto count = static_cast<size_t>(options.count);
  auto wanted = static_cast<size_t>(kSpareShare * static_cast<double>(options.count));
  Pieces pieces = seeds_of(words, characters, options);
  while (true) {
    for (int i = 0; i < kSubIterations; ++i) pieces = reweighed(pieces, words);
    if (pieces.texts.size() <= wanted) return best_pieces(pieces, count);
    size_t before = pieces.texts.size();
    pieces = pruned(pieces, words, wanted);
    if (pieces.texts.size() == before) return best_pieces(pieces, count);
  }
}

}  // namespace llmbox
