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
    MoeSpec moe = mixtral_moe_spec(config, shape, i);
    moe.router.score = RouterScore::sparse_mixer;
    moe.router.jitter = config.number("router_jitter_noise", 0.01);
    spec.layers[i].moe = std::move(moe);
  }
  return spec;
}

}  // namespace llmbox
