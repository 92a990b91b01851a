// Alternating updates (Baykal et al. 2023), as in Gemma 3n: the stream is S blocks of E side by side. AltUp predicts
// what a layer makes of them and corrects that by what it did to one; Streams makes the blocks from the embedding and
// one hidden state from the blocks.
#pragma once

#include <vector>

#include "model/layers/norm.h"

namespace llmbox {

class AltUp {
 public:
  AltUp(const AltUpSpec& spec, const ParameterSource& source);
  at::Tensor predict(const at::Tensor& x) const;  // (N, S, E) → (N, S, E)
  /// predicted (N, S, E), computed (N, E): what the layer gave for the active block → (N, S, E).
  at::Tensor correct(const at::Tensor& predicted, const at::Tensor& computed) const;
  at::Tensor active(const at::Tensor& x) const { return x.select(1, spec_.active); }
  /// The active block as the layer's own embedding meets it.
  at::Tensor scaled_active(const at::Tensor& x) const;
  void visit_parameters(const ParameterVisitor& visit) const;
  void visit_linears(const LinearVisitor& visit);

 private:
  at::Tensor modalities(const at::Tensor& x) const;  // (N, E) → (N, S)

  AltUpSpec spec_;
  at::Tensor scale_;  // (E) or undefined
  Norm router_norm_;
  std::shared_ptr<Linear> router_, predict_, correct_;
};

class Streams {
 public:
  Streams(const StreamsSpec& spec, const ParameterSource& source);
  at::Tensor spread(const at::Tensor& x) const;  // (N, E) → (N, S, E)
  at::Tensor merge(const at::Tensor& x) const;   // (N, S, E) → (N, E)
  void visit_spread(const ParameterVisitor& visit) const;
  void visit_merge(const ParameterVisitor& visit) const;
  void visit_linears(const LinearVisitor& visit);

 private:
  StreamsSpec spec_;
  std::vector<std::shared_ptr<Linear>> spread_, merge_;
};

}  // namespace llmbox
