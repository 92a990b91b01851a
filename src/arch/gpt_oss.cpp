#include "arch/family.h"
#include "arch/shape/moe.h"

namespace llmbox {

namespace {

MoeSpec gpt_oss_moe(const ConfigReader& config, const std::string& name) {
  MoeSpec moe;
  moe.n_expert = config.integer("num_local_experts");
  check_expert_count(config, moe.n_expert);
  moe.router.gate = {
      .name = name + ".router", .in = config.integer("hidden_size"), .out = moe.n_expert, .has_bias = true};
  moe.router.score = RouterScore::softmax_of_chosen;
  moe.router.n_chosen = config.integer("num_experts_per_tok", config.integer("experts_per_token", 4));
  moe.fused = FusedExpertsSpec{.gate_up = name + ".experts.gate_up_proj",
                               .down = name + ".experts.down_proj",
                               .inner = config.integer("intermediate_size"),
                               .transposed = true,
                               .interleaved = true,
                               .has_bias = true,
                               .limit = config.number("swiglu_limit", 7),
                               .alpha = config.number("swiglu_alpha", 1.702)};
  check_moe(config, moe);
  return moe;
}

}  // namespace

ModelSpec parse_gpt_oss(const ConfigReader& config) {
  LlamaShape shape;
  shape.eps = 1e-5;
  shape.qkv_bias = shape.out_bias = config.flag("attention_bias", true);
  shape.rope.theta = 150000;
  shape.default_head_dim = 64;
  const auto even = [](int64_t layer) { return layer % 2 == 0; };
  shape.window = read_windows(config, config.integer("sliding_window", 128), even);
  ModelSpec spec = llama_spec(config, shape);
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    spec.layers[i].attention.has_sinks = true;
    spec.layers[i].moe = gpt_oss_moe(config, "model.layers." + std::to_string(i) + ".mlp");
  }
  return spec;
}

}  // namespace llmbox
