#include "train/batch.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "adapter/prompt.h"
#include "core/test_shared.h"
#include "train/objective/objective.h"

namespace llmbox {
namespace {

PackedRow two_segments() {
  return {.tokens = {7, 8, 9, 20, 21},
          .positions = {0, 1, 2, 0, 1},
          .labels = {8, 9, kNoTarget, 21, kNoTarget},
          .segment_starts = {0, 3, 5}};
}

TEST(VirtualTokens, StandInFrontOfEachSegmentWithoutTargets) {
  const PackedRow row = with_virtual_tokens(two_segments(), {100, 101});
  EXPECT_EQ(row.tokens, (std::vector<int32_t>{100, 101, 7, 8, 9, 100, 101, 20, 21}));
  EXPECT_EQ(row.positions, (std::vector<int32_t>{0, 1, 2, 3, 4, 0, 1, 2, 3}));
  EXPECT_EQ(row.labels,
            (std::vector<int32_t>{kNoTarget, kNoTarget, 8, 9, kNoTarget, kNoTarget, kNoTarget, 21, kNoTarget}));
  EXPECT_EQ(row.segment_starts, (std::vector<int64_t>{0, 5, 9}));
  EXPECT_EQ(with_virtual_tokens(two_segments(), {}).tokens, two_segments().tokens);
}

TEST(VirtualTokens, LearnFromPackedRows) {
  REQUIRE_SHARED();
  for (const char* name : {"prompt_tuning", "prefix_tuning"}) {
    const auto model = Decoder::load(shared_path("fixtures/architectures/llama3_1"));
    NamedTensors trained = load_adapter(*model, shared_path(std::string("fixtures/adapters/") + name), true);
    const auto objective = make_objective("pt");
    const PackedRow row = with_virtual_tokens(two_segments(), virtual_token_ids(*model));
    std::vector<double> losses;
    for (int step = 0; step < 12; ++step) {
      const DeviceBatch batch = to_device(row);
      const at::Tensor loss = objective->loss_sum(*model, batch);
      loss.backward();
      losses.push_back(loss.item<double>());
      const at::NoGradGuard no_grad;
      at::Tensor& rows = trained.at(0).second;
      rows.sub_(rows.grad() / rows.grad().norm(), 0.1);
      rows.mutable_grad().reset();
    }
    EXPECT_LT(losses.back(), losses.front() - 0.1) << name;
  }
}

}  // namespace
}  // namespace llmbox
