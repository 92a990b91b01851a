#include "tensor/causal_conv.h"
#include "tensor/memory_scan.h"
#include "tensor/op_check.h"
#include "tensor/selective_scan.h"
#include "tensor/wkv_scan.h"

namespace llmbox {
namespace {

const std::vector<int64_t> kStarts{0, 70, 71, 200};

/// Inputs of a scan over 20 channels and 5 state numbers: x, step > 0, decay < 0, input, output.
Tensors scan_inputs() {
  return {random_tensor({200, 20}, at::kFloat, 1), random_tensor({200, 20}, at::kFloat, 2).abs() * 0.3,
          -random_tensor({20, 5}, at::kFloat, 3).abs(), random_tensor({200, 5}, at::kFloat, 4),
          random_tensor({200, 5}, at::kFloat, 5)};
}

/// Inputs of a memory of 3 heads of 8 × 6: q, k, v, decays a row, what is sought and what is written back.
Tensors memory_inputs() {
  const at::Tensor k = random_tensor({200, 3, 8}, at::kFloat, 2), unit = k / k.norm(2, {-1}, true);
  return {random_tensor({200, 3, 8}, at::kFloat, 1),
          unit,
          random_tensor({200, 3, 6}, at::kFloat, 3),
          -random_tensor({200, 3, 8}, at::kFloat, 4).abs() * 0.2,
          unit * random_tensor({200, 3, 1}, at::kFloat, 6).sigmoid(),
          -unit * random_tensor({200, 3, 1}, at::kFloat, 5).sigmoid()};
}

TEST(SelectiveScanTest, EqualsNaiveInValueAndGradients) {
  const Op op = [](const Tensors& t) { return selective_scan({t[0], t[1], t[2], t[3], t[4]}, kStarts, {}); };
  const Op naive = [](const Tensors& t) { return selective_scan_naive({t[0], t[1], t[2], t[3], t[4]}, kStarts); };
  expect_equal_to_naive(op, naive, scan_inputs(), at::kFloat);
}

void expect_memory_equals_naive(const Tensors& inputs, bool read_first) {
  const auto scan_of = [read_first](const Tensors& t) {
    MemoryScan in{.q = t[0], .k = t[1], .v = t[2], .log_decay = t[3], .read_first = read_first};
    if (t.size() > 4) in.seek = t[4], in.write = t[5];
    return in;
  };
  const Op op = [&](const Tensors& t) { return memory_scan(scan_of(t), kStarts, {}); };
  const Op naive = [&](const Tensors& t) { return memory_scan_naive(scan_of(t), kStarts); };
  expect_equal_to_naive(op, naive, inputs, at::kFloat);
}

TEST(MemoryScanTest, EqualsNaiveInValueAndGradients) {
  for (const bool read_first : {false, true}) {
    Tensors inputs = memory_inputs();
    expect_memory_equals_naive(inputs, read_first);
    inputs.resize(4);
    expect_memory_equals_naive(inputs, read_first);
    inputs[3] = inputs[3].narrow(2, 0, 1);  // one decay a head
    expect_memory_equals_naive(inputs, read_first);
  }
}

TEST(MemoryScanTest, TakesExpandedInputs) {
  Tensors inputs = memory_inputs();
  inputs.resize(4);
  const at::Tensor decay = inputs[3][0].narrow(1, 0, 1), k = inputs[1].narrow(1, 0, 1);  // (H, 1); a key for all heads
  const auto run = [&](const at::Tensor& key, const at::Tensor& g) {
    return memory_scan({.q = inputs[0], .k = key, .v = inputs[2], .log_decay = g}, kStarts, {});
  };
  const at::Tensor keys = k.expand({200, 3, 8}), decays = decay.unsqueeze(0).expand({200, 3, 1});
  EXPECT_TRUE(at::equal(run(keys, decays), run(keys.contiguous(), decays.contiguous())));
}

/// Inputs of a mean over 20 channels: decay < 0, bonus, k, v.
Tensors wkv_inputs() {
  return {-random_tensor({20}, at::kFloat, 1).abs(), random_tensor({20}, at::kFloat, 2),
          random_tensor({200, 20}, at::kFloat, 3, 2), random_tensor({200, 20}, at::kFloat, 4)};
}

TEST(WkvScanTest, EqualsNaiveInValueAndGradients) {
  const Op op = [](const Tensors& t) { return wkv_scan({t[0], t[1], t[2], t[3]}, kStarts, {}); };
  const Op naive = [](const Tensors& t) { return wkv_scan_naive({t[0], t[1], t[2], t[3]}, kStarts); };
  expect_equal_to_naive(op, naive, wkv_inputs(), at::kFloat);
}

TEST(WkvScanTest, LargeKeysDoNotOverflow) {
  Tensors inputs = wkv_inputs();
  const Op op = [](const Tensors& t) { return wkv_scan({t[0], t[1], t[2], t[3]}, kStarts, {}); };
  const Tensors small = value_and_gradients(op, inputs, at::kFloat);
  inputs[2] = inputs[2] + 300;  // the mean does not change where all keys grow
  const Tensors large = value_and_gradients(op, inputs, at::kFloat);
  for (size_t i = 0; i < small.size(); ++i) EXPECT_LE(relative_error(large[i], small[i]), 1e-4) << i;
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
  const Tensors scan = scan_inputs(), memory = memory_inputs(), wkv = wkv_inputs();
  const at::Tensor weight = random_tensor({20, 4}, at::kFloat, 9);
  at::Tensor first[4];
  for (const std::vector<int64_t>& cuts : {std::vector<int64_t>{0, 200}, {0, 1, 2, 64, 65, 199, 200}}) {
    at::Tensor h = at::zeros({1, 20, 5}), m = at::zeros({1, 3, 8, 6}), inputs = at::zeros({1, 3, 20}),
               sums = empty_wkv_state(20).unsqueeze(0);
    const auto run_scan = [&](int64_t a, int64_t b) {
      const auto cut = [&](size_t i) { return scan[i].slice(0, a, b); };
      return selective_scan({cut(0), cut(1), scan[2], cut(3), cut(4)}, std::vector<int64_t>{0, b - a}, h);
    };
    const auto run_memory = [&](int64_t a, int64_t b) {
      const auto cut = [&](size_t i) { return memory[i].slice(0, a, b); };
      const MemoryScan in{.q = cut(0), .k = cut(1), .v = cut(2), .log_decay = cut(3), .seek = cut(4), .write = cut(5)};
      return memory_scan(in, std::vector<int64_t>{0, b - a}, m);
    };
    const auto run_wkv = [&](int64_t a, int64_t b) {
      return wkv_scan({wkv[0], wkv[1], wkv[2].slice(0, a, b), wkv[3].slice(0, a, b)}, std::vector<int64_t>{0, b - a},
                      sums);
    };
    const auto run_conv = [&](int64_t a, int64_t b) {
      const at::Tensor x = scan[0].slice(0, a, b),
                       y = causal_conv(x, weight, {}, std::vector<int64_t>{0, b - a}, inputs);
      inputs = causal_conv_states(x, 4, std::vector<int64_t>{0, b - a}, inputs);
      return y;
    };
    const at::Tensor now[4] = {in_pieces(cuts, run_scan), in_pieces(cuts, run_memory), in_pieces(cuts, run_conv),
                               in_pieces(cuts, run_wkv)};
    for (int i = 0; i < 4; ++i) {
      EXPECT_TRUE(!first[i].defined() || at::equal(first[i], now[i])) << i;
      first[i] = now[i];
    }
  }
}

}  // namespace
}  // namespace llmbox
