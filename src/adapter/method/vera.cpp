// VeRA (Kopiczko et al. 2023): W + b ∘ (B (d ∘ A)) with random A (r, largest in) and B (largest out, r) that all layers
// share, cut to the layer's first columns and rows, and learned scales d (r) and b (out).
#include <ATen/ATen.h>

#include "adapter/method/method.h"
#include "core/error.h"

namespace llmbox {

namespace {

/// A matrix of the whole model; read once.
at::Tensor shared_matrix(AdapterReader& reader, const std::string& name) {
  const std::string file_name = AdapterReader::file_name("", name);
  for (const auto& [known, tensor] : reader.state()->outside)
    if (known == file_name) return tensor;
  if (!reader.has("", name))
    fail(reader.where(), "expected the projection '{}' in the file, found none; try saving with save_projection", name);
  at::Tensor matrix = reader.take("", name, {-1, -1}).requires_grad_(false);
  reader.state()->outside.emplace_back(file_name, matrix);
  return matrix;
}

}  // namespace

std::shared_ptr<Linear> wrap_vera(AdapterReader& reader, const std::string& name,
                                  const std::shared_ptr<Linear>& layer) {
  if (!reader.has(name, "vera_lambda_b")) return nullptr;
  const at::Device device = layer->dequantize().device();
  const at::Tensor a = shared_matrix(reader, "vera_A"), b = shared_matrix(reader, "vera_B");
  const int64_t in = layer->in_features(), out = layer->out_features();
  if (a.size(1) < in || b.size(0) < out || a.size(0) != b.size(1))
    fail(reader.where() + ": " + name, "expected projections of at least {} columns and {} rows, got {} and {}", in,
         out, a.size(1), b.size(0));
  const at::Tensor d = reader.take(name, "vera_lambda_d", {a.size(0)}, device);
  const at::Tensor scales = reader.take(name, "vera_lambda_b", {out}, device);
  const at::Tensor narrow = a.slice(1, 0, in).to(device), wide = b.slice(0, 0, out).to(device);
  return std::make_shared<FormulaLinear>(
      layer, NamedTensors{{"vera_lambda_b", scales}, {"vera_lambda_d", d}}, reader.state(),
      [=](const at::Tensor& weight) { return weight + at::mm(scales.unsqueeze(1) * wide, d.unsqueeze(1) * narrow); });
}

}  // namespace llmbox
