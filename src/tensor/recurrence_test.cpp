#include "tensor/causal_conv.h"
#include "tensor/gated_delta.h"
#include "tensor/op_check.h"
#include "tensor/selective_scan.h"

namespace llmbox {
namespace {

const std::vector<int64_t> kStarts{0, 70, 71, 200};

/// Inputs of a scan over 20 channels and 5 state numbers: x, step > 0, decay < 0, input, output.
Tensors scan_inputs() {
  return {random_tensor({200, 20}, at::kFloat, 1), random_tensor({200, 20}, at::kFloat, 2).abs() * 0.3,
          -random_tensor({20, 5}, at::kFloat, 3).abs(), random_tensor({200, 5}, at::kFloat, 4),
          random_tensor({200, 5}, at::kFloat, 5)};
}

/// Inputs of the delta rule over 3 heads of 8 × 6.
Tensors delta_inputs() {
  const at::Tensor k = random_tensor({200, 3, 8}, at::kFloat, 2);
  return {random_tensor({200, 3, 8}, at::kFloat, 1), k / k.norm(2, {-1}, true),
          random_tensor({200, 3, 6}, at::kFloat, 3), -random_tensor({200, 3}, at::kFloat, 4).abs() * 0.2,
          random_tensor({200, 3}, at::kFloat, 5).sigmoid()};
}

TEST(SelectiveScanTest, EqualsNaiveInValueAndGradients) {
  const Op op = [](const Tensors& t) { return selective_scan({t[0], t[1], t[2], t[3], t[4]}, kStarts, {}); };
  const Op naive = [](const Tensors& t) { return selective_scan_naive({t[0], t[1], t[2], t[3], t[4]}, kStarts); };
  expect_equal_to_naive(op, naive, scan_inputs(), at::kFloat);
}

TEST(GatedDeltaTest, EqualsNaiveInValueAndGradients) {
  const Op op = [](const Tensors& t) { return gated_delta({t[0], t[1], t[2], t[3], t[4]}, kStarts, {}); };
  const Op naive = [](const Tensors& t) { return gated_delta_naive({t[0], t[1], t[2], t[3], t[4]}, kStarts); };
  expect_equal_to_naive(op, naive, delta_inputs(), at::kFloat);
}

TEST(CausalConvTest, EachSegmentStartsFromNothing) {
  const at::Tensor x = random_tensor({200, 6}, at::kFloat, 1), weight = random_tensor({6, 4}, at::kFloat, 2);
  const at::Tensor bias = random_tensor({6}, at::kFloat, 3), y = causal_conv(x, weight, bias, kStarts, {});
  for (size_t s = 0; s + 1 < kStarts.size(); ++s) {
    const at::Tensor part = x.slice(0, kStarts[s], kStarts[s + 1]).t().unsqueeze(0);  // (1, C, T)
    const at::Tensor expected = at::conv1d(at::constant_pad_nd(part, {3, 0}), weight.unsqueeze(1), bias,
                                           at::IntArrayRef{1}, at::IntArrayRef{0}, at::IntArrayRef{1}, 6)
                                    .squeeze(0)
                                    .t();
    EXPECT_LE(relative_error(y.slice(0, kStarts[s], kStarts[s + 1]), expected), 1e-6);
  }
}

/// Runs 200 tokens of one sequence in calls cut at these places.
template <class Run>
at::Tensor in_pieces(const std::vector<int64_t>& cuts, const Run& run) {
  Tensors parts;
  for (size_t i = 0; i + 1 < cuts.size(); ++i) parts.push_back(run(cuts[i], cuts[i + 1]));
  return at::cat(parts);
}

TEST(RecurrenceTest, CutsDoNotChangeABit) {
  const Tensors scan = scan_inputs(), delta = delta_inputs();
  const at::Tensor weight = random_tensor({20, 4}, at::kFloat, 9);
  at::Tensor first[3];
  for (const std::vector<int64_t>& cuts : {std::vector<int64_t>{0, 200}, {0, 1, 2, 64, 65, 199, 200}}) {
    at::Tensor h = at::zeros({1, 20, 5}), m = at::zeros({1, 3, 8, 6}), inputs = at::zeros({1, 3, 20});
    const auto run_scan = [&](int64_t a, int64_t b) {
      const auto cut = [&](size_t i) { return scan[i].slice(0, a, b); };
      return selective_scan({cut(0), cut(1), scan[2], cut(3), cut(4)}, std::vector<int64_t>{0, b - a}, h);
    };
    const auto run_delta = [&](int64_t a, int64_t b) {
      const auto cut = [&](size_t i) { return delta[i].slice(0, a, b); };
      return gated_delta({cut(0), cut(1), cut(2), cut(3), cut(4)}, std::vector<int64_t>{0, b - a}, m);
    };
    const auto run_conv = [&](int64_t a, int64_t b) {
      const at::Tensor x = scan[0].slice(0, a, b),
                       y = causal_conv(x, weight, {}, std::vector<int64_t>{0, b - a}, inputs);
      inputs = causal_conv_states(x, 4, std::vector<int64_t>{0, b - a}, inputs);
      return y;
    };
    const at::Tensor now[3] = {in_pieces(cuts, run_scan), in_pieces(cuts, run_delta), in_pieces(cuts, run_conv)};
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(!first[i].defined() || at::equal(first[i], now[i])) << i;
      first[i] = now[i];
    }
  }
}

}  // namespace
}  // namespace llmbox
