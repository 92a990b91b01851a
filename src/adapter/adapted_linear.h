// A linear layer with an adapter around it. The base stays as it is: dense, quantized or adapted already. Members know
// how they change the product; FormulaLinear is the general one, which makes the adapted weight for each product.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "core/json.h"
#include "model/linear.h"
#include "tensor/safetensors.h"

namespace llmbox {

/// What all layers of one adapter share.
struct AdapterState {
  Json peft_config;                      // as read from the folder; null where the adapter is new
  NamedTensors outside;                  // tensors of the file that belong to no linear layer, under their file names
  double dropout = 0;                    // LoRA: of the input of A, while there is a seed
  std::optional<uint64_t> dropout_seed;  // see set_lora_dropout
};

class AdaptedLinear : public Linear {
 public:
  /// tensors: under PEFT's names within the layer ("lora_A.weight").
  AdaptedLinear(std::shared_ptr<Linear> base, NamedTensors tensors, std::shared_ptr<AdapterState> state)
      : base_(std::move(base)), tensors_(std::move(tensors)), state_(std::move(state)) {}

  at::Tensor bias() const override { return base_->bias(); }
  int64_t in_features() const override { return base_->in_features(); }
  int64_t out_features() const override { return base_->out_features(); }
  std::vector<std::pair<std::string, at::Tensor>> parameters() const override;

  const std::shared_ptr<Linear>& base() const { return base_; }
  const NamedTensors& tensors() const { return tensors_; }
  const std::shared_ptr<AdapterState>& state() const { return state_; }

 private:
  std::shared_ptr<Linear> base_;
  NamedTensors tensors_;
  std::shared_ptr<AdapterState> state_;
};

/// y = x W'ᵀ + b' with W' = weight_of(W) in float32, and b' = bias_of(b) where given. Differentiable in what the
/// formula reads.
class FormulaLinear : public AdaptedLinear {
 public:
  using Formula = std::function<at::Tensor(const at::Tensor&)>;
  FormulaLinear(std::shared_ptr<Linear> base, NamedTensors tensors, std::shared_ptr<AdapterState> state,
                Formula weight_of, Formula bias_of = {})
      : AdaptedLinear(std::move(base), std::move(tensors), std::move(state)),
        weight_of_(std::move(weight_of)),
        bias_of_(std::move(bias_of)) {}
  at::Tensor matmul(const at::Tensor& x) const override;
  at::Tensor dequantize() const override;
  at::Tensor bias() const override;

 private:
  Formula weight_of_, bias_of_;
};

}  // namespace llmbox
