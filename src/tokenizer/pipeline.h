// The tokenizer that every file format loads into: added tokens → normalizer → pre-tokenizer → model → post-processor,
// and the decoder back. Immutable and thread-safe.
#pragma once

#include <unordered_map>

#include "tokenizer/added_tokens.h"
#include "tokenizer/decoder/decoder.h"
#include "tokenizer/model/token_model.h"
#include "tokenizer/normalizer/normalizer.h"
#include "tokenizer/post_processor/post_processor.h"
#include "tokenizer/pre_tokenizer/pre_tokenizer.h"
#include "tokenizer/tokenizer.h"

namespace llmbox {

/// The tokens with a role, as the files beside the tokenizer name them.
struct SpecialTokens {
  std::optional<int32_t> bos, eos, pad;
};

struct PipelineParts {
  NormalizerPtr normalizer;       // may be null
  PreTokenizerPtr pre_tokenizer;  // may be null: the whole text is one word
  TokenModelPtr model;
  Surround surround;
  std::vector<DecodeStageMaker> decoder;
  std::vector<AddedToken> added;
  std::vector<NewToken> fresh;  // those of `added` that no file has
  SpecialTokens special;
  Json config = Json::object();
  bool clean_up_spaces = false;
};

class Pipeline : public Tokenizer {
 public:
  explicit Pipeline(PipelineParts parts);

  std::shared_ptr<const Tokenizer> with_roles(const TokenRoles& roles) const override;
  const std::vector<NewToken>& new_tokens() const override { return parts_.fresh; }
  std::vector<int32_t> encode(std::string_view text, const EncodeOptions& options) const override;
  OffsetEncoding encode_with_offsets(std::string_view text, const EncodeOptions& options) const override;
  std::vector<int32_t> encode_pair(std::string_view first, std::string_view second,
                                   const EncodeOptions& options) const override;
  std::string decode(std::span<const int32_t> ids, bool skip_special) const override;
  std::unique_ptr<TextStream> stream(bool skip_special) const override;
  int32_t vocab_size() const override { return vocab_size_; }
  std::optional<int32_t> token_to_id(std::string_view token) const override;
  std::string id_to_token(int32_t id) const override { return std::string(token_text(id)); }
  bool is_special(int32_t id) const override;
  std::optional<int32_t> bos_id() const override { return parts_.special.bos; }
  std::optional<int32_t> eos_id() const override { return parts_.special.eos; }
  std::optional<int32_t> pad_id() const override { return parts_.special.pad; }
  const Json& config() const override { return parts_.config; }

  /// The spelling of an id, empty for an unknown one; valid as long as the tokenizer.
  std::string_view token_text(int32_t id) const;
  const PipelineParts& parts() const { return parts_; }

 private:
  struct Scratch;
  struct Piece;
  void encode_text(std::string_view text, bool parse_special, TokenSink& out) const;
  void encode_raw(const Piece& piece, bool parse_special, TokenSink& out) const;
  void encode_between(const Piece& piece, bool parse_special, TokenSink& out) const;
  void encode_normalized(const Piece& piece, TokenSink& out) const;
  std::string normalized(std::string_view text) const;

  PipelineParts parts_;
  AddedMatcher in_raw_, in_normalized_;
  std::unordered_map<int32_t, const AddedToken*> added_by_id_;
  int32_t vocab_size_;
};

}  // namespace llmbox
