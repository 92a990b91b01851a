#include "tensor/rope.h"

namespace llmbox {

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
  return apply_rope_naive(x, angles, interleaved);
}

}  // namespace llmbox
