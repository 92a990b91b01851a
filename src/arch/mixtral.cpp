#include "arch/family.h"
#include "arch/shape/moe.h"

namespace llmbox {

ModelSpec parse_mixtral(const ConfigReader& config) {
  LlamaShape shape;
  shape.eps = 1e-5;
  shape.rope.theta = 1e6;
  shape.window = read_windows(config, config.integer("sliding_window", 0), [](int64_t) { return true; });
  ModelSpec spec = llama_spec(config, shape);
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    const std::string name = "model.layers." + std::to_string(i) + ".block_sparse_moe";
    MoeSpec moe = moe_spec(config, shape, {.layer = name}, config.integer("num_local_experts"),
                           config.integer("intermediate_size"));
    moe.router.renormalise = true;
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
