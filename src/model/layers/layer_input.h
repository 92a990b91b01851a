// Embeddings of the token that belong to single layers (Gemma 3n): LayerInputs makes those of all layers at once from a
// second table and from the first one's; LayerInput is how a layer takes its own in.
#pragma once

#include "model/layers/norm.h"

namespace llmbox {

class LayerInputs {
 public:
  LayerInputs(const LayerInputsSpec& spec, const ParameterSource& source);
  /// tokens (N), embedded (N, E) → (N, L, P). Tokens that the table lacks get its first row.
  at::Tensor forward(const at::Tensor& tokens, const at::Tensor& embedded) const;
  void visit_parameters(const ParameterVisitor& visit) const;
  void visit_linears(const LinearVisitor& visit) { visit(spec_.project, project_); }

 private:
  LayerInputsSpec spec_;
  at::Tensor table_;  // (V', L · P)
  std::shared_ptr<Linear> project_;
  Norm norm_;
};

class LayerInput {
 public:
  LayerInput(const LayerInputSpec& spec, const ParameterSource& source);
  at::Tensor forward(const at::Tensor& x, const at::Tensor& input) const;  // (N, E), (N, P) → (N, E)
  void visit_parameters(const ParameterVisitor& visit) const;
  void visit_linears(const LinearVisitor& visit);

 private:
  LayerInputSpec spec_;
  std::shared_ptr<Linear> gate_, project_;
  Norm norm_;
};

}  // namespace llmbox
