#include "train/optim/adamw.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/error.h"

namespace llmbox {
namespace {

constexpr int64_t kPiece = 1 << 18;  // elements stepped at a time: 1 MB per float32 array

at::Tensor flat(const at::Tensor& tensor) { return tensor.detach().view({-1}); }

}  // namespace

AdamW::AdamW(const NamedTensors& parameters, const OptimizerOptions& options) : options_(options) {
  for (const auto& [name, weight] : parameters) {
    CHECK(weight.is_contiguous(), "parameter {} is not contiguous", name);
    Slot slot{
        .name = name, .weight = weight, .master = {}, .exp_avg = {}, .exp_avg_sq = {}, .n_steps = {}, .decays = true};
    const bool master = options.master_weights && weight.scalar_type() != at::kFloat;
    if (master) slot.master = weight.detach().to(at::kFloat).contiguous();
    const at::Tensor& stepped = master ? slot.master : slot.weight;
    slot.exp_avg = at::zeros_like(stepped.detach());
    slot.exp_avg_sq = at::zeros_like(stepped.detach());
    slot.n_steps = at::zeros({}, stepped.options().dtype(at::kFloat).requires_grad(false));
    slot.decays = options.decay_all || decays_by_default(name, weight);
    slots_.push_back(std::move(slot));
  }
}

void AdamW::step_slot(Slot& slot, const at::Tensor& grad, double learning_rate, double grad_scale) {
  const double decay = slot.decays ? options_.weight_decay : 0;
  at::Tensor weight = flat(slot.weight), stepped = slot.master.defined() ? flat(slot.master) : weight;
  at::Tensor mean = flat(slot.exp_avg), square = flat(slot.exp_avg_sq), g = grad.contiguous().view({-1});
  slot.n_steps.add_(1);
  for (int64_t begin = 0; begin < stepped.numel(); begin += kPiece) {
    const int64_t n = std::min(kPiece, stepped.numel() - begin);
    at::Tensor piece = g.narrow(0, begin, n).to(stepped.scalar_type());
    if (grad_scale != 1.0) piece = piece * grad_scale;
    std::vector<at::Tensor> p{stepped.narrow(0, begin, n)}, d{piece}, m{mean.narrow(0, begin, n)},
        v{square.narrow(0, begin, n)};
    at::_fused_adamw_(p, d, m, v, {}, {slot.n_steps}, learning_rate, options_.beta1, options_.beta2, decay,
                      options_.epsilon, /*amsgrad=*/false, /*maximize=*/false);
    if (slot.master.defined()) weight.narrow(0, begin, n).copy_(p[0]);
  }
}

void AdamW::step(const std::vector<at::Tensor>& grads, double learning_rate, double grad_scale) {
  CHECK(grads.size() == slots_.size(), "{} gradients for {} parameters", grads.size(), slots_.size());
  at::NoGradGuard no_grad;
  for (size_t i = 0; i < slots_.size(); ++i)
    if (grads[i].defined()) step_slot(slots_[i], grads[i], learning_rate, grad_scale);
}

NamedTensors AdamW::state() const {
  NamedTensors out;
  for (const Slot& slot : slots_) {
    if (slot.master.defined()) out.emplace_back("master." + slot.name, slot.master);
    out.emplace_back("exp_avg." + slot.name, slot.exp_avg);
    out.emplace_back("exp_avg_sq." + slot.name, slot.exp_avg_sq);
    out.emplace_back("n_steps." + slot.name, slot.n_steps);
  }
  return out;
}

void AdamW::load_state(const std::function<at::Tensor(const std::string&)>& tensor_of) {
  at::NoGradGuard no_grad;
  auto restore = [&](const std::string& name, at::Tensor& target) {
    at::Tensor stored = tensor_of(name);
    if (stored.sizes() != target.sizes() || stored.scalar_type() != target.scalar_type())
      fail("resume",
           "expected '{}' with {} elements of {} in the checkpoint, got {} of {}; was it written by another recipe?",
           name, target.numel(), at::toString(target.scalar_type()), stored.numel(),
           at::toString(stored.scalar_type()));
    target.copy_(stored);
  };
  for (Slot& slot : slots_) {
    if (slot.master.defined()) restore("master." + slot.name, slot.master);
    restore("exp_avg." + slot.name, slot.exp_avg);
    restore("exp_avg_sq." + slot.name, slot.exp_avg_sq);
    restore("n_steps." + slot.name, slot.n_steps);
  }
}

std::unique_ptr<Optimizer> make_adamw(const NamedTensors& parameters, const OptimizerOptions& options) {
  return std::make_unique<AdamW>(parameters, options);
}

}  // namespace llmbox
