// What one forward pass hands from layer to layer beside the stream: angles and positions, the way to the other tokens,
// and what earlier layers left for later ones.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "model/attention_context.h"
#include "tensor/rope.h"

namespace llmbox {

struct KeyValue {
  at::Tensor k, v;  // (N, K, D), (N, K, Dv), normed and rotated
};

/// Left by one layer, read by later ones.
struct SharedParts {
  std::map<int, KeyValue> attended;  // by layer
  at::Tensor first_values;           // RWKV-7's, (N, C)
};

struct Pass {
  std::span<const RopeAngles> ropes;  // of ModelSpec::ropes
  AttentionContext& context;
  at::Tensor positions;           // (N)
  std::vector<int64_t> prefixes;  // (S): see PrefixMarks; or none
  at::Tensor layer_inputs;        // (N, L, P), or undefined
  SharedParts& shared;
};

}  // namespace llmbox
