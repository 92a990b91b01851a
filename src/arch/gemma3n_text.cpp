#include <cmath>

#include "arch/family.h"
#include "arch/shape/llama.h"
#include "core/error.h"

namespace llmbox {

namespace {

AltUpSpec altup_spec(const ConfigReader& config, const LlamaShape& shape, const std::string& name) {
  const int64_t hidden = config.integer("hidden_size"), n = config.integer("altup_num_inputs", 4);
  AltUpSpec altup{.name = name, .n_stream = n, .active = config.count("altup_active_idx", 0)};
  if (altup.active >= n || n > 64)
    fail(config.where(), "expected altup_active_idx below altup_num_inputs, got {} and {}", altup.active, n);
  altup.scale_active = config.flag("altup_correct_scale", true);
  altup.router_norm = llama_norm(config, shape, name + ".router_norm", hidden);
  altup.router = {.name = name + ".modality_router", .in = hidden, .out = n};
  altup.predict = {.name = name + ".prediction_coefs", .in = n, .out = n * n};
  altup.correct = {.name = name + ".correction_coefs", .in = n, .out = n};
  return altup;
}

LaurelSpec laurel_spec(const ConfigReader& config, const LlamaShape& shape, const std::string& name) {
  const int64_t hidden = config.integer("hidden_size"), rank = config.integer("laurel_rank", 64);
  return {.left = {.name = name + ".linear_left", .in = hidden, .out = rank},
          .right = {.name = name + ".linear_right", .in = rank, .out = hidden},
          .norm = llama_norm(config, shape, name + ".post_laurel_norm", hidden)};
}

LayerInputSpec input_spec(const ConfigReader& config, const LlamaShape& shape, const std::string& name) {
  const int64_t hidden = config.integer("hidden_size"), size = config.integer("hidden_size_per_layer_input", 256);
  return {.gate = {.name = name + ".per_layer_input_gate", .in = hidden, .out = size},
          .project = {.name = name + ".per_layer_projection", .in = size, .out = hidden},
          .norm = llama_norm(config, shape, name + ".post_per_layer_input_norm", hidden),
          .activation = read_activation(config, shape.activation_key, shape.activation)};
}

LayerInputsSpec inputs_spec(const ConfigReader& config, const LlamaShape& shape, const ModelSpec& spec) {
  const int64_t size = config.integer("hidden_size_per_layer_input", 256), all = size * spec.n_layer();
  LayerInputsSpec inputs;
  inputs.table = {"model.embed_tokens_per_layer", config.integer("vocab_size_per_layer_input", spec.vocab_size), all};
  inputs.scale = std::sqrt(static_cast<double>(size));
  inputs.project = {.name = "model.per_layer_model_projection", .in = spec.hidden_size, .out = all};
  inputs.project_scale = 1.0 / std::sqrt(static_cast<double>(spec.hidden_size));
  inputs.norm = llama_norm(config, shape, "model.per_layer_projection_norm", size);
  return inputs;
}

StreamsSpec streams_spec(const ConfigReader& config, int64_t hidden) {
  StreamsSpec streams;
  for (int64_t i = 0; i + 1 < config.integer("altup_num_inputs", 4); ++i) {
    const std::string number = std::to_string(i);
    streams.spread.push_back({.name = "model.altup_projections." + number, .in = hidden, .out = hidden});
    streams.merge.push_back({.name = "model.altup_unembed_projections." + number, .in = hidden, .out = hidden});
  }
  return streams;
}

/// The last layers read the keys and values of the last layer of their kind before them.
void share_keys(const ConfigReader& config, ModelSpec& spec) {
  const int64_t first = spec.n_layer() - config.count("num_kv_shared_layers", 15);
  for (int64_t i = std::max<int64_t>(first, 0); i < spec.n_layer(); ++i) {
    AttentionSpec& attention = spec.layers[static_cast<size_t>(i)].attention;
    int64_t source = first - 1;
    while (source >= 0 && spec.layers[static_cast<size_t>(source)].attention.rope != attention.rope) --source;
    if (source < 0)
      fail(config.where(), "expected a layer of the same kind before the {} shared ones, found none for layer {}",
           spec.n_layer() - first, i);
    spec.layers[static_cast<size_t>(source)].attention.is_shared = true;
    attention.shared_with = static_cast<int>(source);
    attention.qkv.resize(1);
    attention.k_norm.reset();
    attention.v_norm.reset();
  }
}

}  // namespace

/// Gemma 3n's text part: a stream of several blocks (AltUp), a low-rank residual (LAuReL), embeddings of single layers,
/// sparse activations in the first layers, keys and values shared by the last.
ModelSpec parse_gemma3n_text(const ConfigReader& config) {
  LlamaShape shape;
  shape.qkv_bias = shape.out_bias = config.flag("attention_bias", false);
  shape.activation_key = "hidden_activation";
  shape.activation = "gelu_pytorch_tanh";
  shape.inner_key = "hidden_size";  // intermediate_size is each layer's own, see below
  shape.tied_head = true;
  shape.qk_norm = true;
  shape.default_head_dim = 256;
  ModelSpec spec = llama_spec(config, shape);
  const auto slides = read_sliding_layers(config, [](int64_t layer) { return (layer + 1) % 5 != 0; });
  const int64_t head_dim = spec.layers[0].attention.head_dim, window = config.integer("sliding_window", 512);
  const auto ropes = read_nested_ropes(config, head_dim);
  spec.ropes = ropes ? std::vector{ropes->full, ropes->sliding}
                     : std::vector{read_rope(config, head_dim, {.theta = 1e6}),
                                   RopeSpec{.dim = head_dim, .theta = config.number("rope_local_base_freq", 10000)}};
  const std::vector<double> sparsity = config.numbers("activation_sparsity_pattern", spec.layers.size(), 0);
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    const std::string name = "model.layers." + std::to_string(i);
    const bool sliding = slides(static_cast<int64_t>(i));
    LayerSpec& layer = spec.layers[i];
    layer.after_attention = llama_norm(config, shape, name + ".post_attention_layernorm", spec.hidden_size);
    layer.before_ffn = llama_norm(config, shape, name + ".pre_feedforward_layernorm", spec.hidden_size);
    layer.after_ffn = llama_norm(config, shape, name + ".post_feedforward_layernorm", spec.hidden_size);
    AttentionSpec& attention = layer.attention;
    attention.scale = 1;
    attention.window = sliding ? window : 0;
    attention.rope = sliding ? 1 : 0;
    attention.v_norm = llama_norm(config, shape, attention.name + ".v_norm", attention.head_dim);
    attention.v_norm->has_weight = false;
    layer.ffn = llama_ffn(config, shape, name + ".mlp", config.integer_of_layer("intermediate_size", i));
    layer.ffn.sparsity = sparsity[i];
    layer.altup = altup_spec(config, shape, name + ".altup");
    layer.laurel = laurel_spec(config, shape, name + ".laurel");
    layer.input = input_spec(config, shape, name);
  }
  share_keys(config, spec);
  spec.embedding_scale = std::sqrt(static_cast<double>(spec.hidden_size));
  spec.layer_inputs = inputs_spec(config, shape, spec);
  spec.streams = streams_spec(config, spec.hidden_size);
  spec.logit_softcap = config.number("final_logit_softcapping", 30);
  return spec;
}

}  // namespace llmbox
