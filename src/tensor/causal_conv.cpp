#include "tensor/causal_conv.h"

#include <ATen/ATen.h>

namespace llmbox {

namespace {

/// Rows that taps read: one of zeros, the states' S · (W - 1), then x.
at::Tensor source_rows(const at::Tensor& x, const at::Tensor& states) {
  const at::Tensor zero = at::zeros({1, x.size(1)}, x.options());
  if (!states.defined()) return at::cat({zero, x});
  return at::cat({zero, states.to(x.scalar_type()).flatten(0, 1), x});
}

/// Where in source_rows the input lies that is `back` tokens before token t of segment s.
int64_t source_row(std::span<const int64_t> starts, size_t s, int64_t t, bool has_states, int64_t history) {
  const int64_t n_segment = static_cast<int64_t>(starts.size()) - 1;
  const int64_t first = 1 + (has_states ? n_segment * history : 0);
  if (t >= starts[s]) return first + t;
  const int64_t from_end = starts[s] - t;  // 1: the last input before the segment
  return has_states ? 1 + static_cast<int64_t>(s) * history + history - from_end : 0;
}

}  // namespace

at::Tensor rows_before(const at::Tensor& x, int64_t back, std::span<const int64_t> segment_starts,
                       const at::Tensor& states) {
  const int64_t history = states.defined() ? states.size(1) : back;
  at::Tensor index = at::empty({x.size(0)}, at::kLong);
  int64_t* to = index.mutable_data_ptr<int64_t>();
  for (size_t s = 0; s + 1 < segment_starts.size(); ++s)
    for (int64_t t = segment_starts[s]; t < segment_starts[s + 1]; ++t)
      *to++ = source_row(segment_starts, s, t - back, states.defined(), history);
  return source_rows(x, states).index_select(0, index.to(x.device()));
}

at::Tensor causal_conv(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                       std::span<const int64_t> segment_starts, const at::Tensor& states) {
  const int64_t width = weight.size(1);
  at::Tensor y;
  for (int64_t w = 0; w < width; ++w) {
    const at::Tensor row = w + 1 == width ? x : rows_before(x, width - 1 - w, segment_starts, states);
    const at::Tensor tap = row * weight.select(1, w);
    y = y.defined() ? y + tap : tap;
  }
  return bias.defined() ? y + bias : y;
}

at::Tensor causal_conv_states(const at::Tensor& x, int64_t width, std::span<const int64_t> segment_starts,
                              const at::Tensor& states) {
  const at::NoGradGuard no_grad;
  const int64_t history = width - 1, n_segment = static_cast<int64_t>(segment_starts.size()) - 1;
  std::vector<int64_t> index;
  for (size_t s = 0; s + 1 < segment_starts.size(); ++s)
    for (int64_t i = 0; i < history; ++i)
      index.push_back(source_row(segment_starts, s, segment_starts[s + 1] - history + i, states.defined(), history));
  const at::Tensor rows = source_rows(x, states).index_select(0, at::tensor(index, at::kLong).to(x.device()));
  return rows.view({n_segment, history, x.size(1)});
}

}  // namespace llmbox
