#include "arch/family.h"
#include "arch/shape/moe.h"

namespace llmbox {

/// Granite with experts, which lie in one tensor each way.
ModelSpec parse_granitemoe(const ConfigReader& config) {
  ModelSpec spec = parse_granite(config);
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    const std::string name = "model.layers." + std::to_string(i) + ".block_sparse_moe";
    MoeSpec moe;
    moe.n_expert = config.integer("num_local_experts");
    check_expert_count(config, moe.n_expert);
    moe.router.gate = {.name = name + ".router.layer", .in = spec.hidden_size, .out = moe.n_expert};
    moe.router.score = RouterScore::softmax_of_chosen;
    moe.router.n_chosen = config.integer("num_experts_per_tok");
    moe.fused = FusedExpertsSpec{.gate_up = name + ".input_linear.weight",
                                 .down = name + ".output_linear.weight",
                                 .inner = config.integer("intermediate_size")};
    check_moe(config, moe);
    spec.layers[i].moe = std::move(moe);
  }
  return spec;
}

}  // namespace llmbox
