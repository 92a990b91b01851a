// Unigram (Kudo 2018): the cut of a word into pieces with the highest sum of scores, by Viterbi over a trie.
#include <algorithm>
#include <array>
#include <limits>

#include "core/error.h"
#include "tokenizer/model/piece_trie.h"
#include "tokenizer/model/token_model.h"
#include "tokenizer/model/word_cache.h"
#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

constexpr double kUnknownPenalty = 10;
constexpr float kRebase = 100000;  // sums in float begin anew beyond this, as SentencePiece's do on long texts

// Score is double as in the tokenizers library, or float as in SentencePiece: near ties fall as the reference's do.
template <typename Score>
class Unigram : public TokenModel {
 public:
  explicit Unigram(ModelDescription description);

  void encode(std::string_view text, std::span<const Span> words, TokenSink& out) const override {
    if (out.spans || !cached_) {
      for (Span word : words) encode_word(word.in(text), word.begin, out);
      return;
    }
    WordCache& cache = WordCache::of_thread(serial_);
    for (Span word : words)
      cache.append(text, word, out.ids, [this](std::string_view bytes, std::vector<int32_t>& ids) {
        TokenSink sink{ids};
        encode_word(bytes, 0, sink);
      });
  }
  const StringTable& vocabulary() const override { return vocabulary_; }

 private:
  static constexpr int32_t kUnknown = -1;

  // The best way to reach a place of the word.
  struct Step {
    Score score;
    uint32_t begin;  // where its last piece begins
    int32_t id;
    bool reached = false;
  };

  void reach(Step& step, Score score, uint32_t begin, int32_t id) const {
    if (!step.reached || score > step.score) step = {score, begin, id, true};
  }
  // Takes the sum at a place off all that is reached from there on.
  void rebase(std::vector<Step>& steps, uint32_t begin) const {
    Score base = steps[begin].score;
    for (size_t i = begin; i < std::min<size_t>(steps.size(), begin + vocabulary_.longest() + 1); ++i)
      if (steps[i].reached) steps[i].score -= base;
  }
  void find_best(std::string_view word, std::vector<Step>& steps) const;
  void encode_word(std::string_view word, uint32_t offset, TokenSink& out) const;
  void append_unknown(std::string_view text, uint32_t begin, TokenSink& out) const;

  uint64_t serial_ = next_model_serial();
  StringTable vocabulary_;
  PieceTrie trie_;
  std::vector<Score> scores_;
  std::vector<bool> favoured_;
  Score best_score_, unknown_score_;
  std::optional<int32_t> unknown_id_;
  bool byte_fallback_, cached_;
  std::array<int32_t, 256> fallback_ids_;
};

std::optional<int32_t> unknown_id_of(const ModelDescription& description) {
  const Json& options = description.options;
  if (!options.contains("unk_id") || !options["unk_id"].is_number_integer()) return std::nullopt;
  auto id = options["unk_id"].get<int64_t>();
  if (id < 0 || id >= description.vocabulary.id_end())
    fail("tokenizer", "expected unk_id among the {} pieces, got {}; try the original file",
         description.vocabulary.id_end(), id);
  return static_cast<int32_t>(id);
}

template <typename Score>
Unigram<Score>::Unigram(ModelDescription description)
    : vocabulary_(std::move(description.vocabulary)),
      scores_(description.scores.begin(), description.scores.end()),
      byte_fallback_(flag_option(description.options, "byte_fallback")),
      cached_(!description.single_precision) {
  if (vocabulary_.size() == 0) fail("tokenizer", "expected pieces with scores in the Unigram model, got none");
  scores_.resize(static_cast<size_t>(vocabulary_.id_end()));
  favoured_.assign(scores_.size(), false);
  for (int32_t id : description.favoured) favoured_[static_cast<size_t>(id)] = true;
  std::vector<bool> silent(scores_.size(), false);
  for (int32_t id : description.unmatched) silent[static_cast<size_t>(id)] = true;
  std::vector<std::pair<std::string_view, int32_t>> pieces;
  Score least = std::numeric_limits<Score>::max(), most = std::numeric_limits<Score>::lowest();
  for (int32_t id = 0; id < vocabulary_.id_end(); ++id) {
    if (silent[static_cast<size_t>(id)]) continue;
    Score score = scores_[static_cast<size_t>(id)];
    if (!std::isfinite(score)) fail("tokenizer", "expected finite scores, got {} for piece {}", score, id);
    least = std::min(least, score);
    most = std::max(most, score);
    pieces.emplace_back(vocabulary_.text(id), id);
  }
  best_score_ = most;
  unknown_score_ = least - static_cast<Score>(kUnknownPenalty);
  unknown_id_ = unknown_id_of({.options = description.options, .vocabulary = vocabulary_});
  trie_ = PieceTrie(std::move(pieces));
  for (int byte = 0; byte < 256; ++byte)
    fallback_ids_[byte] = vocabulary_.find(fmt::format("<0x{:02X}>", byte)).value_or(kUnknown);
}

