// HRA (Yuan et al. 2024): W H1 H2 … with reflections Hi = I - 2 u uᵀ of the normalised columns of hra_u (in, r). With
// apply_GS the columns are made orthonormal first, and the product is I - 2 U Uᵀ.
#include <ATen/ATen.h>

#include "adapter/method/method.h"

namespace llmbox {

namespace {

at::Tensor unit(const at::Tensor& vector) { return vector / at::linalg_vector_norm(vector); }

/// Gram–Schmidt, column by column.
at::Tensor orthonormal(const at::Tensor& columns) {
  std::vector<at::Tensor> basis;
  for (int64_t i = 0; i < columns.size(1); ++i) {
    at::Tensor u = columns.select(1, i);
    for (const at::Tensor& earlier : basis) u = u - earlier.dot(u) * earlier;
    basis.push_back(unit(u));
  }
  return at::stack(basis, 1);
}

at::Tensor reflected(at::Tensor weight, const at::Tensor& columns) {
  for (int64_t i = 0; i < columns.size(1); ++i) {
    const at::Tensor u = unit(columns.select(1, i));
    weight = weight - 2 * at::outer(at::mv(weight, u), u);
  }
  return weight;
}

}  // namespace

std::shared_ptr<Linear> wrap_hra(AdapterReader& reader, const std::string& name, const std::shared_ptr<Linear>& layer) {
  if (!reader.has(name, "hra_u")) return nullptr;
  const at::Tensor u = reader.take(name, "hra_u", {layer->in_features(), -1}, layer->dequantize().device());
  const bool gram_schmidt = reader.flag("apply_GS");
  return std::make_shared<FormulaLinear>(layer, NamedTensors{{"hra_u", u}}, reader.state(),
                                         [=](const at::Tensor& weight) {
                                           if (!gram_schmidt) return reflected(weight, u);
                                           const at::Tensor basis = orthonormal(u);
                                           return weight - 2 * at::mm(at::mm(weight, basis), basis.t());
                                         });
}

}  // namespace llmbox
