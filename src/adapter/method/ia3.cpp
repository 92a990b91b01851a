// (IA)³ (Liu et al. 2022): learned scales of the outputs (ia3_l (out, 1), bias included), or of the inputs where the
// layer is one of feedforward_modules (ia3_l (1, in)).
#include <ATen/ATen.h>

#include "adapter/method/method.h"

namespace llmbox {

std::shared_ptr<Linear> wrap_ia3(AdapterReader& reader, const std::string& name, const std::shared_ptr<Linear>& layer) {
  if (!reader.has(name, "ia3_l")) return nullptr;
  const at::Device device = layer->dequantize().device();
  const bool of_inputs = reader.lists("feedforward_modules", name);
  const at::Tensor scales = of_inputs ? reader.take(name, "ia3_l", {1, layer->in_features()}, device)
                                      : reader.take(name, "ia3_l", {layer->out_features(), 1}, device);
  FormulaLinear::Formula bias_of;
  if (!of_inputs) bias_of = [=](const at::Tensor& bias) { return bias * scales.flatten(); };
  return std::make_shared<FormulaLinear>(
      layer, NamedTensors{{"ia3_l", scales}}, reader.state(), [=](const at::Tensor& weight) { return weight * scales; },
      bias_of);
}

}  // namespace llmbox
