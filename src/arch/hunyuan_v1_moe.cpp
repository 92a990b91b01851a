#include "arch/family.h"
#include "arch/shape/moe.h"
#include "core/error.h"

namespace llmbox {

namespace {

/// A number for all layers, or a list with one for each.
int64_t of_layer(const ConfigReader& config, const char* key, size_t layer) {
  if (!config.has(key) || !config.at(key).is_array()) return config.integer(key);
  const Json& list = config.at(key);
  if (layer >= list.size() || !list[layer].is_number_integer())
    fail(config.where(), "expected an integer for each layer in '{}', got {}", key, list.dump());
  return list[layer].get<int64_t>();
}

MoeSpec hunyuan_moe(const ConfigReader& config, const LlamaShape& shape, size_t layer) {
  const std::string name = "model.layers." + std::to_string(layer) + ".mlp";
  MoeSpec moe;
  moe.n_expert = of_layer(config, "num_experts", layer);
  check_expert_count(config, moe.n_expert);
  moe.router.gate = {.name = name + ".gate.wg", .in = config.integer("hidden_size"), .out = moe.n_expert};
  moe.router.n_chosen = of_layer(config, "moe_topk", layer);
  moe.router.in_float = true;
  moe.router.renormalise = true;
  const int64_t inner = config.has("moe_intermediate_size") ? of_layer(config, "moe_intermediate_size", layer)
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
