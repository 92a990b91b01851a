// The part of a layer where tokens meet: attention of some kind, or a recurrence. One file per kind; table.cpp picks by
// the layer's spec. A mixer owns its weights and knows the others' tokens only through the context.
#pragma once

#include <memory>

#include "model/layers/parameters.h"
#include "model/layers/pass.h"

namespace llmbox {

class Mixer {
 public:
  virtual ~Mixer() = default;
  /// x (N, E) → (N, E).
  virtual at::Tensor forward(const at::Tensor& x, Pass& pass) const = 0;
  virtual void visit_parameters(const ParameterVisitor& visit) const = 0;
  virtual void visit_linears(const LinearVisitor& visit) = 0;
};

/// Where in the model a mixer sits.
struct MixerPlace {
  int layer = 0;
  int n_layer = 0;
  bool interleaved = false;  // how its rope pairs dimensions
};

std::unique_ptr<Mixer> make_mixer(const LayerSpec& spec, const MixerPlace& place, const ParameterSource& source);

/// The second mixer of a layer, between the first one and the feed-forward, or in its place; null where there is none.
std::unique_ptr<Mixer> make_second_mixer(const LayerSpec& spec, const MixerPlace& place, const ParameterSource& source);

}  // namespace llmbox
