// What a decoder is made of, as data: a family's file turns a hub config.json into a ModelSpec; the decoder, the memory
// plan and the caches read nothing else. Plain values; names are the hub's, as transformers holds them in memory.
// Letters of the shapes: N tokens, E hidden size, H query heads, K key/value heads, D head dim, R rotary dims,
// F inner size of the feed-forward, V vocabulary, M chosen rows, S segments, L layers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace llmbox {

enum class NormKind { rms, layer };

struct NormSpec {
  std::string name;  // "model.layers.0.input_layernorm"
  NormKind kind = NormKind::rms;
  int64_t size = 0;
  double eps = 1e-5;
  bool has_bias = false;
  double weight_offset = 0;  // 1: the file holds w - 1 (Gemma)
};

/// y = x Wᵀ + b with W (out, in).
struct LinearSpec {
  std::string name;
  int64_t in = 0;
  int64_t out = 0;
  bool has_bias = false;
  bool transposed = false;  // the file holds (in, out): GPT-2's Conv1D
};

struct EmbeddingSpec {
  std::string name;
  int64_t rows = 0;
  int64_t size = 0;
};

enum class RopeScaling { none, linear, dynamic, yarn, llama3, longrope };

/// Rotary angles: frequencies θ^(-2i/R) changed by `scaling`; arch/shape/rope.cpp has the rules.
struct RopeSpec {
  int64_t dim = 0;  // R, even
  double theta = 10000;
  bool interleaved = false;  // pairs (2i, 2i+1) instead of (i, i + R/2)
  RopeScaling scaling = RopeScaling::none;
  double factor = 1;
  int64_t original_length = 0;          // M: the length the model was first trained for
  double attention_factor = 1;          // on cos and sin
  double low_freq_factor = 1;           // llama3
  double high_freq_factor = 4;          // llama3
  double beta_fast = 32;                // yarn
  double beta_slow = 1;                 // yarn
  bool truncate = true;                 // yarn: round the ramp's borders
  std::vector<double> short_factors{};  // longrope, R/2 each
  std::vector<double> long_factors{};
};

enum class QkvLayout { separate, fused };  // three products, or one whose rows are q, then k, then v

struct AttentionSpec {
  std::string name;  // "model.layers.0.self_attn"
  int64_t n_head = 0;
  int64_t n_kv_head = 0;
  int64_t head_dim = 0;
  QkvLayout layout = QkvLayout::separate;
  std::vector<LinearSpec> qkv;  // q, k, v or the one fused
  LinearSpec out;
  std::optional<NormSpec> q_norm;  // over D of each head
  std::optional<NormSpec> k_norm;
  int rope = -1;       // index into ModelSpec::ropes; -1: no rotation
  double scale = 0;    // softmax(scale q·k)
  int64_t window = 0;  // 0: all earlier tokens
  double softcap = 0;  // 0: none
};

enum class Activation { silu, gelu, gelu_tanh, relu };

/// down(act(gate x) · up x), or down(act(up x)) where there is no gate.
struct FfnSpec {
  std::optional<LinearSpec> gate;
  LinearSpec up;
  LinearSpec down;
  Activation activation = Activation::silu;
};

enum class Residual { sequential, parallel };

/// sequential: x += after_a(attend(before_a(x))); x += after_f(ffn(before_f(x))). parallel: both read the same x.
struct LayerSpec {
  Residual residual = Residual::sequential;
  std::optional<NormSpec> before_attention;
  std::optional<NormSpec> after_attention;
  std::optional<NormSpec> before_ffn;  // absent in a parallel layer: the ffn reads attention's normed input
  std::optional<NormSpec> after_ffn;
  AttentionSpec attention;
  FfnSpec ffn;
  double residual_scale = 1;
};

struct ModelSpec {
  std::string model_type;
  std::string architecture;          // "LlamaForCausalLM", written back on save
  std::string base_prefix;           // "model." or "transformer.": files of the bare model leave it out
  std::vector<std::string> ignored;  // ends of tensor names that are buffers, not weights
  int64_t hidden_size = 0;
  int64_t vocab_size = 0;
  int64_t max_positions = 0;
  double initializer_range = 0.02;
  EmbeddingSpec embedding;
  std::optional<EmbeddingSpec> positions;  // learned
  int64_t position_offset = 0;             // row = position + offset
  double embedding_scale = 1;
  std::vector<RopeSpec> ropes;
  std::vector<LayerSpec> layers;
  std::optional<NormSpec> final_norm;
  LinearSpec head;
  bool tied_head = false;
  double logit_scale = 1;
  double logit_softcap = 0;

  int64_t n_layer() const { return static_cast<int64_t>(layers.size()); }
};

/// Reads a config.json. `where` names it in errors. Throws Error: unknown model_type (lists ours), a needed key that is
/// missing or of the wrong type, sizes that do not fit together.
ModelSpec parse_model_spec(const Json& config, std::string_view where);

enum class ParameterInit { normal, zero, one };

/// One tensor of the checkpoint.
struct ParameterSpec {
  std::string name;
  std::vector<int64_t> shape;
  ParameterInit init = ParameterInit::normal;
  int64_t size() const;
};

/// Every tensor the model needs, in the order of the forward; a tied head is not listed.
std::vector<ParameterSpec> parameter_table(const ModelSpec& spec);

/// Sum over parameter_table.
int64_t parameter_count(const ModelSpec& spec);

}  // namespace llmbox
