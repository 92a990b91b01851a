// Which experts each token goes to, and with which weights: everything that routers differ in is in RouterSpec.
#pragma once

#include "model/layers/parameters.h"

namespace llmbox {

struct Routing {
  at::Tensor experts;  // (N, n_chosen) int64
  at::Tensor weights;  // (N, n_chosen) float32, differentiable
};

class Router {
 public:
  Router(const RouterSpec& spec, const ParameterSource& source);
  Routing route(const at::Tensor& x) const;  // x (N, E)
  void visit_parameters(const ParameterVisitor& visit) const;
  void visit_linears(const LinearVisitor& visit);

 private:
  Routing route_sparse_mixer(const at::Tensor& logits) const;
  at::Tensor logits(const at::Tensor& x) const;  // (N, experts) float32
  /// Scores with the experts of closed groups at -inf.
  at::Tensor open_groups(const at::Tensor& scores) const;

  RouterSpec spec_;
  std::shared_ptr<Linear> gate_;
  at::Tensor correction_;  // (experts) float32 or undefined
};

}  // namespace llmbox
