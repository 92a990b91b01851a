#include "arch/family.h"
#include "arch/shape/moe.h"

namespace llmbox {

namespace {

MoeSpec ernie_moe(const ConfigReader& config, const LlamaShape& shape, const std::string& name) {
  const int64_t inner = config.integer("moe_intermediate_size");
  // The published files say moe_num_experts and moe_k.
  const int64_t n = config.has("moe_num_experts") ? config.integer("moe_num_experts") : config.integer("num_experts");
  check_expert_count(config, n);
  MoeSpec moe;
  moe.n_expert = n;
  moe.router.gate = {.name = name + ".gate", .in = config.integer("hidden_size"), .out = n};
  moe.router.n_chosen = config.integer("moe_k", config.integer("num_experts_per_tok", 6));
  moe.router.in_float = true;
  moe.router.correction = name + ".moe_statics.e_score_correction_bias";
  moe.router.correction_is_row = true;
  moe.router.renormalise = true;
  for (int64_t i = 0; i < n; ++i)
    moe.experts.push_back(llama_ffn(config, shape, name + ".experts." + std::to_string(i), inner));
  if (const int64_t shared = config.count("moe_num_shared_experts", 0); shared > 0)
    moe.shared = llama_ffn(config, shape, name + ".shared_experts", shared * inner);
  check_moe(config, moe);
  return moe;
}

}  // namespace

ModelSpec parse_ernie4_5_moe(const ConfigReader& config) {
  LlamaShape shape;
  shape.eps = 1e-5;
  shape.qkv_bias = shape.out_bias = shape.mlp_bias = config.flag("use_bias", false);
  shape.tied_head = true;
  shape.rope.theta = 500000;
  ModelSpec spec = llama_spec(config, shape);
  spec.ropes[0].interleaved = true;
  const int64_t first = config.count("moe_layer_start_index", 1), every = config.integer("moe_layer_interval", 1);
  const int64_t end = config.has("moe_layer_end_index") && config.at("moe_layer_end_index") == -1
                          ? spec.n_layer() - 1
                          : config.count("moe_layer_end_index", spec.n_layer() - 1);
  for (int64_t i = first; i <= std::min(end, spec.n_layer() - 1); ++i)
    if ((i + 1) % every == 0)
      spec.layers[static_cast<size_t>(i)].moe = ernie_moe(config, shape, "model.layers." + std::to_string(i) + ".mlp");
  spec.ignored_prefixes = {"model.mtp_"};
  return spec;
}

}  // namespace llmbox
