// Text to token ids and back. A Tokenizer is immutable and thread-safe; load it once and share it.
// Kinds (byte-level BPE, SentencePiece-BPE, …) are pipelines of normalizer, pre-tokenizer, model, post-processor and
// decoder; loaders (tokenizer.json, tokenizer.model, …) build the pipeline. Ids equal the reference's exactly.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "tokenizer/span.h"

namespace llmbox {

struct EncodeOptions {
  bool add_special = false;    // add what the post-processor adds (BOS, [CLS] …)
  bool parse_special = false;  // read spellings of special tokens in the text as those tokens
};

/// Ids and the bytes of the text that each stands for; tokens that were added around it have empty spans. Tokens that
/// share one character (<0xXX>) have its span each.
struct OffsetEncoding {
  std::vector<int32_t> ids;
  std::vector<Span> spans;
};

/// What a chat template asks of a tokenizer.
struct TokenRoles {
  std::string eos;                   // takes the place of eos; empty: eos stays
  std::vector<std::string> special;  // special tokens besides
};

/// A special token that the files of a tokenizer lack.
struct NewToken {
  int32_t id;
  std::string content;
};

/// One decoding run. push(...)… + finish() is the text of all ids; no part ends within a UTF-8 character.
class TextStream {
 public:
  virtual ~TextStream() = default;
  virtual std::string push(int32_t id) = 0;
  virtual std::string finish() = 0;
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// Loads from a model folder (the first file that it holds of file/table.cpp: tokenizer.json, tokenizer.model, …,
  /// with tokenizer_config.json beside it) or one file of any of those kinds. Throws Error.
  static std::shared_ptr<const Tokenizer> load(const std::filesystem::path& path);

  /// This tokenizer with other roles: tokens that the vocabulary lacks get the next ids, pad is eos where it had none.
  virtual std::shared_ptr<const Tokenizer> with_roles(const TokenRoles& roles) const = 0;
  /// The tokens that with_roles has added, by id.
  virtual const std::vector<NewToken>& new_tokens() const = 0;

  virtual std::vector<int32_t> encode(std::string_view text, const EncodeOptions& options = {}) const = 0;
  /// The same with offsets. Stages that rewrite the text are followed; a form that composes characters is told whole.
  virtual OffsetEncoding encode_with_offsets(std::string_view text, const EncodeOptions& options = {}) const = 0;
  /// Two texts as one input, with the special tokens that the post-processor puts around and between them.
  virtual std::vector<int32_t> encode_pair(std::string_view first, std::string_view second,
                                           const EncodeOptions& options = {}) const = 0;
  /// Each text by itself, on all cores.
  std::vector<std::vector<int32_t>> encode_batch(std::span<const std::string> texts,
                                                 const EncodeOptions& options = {}) const;
  /// The text of ids; unknown ids give nothing. Invalid UTF-8 becomes U+FFFD as in the reference.
  virtual std::string decode(std::span<const int32_t> ids, bool skip_special = false) const = 0;
  /// The same, token by token; what may still change is held back. The stream must not outlive the tokenizer. The
  /// default decodes each id by itself.
  virtual std::unique_ptr<TextStream> stream(bool skip_special) const;
  /// Highest id + 1, added tokens included.
  virtual int32_t vocab_size() const = 0;
  virtual std::optional<int32_t> token_to_id(std::string_view token) const = 0;
  virtual std::string id_to_token(int32_t id) const = 0;
  virtual bool is_special(int32_t id) const = 0;
  virtual std::optional<int32_t> bos_id() const = 0;
  virtual std::optional<int32_t> eos_id() const = 0;
  virtual std::optional<int32_t> pad_id() const = 0;
  /// tokenizer_config.json beside the tokenizer; an empty object where there is none.
  virtual const Json& config() const = 0;
};

/// Decodes one token at a time; never emits half a UTF-8 character. push(...)… + finish() equals decode(all ids).
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, bool skip_special = true)
      : stream_(tokenizer.stream(skip_special)) {}
  std::string push(int32_t id) { return stream_->push(id); }
  std::string finish() { return stream_->finish(); }

 private:
  std::unique_ptr<TextStream> stream_;
};

}  // namespace llmbox
