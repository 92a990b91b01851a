#include "arch/family.h"
#include "arch/shape/moe.h"
#include "core/error.h"

namespace llmbox {

ModelSpec parse_phimoe(const ConfigReader& config) {
  LlamaShape shape;
  shape.qkv_bias = shape.out_bias = config.flag("attention_bias", false);
  shape.norm_kind = NormKind::layer;
  shape.norm_bias = true;
  shape.eps = 1e-5;
  shape.window = read_windows(config, config.integer("sliding_window", 0), [](int64_t) { return true; });
  ModelSpec spec = llama_spec(config, shape);
  spec.head.has_bias = config.flag("lm_head_bias", false);
  if (config.integer("num_experts_per_tok", 2) != 2)
    fail(config.where(), "expected 2 for 'num_experts_per_tok', got {}", config.integer("num_experts_per_tok"));
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    const std::string name = "model.layers." + std::to_string(i) + ".block_sparse_moe";
    MoeSpec moe = moe_spec(config, shape, {.layer = name}, config.integer("num_local_experts"),
                           config.integer("intermediate_size"));
    moe.router.score = RouterScore::sparse_mixer;
    moe.router.jitter = config.number("router_jitter_noise", 0.01);
    for (size_t e = 0; e < moe.experts.size(); ++e) {
      const std::string expert = name + ".experts." + std::to_string(e);
      moe.experts[e].gate->name = expert + ".w1";
      moe.experts[e].down.name = expert + ".w2";
      moe.experts[e].up.name = expert + ".w3";
    }
    spec.layers[i].moe = std::move(moe);
  }
  return spec;
}

}  // namespace llmbox
