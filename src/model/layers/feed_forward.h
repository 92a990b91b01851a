// The part of a layer that works on each token by itself: a dense block or a mixture of experts. table.cpp picks by the
// layer's spec.
#pragma once

#include <memory>

#include "model/layers/parameters.h"

namespace llmbox {

class FeedForward {
 public:
  virtual ~FeedForward() = default;
  virtual at::Tensor forward(const at::Tensor& x) const = 0;  // (N, E) → (N, E)
  virtual void visit_parameters(const ParameterVisitor& visit) const = 0;
  virtual void visit_linears(const LinearVisitor& visit) = 0;
};

/// Null where the layer has none.
std::unique_ptr<FeedForward> make_feed_forward(const LayerSpec& spec, const ParameterSource& source);

}  // namespace llmbox
