// The decoder as its ModelSpec says: embedding, layers, final norm, head. Decoder::load and create make one.
#pragma once

#include "model/decoder.h"
#include "model/layers/block.h"
#include "model/virtual_tokens.h"

namespace llmbox {

class SpecDecoder : public Decoder {
 public:
  SpecDecoder(ModelSpec spec, Json config, const LoadOptions& options, const ParameterSource& source);

  const ModelSpec& spec() const override { return spec_; }
  const Json& config() const override { return config_; }
  at::ScalarType dtype() const override { return embedding_.scalar_type(); }
  at::Tensor encode(const TokenBatch& sources) override;
  at::Tensor forward(const TokenBatch& batch, AttentionContext& attention) override;
  at::Tensor logits(const at::Tensor& hidden) override;
  at::Tensor head_weight() const override { return head_->dequantize(); }
  at::Tensor head_bias() const override { return head_->bias(); }
  std::vector<std::pair<std::string, at::Tensor>> parameters() const override;
  void rewrite_linears(const LinearRewrite& rewrite) override;
  void set_checkpoint_activations(bool on) override { checkpoint_activations_ = on; }
  /// Learned tokens with ids from vocab_size on; null: none.
  void set_virtual_tokens(std::shared_ptr<const VirtualTokens> tokens) { virtual_tokens_ = std::move(tokens); }
  const std::shared_ptr<const VirtualTokens>& virtual_tokens() const { return virtual_tokens_; }
  ModelFiles files() const override;
  void save(const std::filesystem::path& folder, int64_t max_shard_bytes) const override;

 private:
  /// The embedding as the head.
  std::shared_ptr<Linear> tied_head(const ParameterSource& source) const;
  at::Tensor embed(const TokenBatch& batch) const;
  /// The embedding's rows, and the learned ones of virtual tokens.
  at::Tensor token_rows(const at::Tensor& tokens) const;
  /// x through blocks, recomputed in the backward pass where that is wanted.
  at::Tensor run(const std::vector<Block>& blocks, at::Tensor x, const TokenBatch& batch,
                 AttentionContext& context) const;
  bool recomputes() const;
  /// Parameters and buffers.
  std::vector<std::pair<std::string, at::Tensor>> all_tensors() const;
  void visit_linears(const LinearVisitor& visit);

  ModelSpec spec_;
  Json config_;
  bool checkpoint_activations_;
  at::Tensor embedding_;    // (V, E)
  at::Tensor positions_;    // (P, E) or undefined
  at::Tensor token_types_;  // (types, E) or undefined
  std::vector<Block> encoder_blocks_, blocks_;
  std::optional<Norm> embedding_norm_, encoder_norm_, final_norm_;
  std::optional<LayerInputs> layer_inputs_;
  std::optional<Streams> streams_;
  std::shared_ptr<Linear> project_in_, project_out_, head_transform_;  // null where there are none
  std::shared_ptr<Linear> head_;
  std::shared_ptr<const VirtualTokens> virtual_tokens_;
};

}  // namespace llmbox
