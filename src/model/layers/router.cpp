#include "model/layers/router.h"

#include <ATen/ATen.h>

#include <limits>

#include "tensor/activation.h"
#include "tensor/linear.h"

namespace llmbox {

Router::Router(const RouterSpec& spec, const ParameterSource& source)
    : spec_(spec), gate_(make_linear(spec.gate, source)) {
  if (!spec.correction.empty()) correction_ = source(spec.correction);
}

at::Tensor Router::logits(const at::Tensor& x) const {
  if (!spec_.in_float || x.scalar_type() == at::kFloat) return gate_->matmul(x).to(at::kFloat);
  const at::Tensor bias = gate_->bias();
  return llmbox::linear(x.to(at::kFloat), gate_->dequantize().to(at::kFloat),
                        bias.defined() ? bias.to(at::kFloat) : bias);
}

at::Tensor Router::open_groups(const at::Tensor& scores) const {
  if (spec_.n_group == spec_.n_group_kept) return scores;
  const at::Tensor groups = scores.view({scores.size(0), spec_.n_group, -1});
  const at::Tensor group_scores = spec_.group_score == GroupScore::best
                                      ? groups.amax(-1)
                                      : std::get<0>(groups.topk(std::min<int64_t>(2, groups.size(2)), -1)).sum(-1);
  const at::Tensor kept = std::get<1>(group_scores.topk(spec_.n_group_kept, -1));
  const at::Tensor closed = at::ones_like(group_scores, at::kBool).scatter(1, kept, false);
  return groups.masked_fill(closed.unsqueeze(-1), -std::numeric_limits<double>::infinity()).flatten(1);
}

Routing Router::route_sparse_mixer(const at::Tensor& logits) const {
  constexpr double kClosed = -std::numeric_limits<double>::infinity();
  std::vector<at::Tensor> experts, weights;
  at::Tensor open = logits;
  for (int64_t i = 0; i < spec_.n_chosen; ++i) {
    const auto [best, expert] = open.detach().max(-1, true);
    const at::Tensor size = logits.detach().abs().maximum(best);
    const at::Tensor far = ((best - logits.detach()) / size).gt(2 * spec_.jitter);
    experts.push_back(expert);
    weights.push_back(at::softmax(open.masked_fill(far, kClosed), -1).gather(-1, expert));
    open = open.scatter(-1, expert, kClosed);
  }
  return {at::cat(experts, -1), at::cat(weights, -1)};
}

Routing Router::route(const at::Tensor& x) const {
  const at::Tensor logits = this->logits(x);
  if (spec_.score == RouterScore::sparse_mixer) return route_sparse_mixer(logits);
  at::Tensor scores = logits;
  if (spec_.score == RouterScore::softmax) scores = at::softmax(logits, -1);
  if (spec_.score == RouterScore::sigmoid) scores = llmbox::sigmoid(logits);
  const at::Tensor choice = (correction_.defined() ? scores + correction_ : scores).detach();
  Routing routing;
  routing.experts = std::get<1>(open_groups(choice).topk(spec_.n_chosen, -1));
  routing.weights = scores.gather(1, routing.experts);
  if (spec_.score == RouterScore::softmax_of_chosen) routing.weights = at::softmax(routing.weights, -1);
  if (spec_.renormalise) routing.weights = routing.weights / (routing.weights.sum(-1, true) + 1e-20);
  if (spec_.scale != 1) routing.weights = routing.weights * spec_.scale;
  return routing;
}

void Router::visit_parameters(const ParameterVisitor& visit) const {
  visit_linear(spec_.gate, *gate_, visit);
  if (correction_.defined()) visit(spec_.correction, correction_);
}

void Router::visit_linears(const LinearVisitor& visit) { visit(spec_.gate, gate_); }

}  // namespace llmbox
