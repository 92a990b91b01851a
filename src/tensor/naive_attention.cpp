#include "tensor/naive_attention.h"

#include <cmath>
#include <limits>

namespace llmbox {

namespace {

/// distance (Nq, Nk), key minus query → (H, Nq, Nk).
at::Tensor relative_bias(const RelativeBias& relative, const at::Tensor& distance) {
  const int64_t n_bucket = relative.table.size(0) / (relative.both_ways ? 2 : 1), n_exact = n_bucket / 2;
  const at::Tensor far = relative.both_ways ? distance.abs() : distance.neg().clamp_min(0);
  const double stretch = std::log(static_cast<double>(relative.max_distance) / static_cast<double>(n_exact));
  const at::Tensor grown =
      (at::log(far.clamp_min(1).to(at::kFloat) / n_exact) / stretch * (n_bucket - n_exact)).to(at::kLong) + n_exact;
  at::Tensor bucket = at::where(far < n_exact, far, grown.clamp_max(n_bucket - 1));
  if (relative.both_ways) bucket = bucket + (distance > 0).to(at::kLong) * n_bucket;
  return relative.table.index_select(0, bucket.flatten())
      .view({distance.size(0), distance.size(1), -1})
      .permute({2, 0, 1});
}

}  // namespace

at::Tensor attend_naive(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const AttentionShape& shape) {
  const auto wide_type = q.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const int64_t n_query = q.size(0), n_key = k.size(0), group = q.size(1) / k.size(1);
  const at::Tensor queries = q.to(wide_type).transpose(0, 1);  // (H, Nq, D)
  const at::Tensor keys = k.to(wide_type).transpose(0, 1).repeat_interleave(group, 0);
  const at::Tensor values = v.to(wide_type).transpose(0, 1).repeat_interleave(group, 0);
  at::Tensor scores = at::matmul(queries, keys.transpose(1, 2)) * shape.scale;  // (H, Nq, Nk)
  if (shape.softcap > 0) scores = at::tanh(scores / shape.softcap) * shape.softcap;

  const auto options = at::TensorOptions().dtype(at::kLong).device(q.device());
  const at::Tensor row = at::arange(n_key - n_query, n_key, options).unsqueeze(1);
  const at::Tensor column = at::arange(n_key, options).unsqueeze(0);
  if (shape.slopes.defined()) {
    const at::Tensor distance = (column - row).to(wide_type);  // (Nq, Nk)
    scores = scores + shape.slopes.to(q.device(), wide_type).view({-1, 1, 1}) * distance;
  }
  if (shape.relative.table.defined()) scores = scores + relative_bias(shape.relative, column - row).to(wide_type);
  at::Tensor hidden = shape.causal ? column.gt(row) : at::zeros_like(column.gt(row));
  if (!shape.prefixes.empty()) hidden = hidden.logical_and(column.ge(shape.prefixes[0]));
  if (shape.window > 0)
    hidden =
        hidden.logical_or(shape.chunked ? column.lt(row - row.remainder(shape.window)) : column.le(row - shape.window));
  scores = scores.masked_fill(hidden, -std::numeric_limits<double>::infinity());
  if (!shape.sinks.defined()) return at::matmul(at::softmax(scores, -1), values).transpose(0, 1).to(q.scalar_type());
  const at::Tensor sinks = shape.sinks.to(wide_type).view({-1, 1, 1}).expand({-1, n_query, 1});
  const at::Tensor weights = at::softmax(at::cat({scores, sinks}, -1), -1).narrow(-1, 0, n_key);
  return at::matmul(weights, values).transpose(0, 1).to(q.scalar_type());
}

}  // namespace llmbox
