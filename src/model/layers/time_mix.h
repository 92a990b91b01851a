// RWKV's attention, versions 4 to 7 (Peng et al. 2023, 2024, 2025): every projection reads a mix of the token and the
// one before; what earlier tokens left is a weighted mean a channel (4) or a memory a head (5 to 7).
#pragma once

#include <map>
#include <optional>

#include "model/layers/mixer.h"
#include "model/layers/norm.h"
#include "model/layers/recurrence.h"

namespace llmbox {

class TimeMix : public Mixer {
 public:
  TimeMix(const TimeMixSpec& spec, const MixerPlace& place, const ParameterSource& source);
  at::Tensor forward(const at::Tensor& x, Pass& pass) const override;
  void visit_parameters(const ParameterVisitor& visit) const override;
  void visit_linears(const LinearVisitor& visit) override;

 private:
  /// The token, the one before in its sequence, and the state to read and leave.
  struct Shifted {
    at::Tensor x, before;  // (N, E)
    AttentionContext& context;
    const BatchStates& states;
  };
  at::Tensor run_4(const Shifted& in) const;
  at::Tensor run_5(const Shifted& in) const;
  at::Tensor run_6(const Shifted& in) const;
  at::Tensor run_7(const Shifted& in, SharedParts& shared) const;

  /// What the memory of 5 and 6 answers, normed and gated. parts: receptance, key, value, gate; log_decay (N, H, D).
  at::Tensor recall(const std::vector<at::Tensor>& parts, const at::Tensor& log_decay, const Shifted& in) const;
  const at::Tensor& own(const char* name) const { return own_.at(name); }
  /// One of 7's low-rank products; tanh between the two, a sigmoid, or nothing.
  at::Tensor low_rank(size_t i, const at::Tensor& x, at::Tensor (*between)(const at::Tensor&)) const;
  at::Tensor heads(const at::Tensor& x) const;  // (N, C) → (N, H, D) float32

  TimeMixSpec spec_;
  int layer_;
  std::map<std::string, at::Tensor> own_;  // by the last part of the name
  std::shared_ptr<Linear> receptance_, key_, value_, gate_, out_;
  std::vector<std::pair<std::shared_ptr<Linear>, std::shared_ptr<Linear>>> low_ranks_;
  std::optional<Norm> norm_;
};

}  // namespace llmbox
