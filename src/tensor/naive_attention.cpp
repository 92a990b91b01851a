#include "tensor/naive_attention.h"

#include <limits>

namespace llmbox {

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
  at::Tensor hidden = column.gt(row);
  if (shape.window > 0) hidden = hidden.logical_or(column.le(row - shape.window));
  scores = scores.masked_fill(hidden, -std::numeric_limits<double>::infinity());
  if (!shape.sinks.defined()) return at::matmul(at::softmax(scores, -1), values).transpose(0, 1).to(q.scalar_type());
  const at::Tensor sinks = shape.sinks.to(wide_type).view({-1, 1, 1}).expand({-1, n_query, 1});
  const at::Tensor weights = at::softmax(at::cat({scores, sinks}, -1), -1).narrow(-1, 0, n_key);
  return at::matmul(weights, values).transpose(0, 1).to(q.scalar_type());
}

}  // namespace llmbox
