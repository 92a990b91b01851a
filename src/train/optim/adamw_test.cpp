#include "train/optim/adamw.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>

#include "core/error.h"
#include "core/test_shared.h"

namespace llmbox {
namespace {

NamedTensors start_parameters() {
  SafetensorsFile data = SafetensorsFile::open(shared_path("fixtures/optimizers/data.safetensors"));
  NamedTensors out;
  for (const std::string& name : data.names())
    if (name.starts_with("start/")) out.emplace_back(name.substr(6), data.tensor(name).clone());
  return out;
}

TEST(AdamW, FollowsTheReferenceForTwelveSteps) {
  REQUIRE_SHARED();
  SafetensorsFile data = SafetensorsFile::open(shared_path("fixtures/optimizers/data.safetensors"));
  SafetensorsFile expected = SafetensorsFile::open(shared_path("fixtures/optimizers/adamw.safetensors"));
  NamedTensors parameters = start_parameters();
  AdamW adamw(parameters, {.weight_decay = 0.1});
  for (int64_t k = 0; k < 12; ++k) {
    std::vector<at::Tensor> grads;
    for (auto& [name, tensor] : parameters) grads.push_back(data.tensor("grad/" + name)[k].clone());
    adamw.step(grads, 0.01, 1.0);
    for (auto& [name, tensor] : parameters) {
      const std::string key = "step" + std::to_string(k + 1) + "/" + name;
      if (!expected.contains(key)) continue;
      EXPECT_TRUE(at::allclose(tensor, expected.tensor(key), 1e-5, 2e-6)) << key;
    }
  }
}

TEST(AdamW, MasterWeightsKeepWhatBf16Loses) {
  at::Tensor half = at::ones({64}, at::kBFloat16), full = at::ones({64});
  AdamW a({{"w", half}}, {}), b({{"w", full}}, {});
  for (int i = 0; i < 50; ++i) {
    a.step({at::ones({64}, at::kBFloat16)}, 1e-4, 1.0);
    b.step({at::ones({64})}, 1e-4, 1.0);
  }
  EXPECT_TRUE(at::equal(half, full.to(at::kBFloat16)));
  EXPECT_LT(half[0].item<double>(), 1.0);  // each step alone is below a bf16 step
}

TEST(AdamW, StateGoesOnBitForBit) {
  at::Tensor one = at::linspace(-1, 1, 100), two;
  AdamW a({{"w", one}}, {.weight_decay = 0.1});
  a.step({at::sin(one * 7)}, 1e-2, 0.5);
  two = one.clone();
  AdamW b({{"w", two}}, {.weight_decay = 0.1});
  std::map<std::string, at::Tensor> state;
  for (const auto& [name, tensor] : a.state()) state[name] = tensor.clone();
  b.load_state([&](const std::string& name) { return state.at(name); });
  for (AdamW* adamw : {&a, &b}) adamw->step({at::cos(at::arange(100.0).to(at::kFloat))}, 1e-2, 1.0);
  EXPECT_TRUE(at::equal(one, two));
}

TEST(AdamW, RefusesTheStateOfOtherParameters) {
  AdamW a({{"w", at::zeros({3})}}, {});
  EXPECT_NE(message_of([&] { a.load_state([](const std::string&) { return at::zeros({4}); }); }).find("exp_avg.w"),
            std::string::npos);
}

TEST(AdamW, NeitherNormsNorBiasesDecay) {
  EXPECT_FALSE(decays_by_default("model.layers.0.input_layernorm.weight", at::zeros({4})));
  EXPECT_FALSE(decays_by_default("h.0.ln_1.weight", at::zeros({4})));
  EXPECT_FALSE(decays_by_default("h.0.attn.c_attn.bias", at::zeros({4})));
  EXPECT_TRUE(decays_by_default("model.embed_tokens.weight", at::zeros({4, 4})));
  EXPECT_TRUE(decays_by_default("model.layers.0.self_attn.q_proj.lora_A.weight", at::zeros({4, 4})));
}

TEST(Clipping, EqualsTheReference) {
  REQUIRE_SHARED();
  EXPECT_DOUBLE_EQ(clip_factor(0.5, 1.0), 1.0);
  EXPECT_DOUBLE_EQ(clip_factor(4.0, 1.0), 1.0 / (4.0 + 1e-6));
  EXPECT_DOUBLE_EQ(clip_factor(4.0, 0), 1.0);
  EXPECT_NEAR(global_norm({at::full({3}, 2.0f), {}, at::full({4}, 1.0f, at::kBFloat16)}), 4.0, 1e-6);
}

}  // namespace
}  // namespace llmbox
