// The part of a layer where tokens meet: attention of some kind, or a recurrence. One file per kind; table.cpp picks by
// the layer's spec. A mixer owns its weights and knows the others' tokens only through the context.
#pragma once

#include <memory>
#include <span>

#include "model/attention_context.h"
#include "model/layers/parameters.h"
#include "tensor/rope.h"

namespace llmbox {

class Mixer {
 public:
  virtual ~Mixer() = default;
  /// x (N, E) → (N, E). ropes: the angles of ModelSpec::ropes.
  virtual at::Tensor forward(const at::Tensor& x, std::span<const RopeAngles> ropes,
                             AttentionContext& context) const = 0;
  virtual void visit_parameters(const ParameterVisitor& visit) const = 0;
  virtual void visit_linears(const LinearVisitor& visit) = 0;
};

/// Where in the model a mixer sits.
struct MixerPlace {
  int layer = 0;
  bool interleaved = false;  // how its rope pairs dimensions
};

std::unique_ptr<Mixer> make_mixer(const LayerSpec& spec, const MixerPlace& place, const ParameterSource& source);

std::unique_ptr<Mixer> make_cross_attention(const AttentionSpec& spec, const ParameterSource& source);

}  // namespace llmbox
