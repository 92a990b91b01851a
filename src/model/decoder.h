// The one model class: built from a ModelSpec, run over a TokenBatch. It knows neither caches nor ranks. Parameter
// names are the hub's names. Not thread-safe while training; forward() under no-grad is thread-safe.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arch/spec.h"
#include "core/json.h"
#include "model/attention_context.h"
#include "model/linear.h"
#include "model/token_batch.h"
#include "tensor/linear_cross_entropy.h"

namespace llmbox {

struct ModelFiles;

struct LoadOptions {
  at::ScalarType dtype = at::kFloat;  // compute dtype; weights stay mapped (no copy) where the file has it already
  at::Device device = at::kCPU;
  bool checkpoint_activations = false;  // recompute each layer's forward in the backward pass
};

inline constexpr int64_t kMaxShardBytes = 5'000'000'000;  // of one weight file, as the hub's own tools cut them

class Decoder {
 public:
  virtual ~Decoder() = default;

  /// Loads a model (see open_model_files) whose weights are plain; quant/load.h also takes quantized ones. Throws Error
  /// naming file or tensor.
  static std::unique_ptr<Decoder> load(const std::filesystem::path& path, const LoadOptions& options = {});
  /// Builds the model of files that are open.
  static std::unique_ptr<Decoder> build(const ModelFiles& files, const LoadOptions& options = {});
  /// Random weights from a config (normal, std initializer_range; norms 1; seed fixed → same weights).
  static std::unique_ptr<Decoder> create(const Json& config, uint64_t seed, const LoadOptions& options = {});

  virtual const ModelSpec& spec() const = 0;
  virtual const Json& config() const = 0;  // config.json as read, written back on save
  virtual at::ScalarType dtype() const = 0;

  /// An encoder-decoder's view of the sources, (M, E): the memory that the target's context hands to forward().
  /// Requires: spec().has_encoder().
  virtual at::Tensor encode(const TokenBatch& sources) = 0;
  /// Hidden states as the head takes them: after the final norm, (N, E).
  virtual at::Tensor forward(const TokenBatch& batch, AttentionContext& attention) = 0;
  /// hidden (M, E) → logits (M, V) in float32. Ask only for rows you read.
  virtual at::Tensor logits(const at::Tensor& hidden) = 0;
  /// The output head's weight (V, E) and bias (V or undefined): the fused loss takes them.
  virtual at::Tensor head_weight() const = 0;
  virtual at::Tensor head_bias() const = 0;
  /// What logits() does to the head's product; the fused loss takes it too.
  LogitShape logit_shape() const { return {spec().logit_scale, spec().logit_softcap}; }

  /// Every parameter under its hub name, in file order; a tied head is listed once, under the embedding's name.
  virtual std::vector<std::pair<std::string, at::Tensor>> parameters() const = 0;
  /// Replaces (wraps) linear layers: called with hub name ("model.layers.0.self_attn.q_proj") and current layer;
  /// returning nullptr keeps it. Adapters and quantization hang on this one hook.
  using LinearRewrite = std::function<std::shared_ptr<Linear>(const std::string& name, std::shared_ptr<Linear> layer)>;
  virtual void rewrite_linears(const LinearRewrite& rewrite) = 0;
  virtual void set_checkpoint_activations(bool on) = 0;

  /// The model as files would hold it: the table's names, adapters merged and packed weights dense, each made when it
  /// is read. Valid while the decoder lives.
  virtual ModelFiles files() const = 0;
  /// Writes config.json and safetensors (with index when sharded) so that transformers opens the folder. Adapters are
  /// merged by dequantize(). Atomic: the folder's files appear whole or not at all.
  virtual void save(const std::filesystem::path& folder, int64_t max_shard_bytes = kMaxShardBytes) const = 0;
};

}  // namespace llmbox
