// What a decoder is made of, as data: a family's file turns a hub config.json into a ModelSpec; the decoder, the memory
// plan and the caches read nothing else. Plain values; names are the hub's, as transformers holds them in memory.
// Letters of the shapes: N tokens, E hidden size, H query heads, K key/value heads, D head dim, R rotary dims,
// F inner size of the feed-forward, V vocabulary, M chosen rows, S segments, L layers.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
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
  int64_t heads = 0;         // H: each head has a weight row of its own, (H, size) in the file
  bool split_heads = false;  // those rows are H tensors, NAME.norms.0.weight …
  bool has_weight = true;    // false: no weight and no bias (OLMo 1)
  int64_t groups = 1;        // > 1: each of the size / groups neighbours is normed by itself; weight and bias (size)
};

/// y = x Wᵀ + b with W (out, in).
struct LinearSpec {
  std::string name;
  int64_t in = 0;
  int64_t out = 0;
  bool has_bias = false;
  bool transposed = false;  // the file holds (in, out): GPT-2's Conv1D
  bool unit_rows = false;   // each row of W is brought to length 1 when it is read (Baichuan 2's head)
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
  bool in_answer = false;    // turns by the place in the answer instead of the position (ModelSpec::prefix)
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

/// separate: three products; fused: one whose rows are q, then k, then v; grouped: one whose rows are, for each key
/// head, its query heads, then k, then v; quarters: one of four parts, each with q, v and k of a quarter of the heads.
/// key_value_pairs: q's product, and one whose rows are, for each key head, k, then v.
enum class QkvLayout { separate, fused, grouped, quarters, key_value_pairs };

/// Latent attention (DeepSeek-V2, 2024, 2.1): q, k and v come out of narrow latents, and a part of R dimensions of each
/// key, rotated, is shared by all heads. Rows of q_up are, for each head, nope_dim dimensions, then R rotated ones; of
/// kv_up nope_dim of the key, then the value; of kv_down the latent, then R.
struct LatentSpec {
  std::optional<LinearSpec> q_down;  // absent: q_up reads x
  std::optional<NormSpec> q_norm;
  LinearSpec q_up;
  LinearSpec kv_down;
  NormSpec kv_norm;
  LinearSpec kv_up;
  int64_t nope_dim = 0;
  int64_t rope_dim = 0;  // R
};

/// A learned bias on the scores, by the bucket that the distance between two tokens falls into (T5, Raffel et al.
/// 2020): half of the buckets hold one distance each, the rest grow logarithmically up to max_distance.
struct RelativeBiasSpec {
  std::string name;  // the table, (n_bucket, H); all layers of a stack share the first one's
  int64_t n_bucket = 0;
  int64_t max_distance = 0;
  bool both_ways = false;  // half of the buckets are for later tokens
};

struct AttentionSpec {
  std::string name;  // "model.layers.0.self_attn"
  int64_t n_head = 0;
  int64_t n_kv_head = 0;
  int64_t head_dim = 0;
  int64_t own_value_dim = 0;  // 0: as head_dim
  QkvLayout layout = QkvLayout::separate;
  std::vector<LinearSpec> qkv;  // q, k, v or the one fused; none where the attention is latent
  std::optional<LatentSpec> latent;
  LinearSpec out;
  std::optional<NormSpec> q_norm;  // over D of each head, or over all heads together where its size is H · D
  std::optional<NormSpec> k_norm;
  std::optional<NormSpec> v_norm;  // over D of each head
  bool norm_after_rope = false;
  double clip = 0;             // > 0: q, k and v are kept within ± clip, after the norms
  int rope = -1;               // index into ModelSpec::ropes; -1: no rotation
  int second_rope = -1;        // where the rope turns the first half of each head only: that of the second half
  double scale = 0;            // softmax(scale q·k)
  int64_t window = 0;          // 0: all earlier tokens
  bool chunked = false;        // the window does not slide: token i sees those of its own chunk of that size (Llama 4)
  double softcap = 0;          // 0: none
  std::vector<double> slopes;  // ALiBi, one a query head: score of key j for query i gets slope · (j - i)
  bool has_sinks = false;      // NAME.sinks (H): a learned logit that takes its share of the softmax
  bool causal = true;          // false: every token sees all of its sequence
  std::optional<RelativeBiasSpec> relative;
  double temperature = 0;        // > 0: q grows with its position p: · 1 + temperature · ln(1 + ⌊(p + 1) / span⌋)
  int64_t temperature_span = 1;  // (Llama 4's layers without rope)
  bool is_shared = false;        // a later layer reads this one's keys and values (Gemma 3n)
  int shared_with = -1;          // the earlier layer whose keys and values this one reads, having none
  bool gated = false;            // q's rows are, head by head, D of the query and D of a gate: out · sigmoid(gate)
  int64_t value_dim() const { return own_value_dim > 0 ? own_value_dim : head_dim; }
};

/// Linear attention by the gated delta rule (Yang et al. 2024): a memory of Dk × Dv a value head.
struct GatedDeltaSpec {
  std::string name;  // "model.layers.0.linear_attn"
  int64_t n_key_head = 0;
  int64_t n_value_head = 0;
  int64_t key_dim = 0;    // Dk
  int64_t value_dim = 0;  // Dv
  int64_t conv_width = 0;
  LinearSpec qkvz;  // rows for each key head: its query, key, its values, their output gates
  LinearSpec ba;    // rows for each key head: its values' write strengths, then their decays
  NormSpec norm;    // over Dv, before the output gate
  LinearSpec out;
};

/// A selective state space (Mamba, Gu & Dao 2023).
struct MambaSpec {
  std::string name;  // "backbone.layers.0.mixer"
  int64_t inner = 0;
  int64_t state_size = 0;
  int64_t step_rank = 0;
  int64_t conv_width = 0;
  bool conv_bias = true;
  LinearSpec in;    // E → inner, then the output gate
  LinearSpec x;     // inner → step, input and output maps
  LinearSpec step;  // step_rank → inner
  LinearSpec out;
  std::optional<NormSpec> step_norm, input_norm, output_norm;  // Jamba's, on what x gives
};

/// A state space with one decay a head (Mamba 2, Dao & Gu 2024): heads of head_dim channels, each with a memory of
/// state_size a channel; n_group heads in a row share their input and output maps.
struct Mamba2Spec {
  std::string name;  // "model.layers.0.mamba"
  int64_t n_head = 0;
  int64_t head_dim = 0;
  int64_t n_group = 1;
  int64_t state_size = 0;
  int64_t conv_width = 0;
  bool conv_bias = true;
  LinearSpec in;  // E → output gate (C), channels (C), input maps, output maps (groups · state each), steps (heads)
  LinearSpec out;
  std::optional<NormSpec> norm;   // over the channels
  bool norm_before_gate = false;  // else the gate comes first
  double step_low = 0;            // steps are kept within these
  double step_high = std::numeric_limits<double>::infinity();
  std::array<double, 5> scales{1, 1, 1, 1, 1};  // on the five parts of in's output
  int64_t channels() const { return n_head * head_dim; }
};

/// Linear attention with a fixed decay a head (Lightning Attention; Qin et al. 2024).
struct LightningSpec {
  std::string name;  // "model.layers.0.self_attn"
  int64_t n_head = 0;
  int64_t head_dim = 0;
  std::vector<double> slopes;  // a head's memory shrinks by e^-slope a token
  LinearSpec qkv;              // rows head by head: query, key, value
  LinearSpec gate;             // on the normed answer, through a sigmoid
  NormSpec norm;               // over all heads
  LinearSpec out;
};

/// RWKV's attention. 4: a weighted mean a channel; 5: a memory a head with fixed decays; 6: decays and the mixing with
/// the token before depend on the data; 7: the memory also forgets what its key recalls (Peng et al. 2023 – 2025).
struct TimeMixSpec {
  int version = 4;
  std::string name;  // "rwkv.blocks.0.attention"
  int64_t n_head = 0;
  int64_t head_dim = 0;
  int64_t mix_rank = 0;    // 6: inner size of the data-dependent mixing
  int64_t decay_rank = 0;  // 6
  LinearSpec receptance, key, value, out;
  std::optional<LinearSpec> gate;  // 5 and 6
  std::optional<NormSpec> norm;    // 5 and later: over each head
  bool is_first = false;           // 7: later layers mix this one's values into theirs
  struct LowRank {
    LinearSpec down, up;
  };
  std::vector<LowRank> low_ranks;  // 7: of the decay, the rate of learning, the value mix (not in the first), the gate
  int64_t channels() const { return n_head * head_dim; }
};

/// RWKV's feed-forward: it sees the token before, too. value(relu(key x)²), times sigmoid(receptance x) before 7.
struct ChannelMixSpec {
  int version = 4;
  std::string name;  // "rwkv.blocks.0.feed_forward"
  LinearSpec key, value;
  std::optional<LinearSpec> receptance;
};

/// A short causal convolution between two gates (LFM2).
struct ShortConvSpec {
  std::string name;  // "model.layers.0.conv"
  int64_t width = 0;
  bool has_bias = false;
  LinearSpec in;  // E → first gate, second gate, input
  LinearSpec out;
};

enum class Activation { silu, gelu, gelu_tanh, relu, relu_squared };

/// down(act(gate x) · up x), or down(act(up x)) where there is no gate.
struct FfnSpec {
  std::optional<LinearSpec> gate;
  LinearSpec up;
  LinearSpec down;
  Activation activation = Activation::silu;
  bool gate_in_up = false;  // up has 2F rows: the gate's, then its own
  double gate_scale = 1;    // on the gate before its activation
  double down_scale = 1;    // on the result
  double sparsity = 0;      // > 0: this share of the gate, as if it were normally distributed, is cut off (Gemma 3n)
};

/// sparse_mixer: two experts, each weighed by a softmax over those that come near it (Phi-3.5-MoE; Liu et al. 2024).
enum class RouterScore { softmax, sigmoid, softmax_of_chosen, sparse_mixer };
enum class GroupScore { best, best_two };  // of a group's experts: the highest score, or the sum of two

/// Which n_chosen experts a token goes to, and with which weights.
struct RouterSpec {
  LinearSpec gate;  // E → experts
  RouterScore score = RouterScore::softmax;
  int64_t n_chosen = 0;
  bool in_float = false;           // the product is computed in float32 whatever the compute dtype
  std::string correction;          // a tensor (float32, not trained) that is added for the choice only; empty: none
  bool correction_is_row = false;  // its shape is (1, experts)
  int64_t n_group = 1;             // experts come in groups, of which n_group_kept are open to a token
  int64_t n_group_kept = 1;
  GroupScore group_score = GroupScore::best;
  bool renormalise = false;  // the chosen weights sum to 1
  double scale = 1;          // on the weights
  double jitter = 0;         // sparse_mixer: an expert within 2 · jitter of the best one, relatively, comes near it
};

/// All experts in two tensors. Each lies as [experts, out, in], or [experts, in, out] where it is transposed; the first
/// has the gate's F outputs, then up's, or the two interleaved.
struct FusedExpertsSpec {
  std::string gate_up;  // the tensors' full names
  std::string down;
  int64_t inner = 0;  // F
  bool transposed = false;
  bool interleaved = false;
  bool has_bias = false;  // under the same names with "_bias"
  double limit = 0;  // > 0: (up + 1) · g sigmoid(alpha g), both kept within the limit (gpt-oss); else up · silu(g)
  double alpha = 1.702;
};

struct MoeSpec {
  RouterSpec router;
  int64_t n_expert = 0;
  std::vector<FfnSpec> experts;  // one each, or none where they are fused
  std::optional<FusedExpertsSpec> fused;
  std::optional<FfnSpec> shared;          // every token's
  std::optional<LinearSpec> shared_gate;  // E → 1: shared · sigmoid(gate x)
  bool weigh_input = false;               // a chosen expert's weight is on what it reads, not on what it gives
};

/// How x goes around attention a and feed-forward f, each with its norms before and after.
/// sequential: x += a(x); x += f(x). parallel: x += a(x) + f(x). post_norm: x = after_a(x + a(x)); x = after_f(x +
/// f(x)).
enum class Residual { sequential, parallel, post_norm };

/// stream · x + branch · f(x)
struct ResidualScale {
  double stream = 1;
  double branch = 1;
};

/// Mixers side by side: each reads in · x and gives out · its result.
struct BranchScale {
  double in = 1;
  double out = 1;
};

/// Alternating updates (Baykal et al. 2023): the stream is n wide in blocks of E; a layer computes on one of them, the
/// others are predicted and corrected by small linear maps.
struct AltUpSpec {
  std::string name;  // "model.layers.0.altup"
  int64_t n_stream = 0;
  int64_t active = 0;
  bool scale_active = false;  // NAME.correct_output_scale (E) on what the layer's own input is mixed with
  NormSpec router_norm;
  LinearSpec router;   // E → n
  LinearSpec predict;  // n → n²
  LinearSpec correct;  // n → n
};

/// A low-rank residual beside attention (LAuReL, Menghani et al. 2024): x + norm(right left x).
struct LaurelSpec {
  LinearSpec left, right;
  NormSpec norm;
};

/// How a layer takes in its own embedding of the token: norm(project(act(gate x) · embedding)).
struct LayerInputSpec {
  LinearSpec gate, project;
  NormSpec norm;
  Activation activation = Activation::gelu_tanh;
};

struct LayerSpec {
  Residual residual = Residual::sequential;
  std::optional<NormSpec> before_attention;
  std::optional<NormSpec> after_attention;
  std::optional<NormSpec> before_second;  // before cross-attention or RWKV's channel mix
  std::optional<AttentionSpec> cross;     // over the encoder's output, between attention and feed-forward
  std::optional<NormSpec> before_ffn;     // absent in a parallel layer: the ffn reads attention's normed input
  std::optional<NormSpec> after_ffn;
  AttentionSpec attention;  // n_head 0: the layer has one of the next six instead
  std::optional<GatedDeltaSpec> delta;
  std::optional<MambaSpec> mamba;
  std::optional<ShortConvSpec> conv;
  std::optional<Mamba2Spec> mamba2;  // with attention: both read the same input and their results are summed
  std::optional<LightningSpec> lightning;
  std::optional<TimeMixSpec> time_mix;
  BranchScale attention_scale, mamba2_scale;  // where there are both
  std::optional<ChannelMixSpec> channel_mix;  // RWKV's, in place of a feed-forward
  std::optional<AltUpSpec> altup;
  std::optional<LaurelSpec> laurel;
  std::optional<LayerInputSpec> input;
  FfnSpec ffn;  // unused where there is a moe, or where up.out is 0: no feed-forward
  std::optional<MoeSpec> moe;
  bool is_recurrent() const { return delta || mamba || conv || mamba2 || lightning || time_mix; }
  bool has_ffn() const { return moe || ffn.up.out > 0; }
  ResidualScale attention_residual, ffn_residual;
  bool residual_of_normed = false;  // sequential: what is added to is before_a's output, not its input (BLOOM's option)
};

/// What a head does to hidden states before its product: norm(act(dense x)), the norm being ModelSpec::final_norm.
struct HeadTransformSpec {
  LinearSpec dense;
  Activation activation = Activation::gelu;
};

/// Texts whose prompt all of its tokens see (ChatGLM 1): the answer starts at the first `begin`; its tokens stand where
/// the first of the masks that the text has stands.
struct PrefixSpec {
  int64_t begin = 0;
  std::vector<int64_t> masks;
};

/// A second table of embeddings with a row for each layer, and what the first one's gives for it.
struct LayerInputsSpec {
  EmbeddingSpec table;  // rows of all layers' inputs, one after the other
  double scale = 1;     // on the table
  LinearSpec project;   // E → all layers' inputs
  double project_scale = 1;
  NormSpec norm;  // over one layer's input; its size is that input's
};

/// The first stream is the embedding, the others come from it by these maps, and go back by those.
struct StreamsSpec {
  std::vector<LinearSpec> spread, merge;
};

struct ModelSpec {
  std::string model_type;
  std::string architecture;                   // "LlamaForCausalLM", written back on save
  std::string base_prefix;                    // "model." or "transformer.": files of the bare model leave it out
  std::vector<std::string> ignored;           // ends of tensor names that are buffers, not weights
  std::vector<std::string> ignored_prefixes;  // beginnings of names of parts that only training from scratch uses
  int64_t hidden_size = 0;
  int64_t vocab_size = 0;
  int64_t max_positions = 0;
  double initializer_range = 0.02;
  EmbeddingSpec embedding;
  std::optional<EmbeddingSpec> positions;    // learned
  int64_t position_offset = 0;               // row = position + offset
  std::optional<EmbeddingSpec> token_types;  // which of two texts a token belongs to
  bool sinusoidal = false;                   // fixed waves instead of learned positions (XGLM)
  double embedding_scale = 1;
  std::optional<NormSpec> embedding_norm;
  std::optional<LinearSpec> project_in;   // embedding size → E
  std::optional<LinearSpec> project_out;  // E → the head's input
  std::optional<PrefixSpec> prefix;
  std::optional<LayerInputsSpec> layer_inputs;
  std::optional<StreamsSpec> streams;
  std::vector<RopeSpec> ropes;
  std::vector<LayerSpec> layers;
  std::vector<LayerSpec> encoder;  // of an encoder-decoder: reads the source with the same embedding
  std::optional<NormSpec> encoder_norm;
  std::optional<HeadTransformSpec> head_transform;
  std::optional<NormSpec> final_norm;
  LinearSpec head;
  bool tied_head = false;
  bool is_classifier = false;  // the head gives labels' scores (a reward model's one), not tokens
  double logit_scale = 1;
  double logit_softcap = 0;

  int64_t n_layer() const { return static_cast<int64_t>(layers.size()); }
  bool has_encoder() const { return !encoder.empty(); }
  /// Each token is predicted from those before it alone: what generation and scoring need.
  bool is_causal() const { return layers.empty() || layers[0].attention.causal; }
  /// Something goes from token to token that a key/value cache does not hold: a layer's state, a prompt's end.
  bool is_recurrent() const;
  /// Some layer reads what an earlier one computed, beside the stream.
  bool has_shared_parts() const;
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
  bool is_buffer = false;   // float32 whatever the compute dtype, never trained
  bool unit_rows = false;   // see LinearSpec
  bool transposed = false;  // a linear layer's weight as (in, out)
  int64_t size() const;
};

/// The tensors of an RWKV layer that are not in its linear layers and norms.
std::vector<ParameterSpec> own_tensors(const TimeMixSpec& spec);
std::vector<ParameterSpec> own_tensors(const ChannelMixSpec& spec);

/// Every tensor the model needs, in the order of the forward; a tied head is not listed.
std::vector<ParameterSpec> parameter_table(const ModelSpec& spec);

/// Sum over parameter_table.
int64_t parameter_count(const ModelSpec& spec);

}  // namespace llmbox
