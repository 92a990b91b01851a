// A model on this machine as a LanguageModel: tokenizer, chat template, decoder and engine together. Scores and texts
// follow the conventions of prompt_encoder.h. A prompt's continuation keeps its leading space (prompt + text is the
// whole text); an answer to messages is the decoded answer. Not thread-safe. Refuses a tokenizer whose words the model
// does not have.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chat/chat_template.h"
#include "chat/language_model.h"
#include "infer/engine.h"
#include "infer/prompt_encoder.h"
#include "model/decoder.h"
#include "tokenizer/tokenizer.h"

namespace llmbox {

struct LocalModelOptions {
  std::filesystem::path model;
  std::filesystem::path adapter;  // empty: none
  std::string chat_template;      // empty: the model's own; else a template's name or file
  std::string device = "auto";    // auto (the GPU where there is one), cpu, cuda, cuda:N
  std::string dtype = "auto";     // auto (the config's; float16 runs as float32), f32, bf16
  EngineOptions engine;
};

class LocalModel : public LanguageModel {
 public:
  /// Throws Error naming what is missing or does not fit.
  static std::unique_ptr<LocalModel> load(const LocalModelOptions& options);
  /// Over a decoder that the caller keeps (evaluation during training). extra_stop_ids: ends besides the tokenizer's
  /// EOS.
  LocalModel(Decoder& decoder, std::shared_ptr<const Tokenizer> tokenizer, std::optional<ChatTemplate> chat_template,
             const EngineOptions& options, std::vector<int32_t> extra_stop_ids = {});

  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests, const ScoreDone& done = {}) override;
  std::vector<Completion> generate(std::span<const GenerateRequest> requests, const StreamCallback& stream = {},
                                   const CompletionDone& done = {}) override;
  std::string render(const Messages& messages, const Json& tools = nullptr) override;
  int count_tokens(const std::string& text) const override;
  int max_context() const override { return static_cast<int>(text_length()); }
  /// tokens_computed, tokens_reused, tokens_plain (what a loop without prefix cache computes), tokens_generated, steps,
  /// prompts_truncated, cache_bytes.
  Json stats() const override;
  /// Prompts of generate() that did not fit and lost their beginning.
  int64_t n_prompts_truncated() const { return n_prompts_truncated_; }

  bool has_chat_template() const { return chat_template_.has_value(); }
  const Tokenizer& tokenizer() const { return encoder_.tokenizer(); }
  /// Call when the decoder's weights have changed.
  void forget_prefixes() { engine_.forget_prefixes(); }

 private:
  struct Writer;

  std::vector<int32_t> encode_prompt(const GenerateRequest& request);
  /// The ids behind the virtual tokens of a prompt adapter.
  std::vector<int32_t> with_virtual(std::vector<int32_t> ids) const;
  /// Most tokens of a text in one pass.
  int64_t text_length() const { return engine_.max_length() - static_cast<int64_t>(virtual_ids_.size()); }
  std::unique_ptr<Writer> make_writer(size_t index, const GenerateRequest& request, const StreamCallback& stream) const;

  std::unique_ptr<Decoder> owned_;
  PromptEncoder encoder_;
  std::optional<ChatTemplate> chat_template_;
  Engine engine_;
  std::vector<int32_t> stop_ids_, virtual_ids_;
  int64_t n_prompts_truncated_ = 0;
};

/// The ids that end a text by generation_config.json, else config.json, of a model folder.
std::vector<int32_t> read_stop_ids(const std::filesystem::path& folder, const Json& config);

/// Throws Error where the tokenizer has ordinary words that the model has no embedding for.
void check_vocabularies(const Tokenizer& tokenizer, const Decoder& decoder);

}  // namespace llmbox
