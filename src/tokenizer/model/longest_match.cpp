// LongestMatch: the longest token at each place, front to back, over bytes (RWKV's world vocabulary). Bytes that begin
// no token are left out.
#include "core/error.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/model/piece_trie.h"
#include "tokenizer/model/token_model.h"

namespace llmbox {

namespace {

class LongestMatch : public TokenModel {
 public:
  // The vocabulary spells bytes in the byte alphabet.
  explicit LongestMatch(ModelDescription description) : vocabulary_(std::move(description.vocabulary)) {
    std::vector<std::string> bytes;
    bytes.reserve(static_cast<size_t>(vocabulary_.id_end()));
    std::vector<std::pair<std::string_view, int32_t>> pieces;
    for (int32_t id = 0; id < vocabulary_.id_end(); ++id) {
      bytes.push_back(from_byte_alphabet(vocabulary_.text(id)).value_or(""));
      pieces.emplace_back(bytes.back(), id);
    }
    trie_ = PieceTrie(std::move(pieces));
  }

  void encode(std::string_view text, std::span<const Span> words, TokenSink& out) const override {
    for (Span word : words) {
      for (uint32_t at = word.begin; at < word.end;) {
        PieceTrie::Match match = trie_.longest(text.substr(at, word.end - at));
        uint32_t end = at + std::max(1u, static_cast<uint32_t>(match.length));
        if (match.id >= 0) out.add(match.id, at, end);
        at = end;
      }
    }
  }
  const StringTable& vocabulary() const override { return vocabulary_; }

 private:
  StringTable vocabulary_;
  PieceTrie trie_;
};

}  // namespace

TokenModelPtr make_longest_match_model(ModelDescription description) {
  return std::make_unique<LongestMatch>(std::move(description));
}

}  // namespace llmbox
