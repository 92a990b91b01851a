// LoKr (Yeh et al. 2023, LyCORIS): W + alpha / r · kron(w1, w2), each factor whole or a product of two.
#include <ATen/ATen.h>

#include "adapter/method/method.h"
#include "core/error.h"

namespace llmbox {

namespace {

/// A factor: "lokr_w1", or "lokr_w1_a" times "lokr_w1_b".
std::vector<at::Tensor> take_factor(AdapterReader& reader, const std::string& name, const std::string& factor,
                                    at::Device device, NamedTensors& tensors) {
  std::vector<at::Tensor> parts;
  const bool whole = reader.has(name, factor);
  for (const std::string& end : whole ? std::vector<std::string>{""} : std::vector<std::string>{"_a", "_b"}) {
    parts.push_back(reader.take(name, factor + end, {-1, -1}, device));
    tensors.emplace_back(factor + end, parts.back());
  }
  if (!whole && parts[0].size(1) != parts[1].size(0))
    fail(reader.where() + ": " + name, "expected {0}_a and {0}_b of one rank, got {1} and {2}", factor,
         parts[0].size(1), parts[1].size(0));
  return parts;
}

at::Tensor product(const std::vector<at::Tensor>& parts) {
  return parts.size() == 1 ? parts[0] : at::mm(parts[0], parts[1]);
}

}  // namespace

std::shared_ptr<Linear> wrap_lokr(AdapterReader& reader, const std::string& name,
                                  const std::shared_ptr<Linear>& layer) {
  if (!reader.has(name, "lokr_w1") && !reader.has(name, "lokr_w1_a")) return nullptr;
  const at::Device device = layer->dequantize().device();
  NamedTensors tensors;
  const auto first = take_factor(reader, name, "lokr_w1", device, tensors);
  const auto second = take_factor(reader, name, "lokr_w2", device, tensors);
  const int64_t out = first.front().size(0) * second.front().size(0), in = first.back().size(1) * second.back().size(1);
  if (out != layer->out_features() || in != layer->in_features())
    fail(reader.where() + ": " + name,
         "expected factors of a ({}, {}) weight, got ({}, {}); is it an adapter of this model?", layer->out_features(),
         layer->in_features(), out, in);
  const double rank = reader.by_pattern("rank_pattern", name, reader.number("r"));
  const double scale = reader.by_pattern("alpha_pattern", name, reader.number("alpha")) / rank;
  return std::make_shared<FormulaLinear>(layer, tensors, reader.state(), [=](const at::Tensor& weight) {
    return weight + scale * at::kron(product(first), product(second));
  });
}

}  // namespace llmbox
