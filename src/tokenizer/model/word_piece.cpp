// WordPiece: the longest token at the front of a word, then the longest continuing token, and so on; a word that cannot
// be cut so is unknown as a whole.
#include "core/error.h"
#include "tokenizer/json_integer.h"
#include "tokenizer/model/piece_trie.h"
#include "tokenizer/model/token_model.h"
#include "tokenizer/model/word_cache.h"
#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

class WordPiece : public TokenModel {
 public:
  explicit WordPiece(ModelDescription description)
      : vocabulary_(std::move(description.vocabulary)),
        prefix_(text_option(description.options, "continuing_subword_prefix", "##")),
        longest_word_(json_count(description.options, "max_input_chars_per_word", 100)) {
    std::string unknown = text_option(description.options, "unk_token", "[UNK]");
    unknown_ = vocabulary_.find(unknown);
    if (!unknown_) fail("tokenizer", "expected '{}' in the WordPiece vocabulary, got none; try unk_token", unknown);
    std::vector<std::pair<std::string_view, int32_t>> first, later;
    for (int32_t id = 0; id < vocabulary_.id_end(); ++id) {
      std::string_view token = vocabulary_.text(id);
      first.emplace_back(token, id);
      if (token.starts_with(prefix_)) later.emplace_back(token.substr(prefix_.size()), id);
    }
    first_ = PieceTrie(std::move(first));
    later_ = PieceTrie(std::move(later));
  }

  void encode(std::string_view text, std::span<const Span> words, TokenSink& out) const override {
    WordCache& cache = WordCache::of_thread(serial_);
    for (Span word : words) {
      if (out.spans) {
        encode_word(word.in(text), word.begin, out);
        continue;
      }
      cache.append(text, word, out.ids, [this](std::string_view bytes, std::vector<int32_t>& ids) {
        TokenSink sink{ids};
        encode_word(bytes, 0, sink);
      });
    }
  }
  const StringTable& vocabulary() const override { return vocabulary_; }

 private:
  void encode_word(std::string_view word, uint32_t offset, TokenSink& out) const {
    size_t before = out.ids.size();
    uint32_t at = 0;
    while (at < word.size() && !is_too_long(word)) {
      PieceTrie::Match match = (at == 0 ? first_ : later_).longest(word.substr(at));
      if (match.id < 0) break;
      auto end = at + static_cast<uint32_t>(match.length);
      out.add(match.id, offset + at, offset + end);
      at = end;
    }
    if (at == word.size()) return;
    out.ids.resize(before);
    if (out.spans) out.spans->resize(before);
    out.add(*unknown_, offset, offset + static_cast<uint32_t>(word.size()));
  }

  bool is_too_long(std::string_view word) const {
    return word.size() > longest_word_ && utf8_characters(word) > longest_word_;
  }

  uint64_t serial_ = next_model_serial();
  StringTable vocabulary_;
  std::string prefix_;
  size_t longest_word_;
  std::optional<int32_t> unknown_;
  PieceTrie first_, later_;
};

}  // namespace

TokenModelPtr make_word_piece_model(ModelDescription description) {
  return std::make_unique<WordPiece>(std::move(description));
}

}  // namespace llmbox
