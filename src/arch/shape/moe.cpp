#include "arch/shape/moe.h"

#include <algorithm>

#include "core/error.h"

namespace llmbox {

MoeSpec moe_spec(const ConfigReader& config, const LlamaShape& shape, const MoeNames& names, int64_t n_expert,
                 int64_t inner) {
  check_expert_count(config, n_expert);
  MoeSpec moe;
  moe.n_expert = n_expert;
  moe.router.gate = {.name = names.layer + "." + names.router, .in = config.integer("hidden_size"), .out = n_expert};
  moe.router.n_chosen = config.integer("num_experts_per_tok");
  const std::string prefix = names.layer + "." + names.experts + ".";
  for (int64_t i = 0; i < n_expert; ++i)
    moe.experts.push_back(llama_ffn(config, shape, prefix + std::to_string(i), inner));
  check_moe(config, moe);
  return moe;
}

MoeSpec mixtral_moe_spec(const ConfigReader& config, const LlamaShape& shape, size_t layer) {
  const std::string name = "model.layers." + std::to_string(layer) + ".block_sparse_moe";
  MoeSpec moe = moe_spec(config, shape, {.layer = name}, config.integer("num_local_experts"),
                         config.integer("intermediate_size"));
  for (size_t e = 0; e < moe.experts.size(); ++e) {
    const std::string expert = name + ".experts." + std::to_string(e);
    moe.experts[e].gate->name = expert + ".w1";
    moe.experts[e].down.name = expert + ".w2";
    moe.experts[e].up.name = expert + ".w3";
  }
  return moe;
}

void check_moe(const ConfigReader& config, const MoeSpec& moe) {
  const RouterSpec& router = moe.router;
  if (router.n_chosen > moe.n_expert)
    fail(config.where(), "expected num_experts_per_tok to be at most the number of experts, got {} and {}",
         router.n_chosen, moe.n_expert);
  if (moe.n_expert % router.n_group != 0 || router.n_group_kept > router.n_group ||
      router.n_group_kept * (moe.n_expert / router.n_group) < router.n_chosen)
    fail(config.where(), "expected groups that hold the chosen experts, got {} experts, {} groups, {} kept, {} chosen",
         moe.n_expert, router.n_group, router.n_group_kept, router.n_chosen);
}

bool is_sparse_layer(const ConfigReader& config, int64_t layer) {
  if (config.has("mlp_only_layers")) {
    const Json& dense = config.at("mlp_only_layers");
    if (std::find(dense.begin(), dense.end(), Json(layer)) != dense.end()) return false;
  }
  return (layer + 1) % config.integer("decoder_sparse_step", 1) == 0;
}

MoeSpec qwen_moe_spec(const ConfigReader& config, const LlamaShape& shape, int64_t layer, bool renormalise) {
  const std::string name = "model.layers." + std::to_string(layer) + ".mlp";
  const int64_t hidden = config.integer("hidden_size");
  // transformers 5 writes Mixtral's key.
  const int64_t n_expert =
      config.has("num_experts") ? config.integer("num_experts") : config.integer("num_local_experts");
  MoeSpec moe = moe_spec(config, shape, {.layer = name}, n_expert, config.integer("moe_intermediate_size"));
  moe.router.renormalise = config.flag("norm_topk_prob", renormalise);
  if (const int64_t inner = config.count("shared_expert_intermediate_size", 0); inner > 0) {
    moe.shared = llama_ffn(config, shape, name + ".shared_expert", inner);
    moe.shared_gate = LinearSpec{.name = name + ".shared_expert_gate", .in = hidden, .out = 1};
  }
  return moe;
}

}  // namespace llmbox
