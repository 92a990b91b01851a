// Attention and a state space that read the same input, their results summed (Falcon-H1).
#pragma once

#include "model/layers/mixer.h"

namespace llmbox {

class SideBySide : public Mixer {
 public:
  struct Branch {
    std::unique_ptr<Mixer> mixer;
    BranchScale scale;
  };
  explicit SideBySide(std::vector<Branch> branches) : branches_(std::move(branches)) {}
  at::Tensor forward(const at::Tensor& x, Pass& pass) const override;
  void visit_parameters(const ParameterVisitor& visit) const override;
  void visit_linears(const LinearVisitor& visit) override;

 private:
  std::vector<Branch> branches_;
};

}  // namespace llmbox
