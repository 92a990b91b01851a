#include "train/optim/optimizer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace llmbox {

bool decays_by_default(const std::string& name, const at::Tensor& weight) {
  if (name.ends_with("bias") || name.find("lora_bias") != std::string::npos) return false;
  // A norm's weight is the only other vector of a decoder; names differ by family (norm, ln_1, ln_f).
  const bool norm_name = name.find("norm") != std::string::npos || name.find("ln_") != std::string::npos;
  return !(norm_name && weight.dim() == 1);
}

int64_t Optimizer::state_bytes() const {
  int64_t bytes = 0;
  for (const auto& [name, tensor] : state()) bytes += static_cast<int64_t>(tensor.nbytes());
  return bytes;
}

double global_norm(const std::vector<at::Tensor>& grads) {
  double sum = 0;
  for (const at::Tensor& grad : grads) {
    if (!grad.defined()) continue;
    double norm = at::linalg_vector_norm(grad.detach(), 2, {}, false, at::kFloat).item<double>();
    sum += norm * norm;
  }
  return std::sqrt(sum);
}

double clip_factor(double norm, double limit) {
  if (limit <= 0) return 1.0;
  return std::min(1.0, limit / (norm + 1e-6));
}

}  // namespace llmbox
