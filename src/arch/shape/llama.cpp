#include "arch/shape/llama.h"

#include <cmath>
#include <vector>

#include "arch/shape/rope.h"
#include "core/error.h"

namespace llmbox {

namespace {

/// The sizes that every layer shares.
struct LlamaSizes {
  int64_t hidden, inner, n_head, n_kv_head, head_dim;
};

LlamaSizes read_sizes(const ConfigReader& config, const LlamaShape& shape) {
  LlamaSizes sizes{};
  sizes.hidden = config.integer("hidden_size");
  sizes.inner = config.integer(shape.inner_key);
  sizes.n_head = config.integer(shape.n_head_key);
  sizes.n_kv_head = config.integer("num_key_value_heads", sizes.n_head);
  const int64_t fallback = shape.default_head_dim ? shape.default_head_dim : sizes.hidden / sizes.n_head;
  if (!config.has("head_dim") && !shape.default_head_dim && sizes.hidden % sizes.n_head != 0)
    fail(config.where(), "expected hidden_size to be a multiple of num_attention_heads, got {} and {}; try head_dim",
         sizes.hidden, sizes.n_head);
  sizes.head_dim = config.integer("head_dim", fallback);
  if (sizes.n_head % sizes.n_kv_head != 0)
    fail(config.where(), "expected num_attention_heads to be a multiple of num_key_value_heads, got {} and {}",
         sizes.n_head, sizes.n_kv_head);
  return sizes;
}

AttentionSpec llama_attention(const ConfigReader& config, const LlamaShape& shape, const LlamaSizes& sizes,
                              const std::string& name) {
  const int64_t q_size = sizes.n_head * sizes.head_dim;
  const int64_t kv_size = sizes.n_kv_head * sizes.head_dim;
  AttentionSpec attention;
  attention.name = name;
  attention.n_head = sizes.n_head;
  attention.n_kv_head = sizes.n_kv_head;
  attention.head_dim = sizes.head_dim;
  attention.qkv = {{.name = name + ".q_proj", .in = sizes.hidden, .out = q_size, .has_bias = shape.qkv_bias},
                   {.name = name + ".k_proj", .in = sizes.hidden, .out = kv_size, .has_bias = shape.qkv_bias},
                   {.name = name + ".v_proj", .in = sizes.hidden, .out = kv_size, .has_bias = shape.qkv_bias}};
  attention.out = {.name = name + ".o_proj", .in = q_size, .out = sizes.hidden, .has_bias = shape.out_bias};
  if (shape.qk_norm) {
    attention.q_norm = llama_norm(config, shape, name + ".q_norm", sizes.head_dim);
    attention.k_norm = llama_norm(config, shape, name + ".k_norm", sizes.head_dim);
  }
  attention.rope = 0;
  attention.scale = 1.0 / std::sqrt(static_cast<double>(sizes.head_dim));
  return attention;
}

}  // namespace

NormSpec llama_norm(const ConfigReader& config, const LlamaShape& shape, const std::string& name, int64_t size) {
  return {.name = name,
          .kind = shape.norm_kind,
          .size = size,
          .eps = config.number(shape.eps_key, shape.eps),
          .has_bias = shape.norm_bias,
          .weight_offset = shape.norm_offset,
          .has_weight = shape.norm_weight};
}

FfnSpec llama_ffn(const ConfigReader& config, const LlamaShape& shape, const std::string& name, int64_t inner) {
  const int64_t hidden = config.integer("hidden_size");
  FfnSpec ffn;
  if (shape.gated)
    ffn.gate = LinearSpec{.name = name + ".gate_proj", .in = hidden, .out = inner, .has_bias = shape.mlp_bias};
  ffn.up = {.name = name + ".up_proj", .in = hidden, .out = inner, .has_bias = shape.mlp_bias};
  ffn.down = {.name = name + ".down_proj", .in = inner, .out = hidden, .has_bias = shape.mlp_bias};
  ffn.activation = read_activation(config, shape.activation_key, shape.activation);
  return ffn;
}

void fuse_qkv(AttentionSpec& attention, const std::string& name) {
  LinearSpec fused = attention.qkv[0];
  fused.name = name;
  fused.out += attention.qkv[1].out + attention.qkv[2].out;
  attention.qkv = {fused};
  attention.layout = QkvLayout::fused;
}

void rename_llama(ModelSpec& spec, const LlamaNames& names) {
  spec.embedding.name = names.embedding;
  spec.final_norm->name = names.final_norm;
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    const std::string layer = names.layers + std::to_string(i) + ".";
    LayerSpec& block = spec.layers[i];
    block.before_attention->name = layer + names.before_attention;
    block.before_ffn->name = layer + names.before_ffn;
    AttentionSpec& attention = block.attention;
    attention.name = layer + names.attention;
    const std::string within = attention.name + ".";
    if (names.qkv.size() == 1) fuse_qkv(attention, within + names.qkv[0]);
    for (size_t k = 0; k < names.qkv.size(); ++k) attention.qkv[k].name = within + names.qkv[k];
    attention.out.name = within + names.out;
    block.ffn.gate->name = layer + names.gate;
    block.ffn.up.name = layer + names.up;
    block.ffn.down.name = layer + names.down;
  }
}

