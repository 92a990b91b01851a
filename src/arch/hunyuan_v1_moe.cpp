#include "arch/family.h"
#include "arch/shape/moe.h"

namespace llmbox {

namespace {

MoeSpec hunyuan_moe(const ConfigReader& config, const LlamaShape& shape, size_t layer) {
  const std::string name = "model.layers." + std::to_string(layer) + ".mlp";
  MoeSpec moe;
  moe.n_expert = config.integer_of_layer("num_experts", layer);
  check_expert_count(config, moe.n_expert);
  moe.router.gate = {.name = name + ".gate.wg", .in = config.integer("hidden_size"), .out = moe.n_expert};
  moe.router.n_chosen = config.integer_of_layer("moe_topk", layer);
  moe.router.in_float = true;
  moe.router.renormalise = true;
  const int64_t inner = config.has("moe_intermediate_size") ? config.integer_of_layer("moe_intermediate_size", layer)
                                                            : config.integer("intermediate_size");
  for (int64_t i = 0; i < moe.n_expert; ++i)
    moe.experts.push_back(llama_ffn(config, shape, name + ".experts." + std::to_string(i), inner));
  if (config.flag("use_mixed_mlp_moe", true))
    moe.shared = llama_ffn(config, shape, name + ".shared_mlp", config.integer("intermediate_size"));
  check_moe(config, moe);
  return moe;
}

}  // namespace

ModelSpec parse_hunyuan_v1_moe(const ConfigReader& config) {
  ModelSpec spec = parse_hunyuan_v1_dense(config);
  for (size_t i = 0; i < spec.layers.size(); ++i) spec.layers[i].moe = hunyuan_moe(config, {}, i);
  return spec;
}

}  // namespace llmbox
