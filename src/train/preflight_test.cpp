#include "train/preflight.h"

#include <gtest/gtest.h>

#include "core/test_shared.h"
#include "quant/load.h"

namespace llmbox {
namespace {

TEST(MemoryPlan, CountsTheActivationsOfEveryKindOfLayer) {
  REQUIRE_SHARED();
  TrainConfig whole, recomputed;
  recomputed.model.gradient_checkpointing = true;
  // gpt2: its n_inner is null. mixtral, gpt_oss: experts apart and fused.
  const std::vector<std::pair<const char*, int64_t>> widths = {{"gpt2", 192}, {"mixtral", 2 * 56}, {"gpt_oss", 2 * 24}};
  for (const auto& [name, inner] : widths) {
    const auto model = load_decoder(shared_path(std::string("fixtures/architectures/") + name), {.dtype = at::kFloat});
    const int64_t hidden = model->spec().hidden_size, layers = model->spec().n_layer();
    EXPECT_EQ(plan_memory(*model, whole, {}, 10).activations, 10 * 4 * layers * (12 * hidden + 4 * inner)) << name;
    EXPECT_EQ(plan_memory(*model, recomputed, {}, 10).activations, 10 * 4 * layers * hidden) << name;
  }
}

}  // namespace
}  // namespace llmbox
