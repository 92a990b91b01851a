#include "model/layers/moe.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "tensor/activation.h"

namespace llmbox {

Moe::Moe(const MoeSpec& spec, const ParameterSource& source) : spec_(spec), router_(spec.router, source) {
  for (const FfnSpec& expert : spec.experts) experts_.emplace_back(expert, source);
  if (spec.fused) fused_.emplace(*spec.fused, source);
  if (spec.shared) shared_.emplace(*spec.shared, source);
  if (spec.shared_gate) shared_gate_ = make_linear(*spec.shared_gate, source);
}

at::Tensor Moe::run_expert(int64_t expert, const at::Tensor& rows) const {
  return fused_ ? fused_->forward(expert, rows) : experts_[static_cast<size_t>(expert)].forward(rows);
}

at::Tensor Moe::run_experts(const at::Tensor& rows, std::span<const int64_t> counts) const {
  std::vector<int64_t> starts{0};
  for (const int64_t n : counts) starts.push_back(starts.back() + n);
  // Training keeps to the loop: idle experts get no gradient there.
  const auto groupable = [](const Ffn& expert) { return expert.groupable(); };
  if (c10::InferenceMode::is_enabled() && !fused_ && std::all_of(experts_.begin(), experts_.end(), groupable))
    return Ffn::forward_groups(experts_, rows, starts);
  std::vector<at::Tensor> outputs;
  for (int64_t expert = 0; expert < spec_.n_expert; ++expert) {
    const int64_t begin = starts[static_cast<size_t>(expert)], n = counts[static_cast<size_t>(expert)];
    if (n > 0) outputs.push_back(run_expert(expert, rows.narrow(0, begin, n)));
  }
  return at::cat(outputs);
}

at::Tensor Moe::routed(const at::Tensor& x) const {
  const Routing routing = router_.route(x);
  const int64_t n_chosen = spec_.router.n_chosen;
  const at::Tensor flat = routing.experts.flatten();                // (N · chosen)
  const at::Tensor order = std::get<1>(flat.sort(true, 0, false));  // stable: by expert, then by token
  at::Tensor rows = x.index_select(0, order.floor_divide(n_chosen));
  const at::Tensor weights = routing.weights.to(x.scalar_type());
  if (spec_.weigh_input) rows = rows * weights.flatten().index_select(0, order).unsqueeze(1);
  const at::Tensor counts = at::bincount(flat, {}, spec_.n_expert).cpu();
  if (order.size(0) == 0) return at::zeros_like(x);
  const at::Tensor given = run_experts(rows, {counts.const_data_ptr<int64_t>(), static_cast<size_t>(spec_.n_expert)});
  const at::Tensor places = at::empty_like(order).index_copy_(0, order, at::arange(order.size(0), order.options()));
  const at::Tensor back = given.index_select(0, places).view({x.size(0), n_chosen, x.size(1)});
  return spec_.weigh_input ? back.sum(1) : (back * weights.unsqueeze(-1)).sum(1);
}

at::Tensor Moe::forward(const at::Tensor& x) const {
  const at::Tensor y = routed(x);
  if (!shared_) return y;
  const at::Tensor shared = shared_->forward(x);
  return y + (shared_gate_ ? shared * llmbox::sigmoid(shared_gate_->matmul(x)) : shared);
}

void Moe::visit_parameters(const ParameterVisitor& visit) const {
  router_.visit_parameters(visit);
  for (const Ffn& expert : experts_) expert.visit_parameters(visit);
  if (fused_) fused_->visit_parameters(visit);
  if (shared_) shared_->visit_parameters(visit);
  if (shared_gate_) visit_linear(*spec_.shared_gate, *shared_gate_, visit);
}

void Moe::visit_linears(const LinearVisitor& visit) {
  router_.visit_linears(visit);
  for (Ffn& expert : experts_) expert.visit_linears(visit);
  if (shared_) shared_->visit_linears(visit);
  if (shared_gate_) visit(*spec_.shared_gate, shared_gate_);
}

}  // namespace llmbox
