// LoHa (Hyeon-Woo et al. 2021, FedPara): W + alpha / r (w1_a w1_b) ∘ (w2_a w2_b).
#include <ATen/ATen.h>

#include "adapter/method/method.h"

namespace llmbox {

std::shared_ptr<Linear> wrap_loha(AdapterReader& reader, const std::string& name,
                                  const std::shared_ptr<Linear>& layer) {
  if (!reader.has(name, "hada_w1_a")) return nullptr;
  const at::Device device = layer->dequantize().device();
  const int64_t out = layer->out_features(), in = layer->in_features();
  const at::Tensor w1_a = reader.take(name, "hada_w1_a", {out, -1}, device);
  const int64_t rank = w1_a.size(1);
  const at::Tensor w1_b = reader.take(name, "hada_w1_b", {rank, in}, device);
  const at::Tensor w2_a = reader.take(name, "hada_w2_a", {out, rank}, device);
  const at::Tensor w2_b = reader.take(name, "hada_w2_b", {rank, in}, device);
  const double alpha = reader.by_pattern("alpha_pattern", name, reader.number("alpha"));
  const double scale = alpha / static_cast<double>(rank);
  return std::make_shared<FormulaLinear>(
      layer, NamedTensors{{"hada_w1_a", w1_a}, {"hada_w1_b", w1_b}, {"hada_w2_a", w2_a}, {"hada_w2_b", w2_b}},
      reader.state(),
      [=](const at::Tensor& weight) { return weight + scale * at::mm(w1_a, w1_b) * at::mm(w2_a, w2_b); });
}

}  // namespace llmbox