void fuse_gate_up(FfnSpec& ffn, const std::string& name) {
  ffn.gate.reset();
  ffn.gate_in_up = true;
  ffn.up.name = name;
  ffn.up.out *= 2;
}

ModelSpec llama_spec(const ConfigReader& config, const LlamaShape& shape) {
  const LlamaSizes sizes = read_sizes(config, shape);
  ModelSpec spec;
  spec.base_prefix = "model.";
  spec.ignored = {".rotary_emb.inv_freq"};
  spec.hidden_size = sizes.hidden;
  spec.vocab_size = config.integer("vocab_size");
  spec.max_positions = config.integer("max_position_embeddings", 2048);
  spec.initializer_range = config.number("initializer_range", 0.02);
  spec.embedding = {"model.embed_tokens", spec.vocab_size, spec.hidden_size};
  spec.ropes = {read_rope(config, sizes.head_dim, shape.rope)};
  const int64_t n_layer = config.integer(shape.n_layer_key);
  check_layer_count(config, n_layer);
  for (int64_t i = 0; i < n_layer; ++i) {
    const std::string name = "model.layers." + std::to_string(i);
    LayerSpec layer;
    layer.before_attention = llama_norm(config, shape, name + ".input_layernorm", sizes.hidden);
    layer.before_ffn = llama_norm(config, shape, name + ".post_attention_layernorm", sizes.hidden);
    layer.attention = llama_attention(config, shape, sizes, name + ".self_attn");
    layer.attention.window = shape.window ? shape.window(i) : 0;
    layer.ffn = llama_ffn(config, shape, name + ".mlp", sizes.inner);
    spec.layers.push_back(std::move(layer));
  }
  spec.final_norm = llama_norm(config, shape, "model.norm", sizes.hidden);
  spec.tied_head = config.flag("tie_word_embeddings", shape.tied_head);
  spec.head = {.name = "lm_head", .in = sizes.hidden, .out = spec.vocab_size};
  return spec;
}

std::function<bool(int64_t)> read_sliding_layers(const ConfigReader& config, std::function<bool(int64_t)> otherwise) {
  if (!config.has("layer_types")) return otherwise;
  std::vector<bool> sliding;
  for (const Json& type : config.at("layer_types")) {
    if (type != "sliding_attention" && type != "full_attention")
      fail(config.where(), "expected sliding_attention or full_attention in 'layer_types', got {}", type.dump());
    sliding.push_back(type == "sliding_attention");
  }
  if (static_cast<int64_t>(sliding.size()) < config.integer("num_hidden_layers"))
    fail(config.where(), "expected {} entries in 'layer_types', got {}", config.integer("num_hidden_layers"),
         sliding.size());
  return [sliding](int64_t layer) { return sliding[static_cast<size_t>(layer)]; };
}

std::function<int64_t(int64_t)> read_windows(const ConfigReader& config, int64_t window,
                                             std::function<bool(int64_t)> otherwise) {
  if (window == 0) return {};
  const auto slides = read_sliding_layers(config, std::move(otherwise));
  return [window, slides](int64_t layer) { return slides(layer) ? window : 0; };
}

}  // namespace llmbox
