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
    MoeSpec moe = mixtral_moe_spec(config, shape, i);
    moe.router.renormalise = true;
    spec.layers[i].moe = std::move(moe);
  }
  return spec;
}

}  // namespace llmbox
