#include "tensor/rope.h"

#include "tensor/differentiable.h"
#include "tensor/kernel_access.h"

namespace llmbox {

namespace {

at::Tensor rotate(const at::Tensor& x, const RopeAngles& angles, bool interleaved, float direction) {
  const int64_t heads = x.size(1), dim = x.size(2), half = angles.cos.size(1);
  at::Tensor y = at::empty(x.sizes(), x.options());
  by_type(x, [&](auto type) {
    using T = decltype(type);
    const auto kernel = kernel_table().of<T>().rows.rope;
    at::parallel_for(0, x.size(0), row_grain(heads * dim), [&](int64_t begin, int64_t end) {
      kernel({pointer<T>(x) + begin * heads * dim, pointer<float>(angles.cos) + begin * half,
              pointer<float>(angles.sin) + begin * half, mutable_pointer<T>(y) + begin * heads * dim, end - begin,
              heads, dim, half, direction, interleaved});
    });
  });
  return y;
}

}  // namespace

at::Tensor apply_rope_naive(const at::Tensor& x, const RopeAngles& angles, bool interleaved) {
  const int64_t half = angles.cos.size(-1);
  const auto wide_type = x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const at::Tensor cos = angles.cos.to(wide_type).unsqueeze(1);  // (N, 1, R/2)
  const at::Tensor sin = angles.sin.to(wide_type).unsqueeze(1);
  const at::Tensor turned = x.narrow(-1, 0, 2 * half).to(wide_type);
  const at::Tensor first = interleaved ? turned.slice(-1, 0, 2 * half, 2) : turned.narrow(-1, 0, half);
  const at::Tensor second = interleaved ? turned.slice(-1, 1, 2 * half, 2) : turned.narrow(-1, half, half);
  const at::Tensor a = first * cos - second * sin;
  const at::Tensor b = second * cos + first * sin;
  at::Tensor y = interleaved ? at::stack({a, b}, -1).flatten(-2) : at::cat({a, b}, -1);
  y = y.to(x.scalar_type());
  const int64_t rest = x.size(-1) - 2 * half;
  return rest == 0 ? y : at::cat({y, x.narrow(-1, 2 * half, rest)}, -1);
}

at::Tensor apply_rope(const at::Tensor& x, const RopeAngles& angles, bool interleaved) {
  const bool plain = angles.cos.is_cpu() && angles.cos.scalar_type() == at::kFloat;
  if (!plain || !kernels_take({x})) return apply_rope_naive(x, angles, interleaved);
  const at::Tensor cos = angles.cos.contiguous(), sin = angles.sin.contiguous();
  const at::Tensor rows = x.contiguous();
  if (!needs_grad({x})) return rotate(rows, {cos, sin}, interleaved, 1);
  return differentiable(
      {rows},
      [&] {
        return Computed{rotate(rows, {cos, sin}, interleaved, 1), {cos, sin}};
      },
      [interleaved](const auto& saved, const at::Tensor& dy) {  // the inverse rotation
        return std::vector{rotate(dy, {saved[0], saved[1]}, interleaved, -1)};
      });
}

}  // namespace llmbox
