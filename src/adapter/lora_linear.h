// One linear layer with a LoRA beside it. The base stays as it is: dense, quantized or adapted already.
#pragma once

#include <memory>
#include <optional>

#include "adapter/lora.h"
#include "model/linear.h"

namespace llmbox {

/// State that all adapted layers of one attach share.
struct LoraShared {
  LoraConfig config;
  Json peft_config;  // as read from the folder, null where the adapter is new; save_adapter keeps its other keys
  std::optional<uint64_t> dropout_seed;
};

class LoraLinear : public Linear {
 public:
  LoraLinear(std::shared_ptr<Linear> base, at::Tensor a, at::Tensor b, double scale)
      : base_(std::move(base)), a_(std::move(a)), b_(std::move(b)), scale_(scale) {}
  /// number: the layer's own random stream.
  void share(std::shared_ptr<LoraShared> shared, uint64_t number);

  at::Tensor matmul(const at::Tensor& x) const override;
  at::Tensor dequantize() const override;  // W + s B A in the base's type
  at::Tensor bias() const override { return base_->bias(); }
  int64_t in_features() const override { return base_->in_features(); }
  int64_t out_features() const override { return base_->out_features(); }
  std::vector<std::pair<std::string, at::Tensor>> parameters() const override;

  const at::Tensor& a() const { return a_; }  // (r, in)
  const at::Tensor& b() const { return b_; }  // (out, r)
  const std::shared_ptr<Linear>& base() const { return base_; }
  const std::shared_ptr<LoraShared>& shared() const { return shared_; }

 private:
  at::Tensor dropped(const at::Tensor& x) const;

  std::shared_ptr<Linear> base_;
  at::Tensor a_, b_;
  double scale_;
  std::shared_ptr<LoraShared> shared_;
  uint64_t number_ = 0;
};

}  // namespace llmbox
