// OFT (Qiu et al. 2023): W Rᵀ with R block-diagonal and orthogonal: (I - Q)(I + Q)⁻¹ of skew-symmetric blocks Q
// (Cayley), or the first terms of its Neumann series I + 2 Q + 2 Q² + … + Qⁿ. oft_R.weight (blocks, n (n - 1) / 2)
// holds the strict upper triangles row by row; one block serves all with block_share.
#include <ATen/ATen.h>

#include <cmath>

#include "adapter/method/method.h"
#include "core/error.h"

namespace llmbox {

namespace {

constexpr const char* kRotation = "oft_R.weight";

/// (blocks, n (n - 1) / 2) → (blocks, n, n).
at::Tensor skew_blocks(const at::Tensor& triangles, int64_t n) {
  const at::Tensor places = at::triu_indices(n, n, 1);  // rows and columns
  const at::Tensor upper = at::zeros({triangles.size(0), n * n}, triangles.options())
                               .index_copy(1, places[0] * n + places[1], triangles)
                               .view({-1, n, n});
  return upper - upper.transpose(1, 2);
}

at::Tensor cayley(const at::Tensor& q) {
  const at::Tensor identity = at::eye(q.size(1), q.options());
  return at::linalg_solve(identity + q, identity - q, false);  // X (I + Q) = I - Q
}

at::Tensor cayley_neumann(const at::Tensor& q, int64_t terms) {
  at::Tensor sum = at::eye(q.size(1), q.options()).expand_as(q);
  at::Tensor power = q;
  for (int64_t i = 1; i < terms; ++i) {
    if (i > 1) power = at::bmm(power, q);
    sum = sum + (i == 1 || i < terms - 1 ? 2 : 1) * power;
  }
  return sum;
}

}  // namespace

std::shared_ptr<Linear> wrap_oft(AdapterReader& reader, const std::string& name, const std::shared_ptr<Linear>& layer) {
  if (!reader.has(name, kRotation)) return nullptr;
  if (reader.flag("coft")) fail(reader.where(), "expected OFT without a constraint, got coft");
  const int64_t in = layer->in_features();
  const at::Tensor triangles = reader.take(name, kRotation, {-1, -1}, layer->dequantize().device());
  const auto n =
      static_cast<int64_t>(std::lround((1 + std::sqrt(1.0 + 8.0 * static_cast<double>(triangles.size(1)))) / 2));
  const int64_t n_block = in / n;
  if (n * (n - 1) / 2 != triangles.size(1) || in % n != 0 || (triangles.size(0) != n_block && triangles.size(0) != 1))
    fail(reader.where() + ": " + name, "expected triangles of blocks that divide {} inputs, got ({}, {})", in,
         triangles.size(0), triangles.size(1));
  const bool neumann = reader.flag("use_cayley_neumann");
  const auto terms = static_cast<int64_t>(reader.number("num_cayley_neumann_terms", 5));
  return std::make_shared<FormulaLinear>(
      layer, NamedTensors{{kRotation, triangles}}, reader.state(), [=](const at::Tensor& weight) {
        const at::Tensor q = skew_blocks(triangles, n);
        const at::Tensor rotation = (neumann ? cayley_neumann(q, terms) : cayley(q)).expand({n_block, n, n});
        const at::Tensor blocks = weight.view({weight.size(0), n_block, n}).transpose(0, 1);  // (blocks, out, n)
        return at::bmm(blocks, rotation.transpose(1, 2)).transpose(0, 1).reshape(weight.sizes());
      });
}

}  // namespace llmbox
