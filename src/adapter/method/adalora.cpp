// AdaLoRA (Zhang et al. 2023): W + alpha / init_r · B (A ∘ E), E one value per rank. After rank allocation the file
// holds the kept ranks only; the divisor stays init_r.
#include <ATen/ATen.h>

#include "adapter/method/method.h"
#include "tensor/linear.h"

namespace llmbox {

namespace {

/// The low-rank product is added, the weight is never made.
class AdaloraLinear : public AdaptedLinear {
 public:
  AdaloraLinear(std::shared_ptr<Linear> base, NamedTensors tensors, std::shared_ptr<AdapterState> state, double scale)
      : AdaptedLinear(std::move(base), std::move(tensors), std::move(state)), scale_(scale) {}

  at::Tensor matmul(const at::Tensor& x) const override {
    const at::Tensor narrow = llmbox::linear(x, (a() * e()).to(x.scalar_type()), {});  // (N, r)
    return base()->matmul(x) + llmbox::linear(narrow, b().to(x.scalar_type()), {}) * scale_;
  }
  at::Tensor dequantize() const override {
    const at::Tensor weight = base()->dequantize();
    return at::addmm(weight.to(at::kFloat), b(), a() * e(), 1, scale_).to(weight.scalar_type());
  }

 private:
  const at::Tensor& a() const { return tensors()[0].second; }
  const at::Tensor& b() const { return tensors()[1].second; }
  const at::Tensor& e() const { return tensors()[2].second; }

  double scale_;
};

}  // namespace

std::shared_ptr<Linear> wrap_adalora(AdapterReader& reader, const std::string& name,
                                     const std::shared_ptr<Linear>& layer) {
  if (!reader.has(name, "lora_A")) return nullptr;
  const at::Device device = layer->dequantize().device();
  const at::Tensor a = reader.take(name, "lora_A", {-1, layer->in_features()}, device);
  const at::Tensor b = reader.take(name, "lora_B", {layer->out_features(), a.size(0)}, device);
  const at::Tensor e = reader.take(name, "lora_E", {a.size(0), 1}, device);
  const double scale = reader.number("lora_alpha") / (reader.number("init_r") + 1e-5);  // as PEFT guards its division
  return std::make_shared<AdaloraLinear>(layer, NamedTensors{{"lora_A", a}, {"lora_B", b}, {"lora_E", e}},
                                         reader.state(), scale);
}

}  // namespace llmbox