template <typename Score>
void Unigram<Score>::find_best(std::string_view word, std::vector<Step>& steps) const {
  steps.assign(word.size() + 1, {});
  steps[0] = {0, 0, kUnknown, true};
  for (uint32_t begin = 0; begin < word.size();) {
    if (std::is_same_v<Score, float> && steps[begin].score < -kRebase) rebase(steps, begin);
    Score before = steps[begin].score;
    uint32_t character = utf8_length(static_cast<unsigned char>(word[begin]));
    bool known = false;
    PieceTrie::Node node = PieceTrie::kRoot;
    for (uint32_t end = begin; end < word.size();) {
      node = trie_.step(node, static_cast<unsigned char>(word[end++]));
      if (node == PieceTrie::kNone) break;
      int32_t id = trie_.id(node);
      if (id < 0) continue;
      auto index = static_cast<size_t>(id);
      Score score =
          favoured_[index] ? static_cast<Score>(static_cast<Score>(end - begin) * best_score_ - 0.1) : scores_[index];
      reach(steps[end], score + before, begin, id);
      known = known || end - begin == character;
    }
    if (!known) reach(steps[begin + character], unknown_score_ + before, begin, kUnknown);
    begin += character;
  }
}

template <typename Score>
void Unigram<Score>::encode_word(std::string_view word, uint32_t offset, TokenSink& out) const {
  thread_local std::vector<Step> steps;
  thread_local std::vector<uint32_t> ends;
  find_best(word, steps);
  ends.clear();
  for (auto end = static_cast<uint32_t>(word.size()); end > 0; end = steps[end].begin) ends.push_back(end);
  for (size_t i = ends.size(); i-- > 0;) {
    const Step& step = steps[ends[i]];
    if (step.id != kUnknown && step.id != unknown_id_) {
      out.add(step.id, offset + step.begin, offset + ends[i]);
      continue;
    }
    uint32_t begin = step.begin;  // a run of unknown characters is one
    while (i > 0 && (steps[ends[i - 1]].id == kUnknown || steps[ends[i - 1]].id == unknown_id_)) --i;
    append_unknown(word.substr(begin, ends[i] - begin), offset + begin, out);
  }
}

template <typename Score>
void Unigram<Score>::append_unknown(std::string_view text, uint32_t begin, TokenSink& out) const {
  auto end = begin + static_cast<uint32_t>(text.size());
  bool spelled = byte_fallback_;
  for (unsigned char byte : text) spelled = spelled && fallback_ids_[byte] != kUnknown;
  if (!spelled) {
    if (unknown_id_) out.add(*unknown_id_, begin, end);
    return;
  }
  for (size_t i = 0; i < text.size();) {
    size_t length = utf8_length(static_cast<unsigned char>(text[i]));
    auto at = begin + static_cast<uint32_t>(i);
    for (unsigned char byte : text.substr(i, length))
      out.add(fallback_ids_[byte], at, at + static_cast<uint32_t>(length));
    i += length;
  }
}

}  // namespace

TokenModelPtr make_unigram_model(ModelDescription description) {
  if (description.single_precision) return std::make_unique<Unigram<float>>(std::move(description));
  return std::make_unique<Unigram<double>>(std::move(description));
}

}  // namespace llmbox
