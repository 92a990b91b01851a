// One linear layer with a LoRA beside it: the low-rank product is added, the weight is never made.
#pragma once

#include "adapter/adapted_linear.h"

namespace llmbox {

class LoraLinear : public AdaptedLinear {
 public:
  /// a (r, in), b (out, r).
  LoraLinear(std::shared_ptr<Linear> base, at::Tensor a, at::Tensor b, double scale,
             std::shared_ptr<AdapterState> state)
      : AdaptedLinear(std::move(base), {{"lora_A.weight", a}, {"lora_B.weight", b}}, std::move(state)),
        a_(std::move(a)),
        b_(std::move(b)),
        scale_(scale) {}
  /// The layer's own random stream of dropout masks.
  void set_number(uint64_t number) { number_ = number; }

  at::Tensor matmul(const at::Tensor& x) const override;
  at::Tensor dequantize() const override;  // W + s B A in the base's type

 private:
  at::Tensor dropped(const at::Tensor& x) const;

  at::Tensor a_, b_;
  double scale_;
  uint64_t number_ = 0;
};

}  // namespace llmbox
