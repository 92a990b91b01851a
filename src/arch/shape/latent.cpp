#include "arch/shape/latent.h"

#include <cmath>

#include "arch/shape/moe.h"

namespace llmbox {

namespace {

/// The norms inside keep an eps of their own, whatever rms_norm_eps says.
NormSpec latent_norm(const std::string& name, int64_t size) { return {.name = name, .size = size, .eps = 1e-6}; }

void read_q(const ConfigReader& config, AttentionSpec& attention) {
  const int64_t hidden = config.integer("hidden_size"), q_size = attention.n_head * attention.head_dim;
  LatentSpec& latent = *attention.latent;
  const int64_t rank = config.count("q_lora_rank", 0);
  if (rank == 0) {
    latent.q_up = {.name = attention.name + ".q_proj", .in = hidden, .out = q_size};
    return;
  }
  latent.q_down = LinearSpec{.name = attention.name + ".q_a_proj",
                             .in = hidden,
                             .out = rank,
                             .has_bias = config.flag("attention_bias", false)};
  latent.q_norm = latent_norm(attention.name + ".q_a_layernorm", rank);
  latent.q_up = {.name = attention.name + ".q_b_proj", .in = rank, .out = q_size};
}

AttentionSpec latent_attention(const ConfigReader& config, const std::string& name) {
  const int64_t hidden = config.integer("hidden_size"), rank = config.integer("kv_lora_rank");
  const bool bias = config.flag("attention_bias", false);
  AttentionSpec attention;
  attention.name = name;
  attention.n_head = attention.n_kv_head = config.integer("num_attention_heads");
  attention.latent.emplace();
  LatentSpec& latent = *attention.latent;
  latent.nope_dim = config.integer("qk_nope_head_dim");
  latent.rope_dim = config.integer("qk_rope_head_dim");
  attention.head_dim = latent.nope_dim + latent.rope_dim;
  attention.own_value_dim = config.integer("v_head_dim");
  read_q(config, attention);
  latent.kv_down = {
      .name = name + ".kv_a_proj_with_mqa", .in = hidden, .out = rank + latent.rope_dim, .has_bias = bias};
  latent.kv_norm = latent_norm(name + ".kv_a_layernorm", rank);
  latent.kv_up = {
      .name = name + ".kv_b_proj", .in = rank, .out = attention.n_head * (latent.nope_dim + attention.own_value_dim)};
  attention.out = {
      .name = name + ".o_proj", .in = attention.n_head * attention.own_value_dim, .out = hidden, .has_bias = bias};
  attention.rope = 0;
  attention.scale = 1.0 / std::sqrt(static_cast<double>(attention.head_dim));
  return attention;
}

/// YaRN's magnitude, squared, is in the softmax scale (published code; transformers before 5 left it out).
double yarn_scale(const ConfigReader& config) {
  const char* key = config.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
  if (!config.has(key)) return 1;
  const ConfigReader fields = config.child(key);
  const double factor = fields.number("factor", 1), all_dim = fields.number("mscale_all_dim", 0);
  if (fields.text("rope_type", fields.text("type", "default")) == "default" || factor <= 1 || all_dim == 0) return 1;
  const double magnitude = 0.1 * all_dim * std::log(factor) + 1;
  return magnitude * magnitude;
}

MoeSpec deepseek_moe(const ConfigReader& config, const LlamaShape& shape, RouterScore score, const std::string& name) {
  const int64_t inner = config.integer("moe_intermediate_size");
  MoeSpec moe = moe_spec(config, shape, {.layer = name}, config.integer("n_routed_experts"), inner);
  RouterSpec& router = moe.router;
  const bool corrected = score == RouterScore::sigmoid;
  router.score = score;
  router.in_float = true;
  if (corrected) router.correction = router.gate.name + ".e_score_correction_bias";
  router.group_score = corrected ? GroupScore::best_two : GroupScore::best;
  if (config.text("topk_method", corrected ? "noaux_tc" : "greedy") != "greedy") {
    router.n_group = config.integer("n_group", 1);
    router.n_group_kept = config.integer("topk_group", 1);
  }
  router.renormalise = config.flag("norm_topk_prob", corrected);
  router.scale = config.number("routed_scaling_factor", 1);
  check_moe(config, moe);
  if (const int64_t shared = config.count("n_shared_experts", 0); shared > 0)
    moe.shared = llama_ffn(config, shape, name + ".shared_experts", shared * inner);
  return moe;
}

RouterScore read_score(const ConfigReader& config, RouterScore fallback) {
  if (config.text("topk_method", "") == "noaux_tc") return RouterScore::sigmoid;
  if (!config.has("scoring_func")) return fallback;
  return config.text("scoring_func", "") == "sigmoid" ? RouterScore::sigmoid : RouterScore::softmax;
}

}  // namespace

ModelSpec latent_spec(const ConfigReader& config, const LlamaShape& shape) {
  ModelSpec spec = llama_spec(config, shape);
  spec.ropes = {read_rope(config, config.integer("qk_rope_head_dim"))};
  spec.ropes[0].interleaved = config.flag("rope_interleave", true);
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    AttentionSpec& attention = spec.layers[i].attention;
    attention = latent_attention(config, "model.layers." + std::to_string(i) + ".self_attn");
    attention.scale *= yarn_scale(config);
  }
  return spec;
}

void add_deepseek_moe(const ConfigReader& config, const LlamaShape& shape, RouterScore fallback, ModelSpec& spec) {
  const RouterScore score = read_score(config, fallback);
  const int64_t first = config.count("first_k_dense_replace", 0), every = config.integer("moe_layer_freq", 1);
  for (int64_t i = first; i < spec.n_layer(); ++i) {
    const std::string name = "model.layers." + std::to_string(i) + ".mlp";
    if (i % every == 0) spec.layers[static_cast<size_t>(i)].moe = deepseek_moe(config, shape, score, name);
  }
  // The next-token-prediction layers past the last one are for training from scratch.
  for (int64_t i = 0; i < config.count("num_nextn_predict_layers", 0); ++i)
    spec.ignored_prefixes.push_back("model.layers." + std::to_string(spec.n_layer() + i) + ".");
}

ModelSpec deepseek_spec(const ConfigReader& config, RouterScore fallback) {
  LlamaShape shape;
  shape.mlp_bias = config.flag("mlp_bias", false);
  ModelSpec spec = latent_spec(config, shape);
  add_deepseek_moe(config, shape, fallback, spec);
  return spec;
}

}  // namespace llmbox
