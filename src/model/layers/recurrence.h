// What recurrent layers share: the states of a batch's segments as tensors, taken from the context and given back.
#pragma once

#include "model/attention_context.h"

namespace llmbox {

/// The states of all segments of a batch; both undefined where the context keeps none.
struct BatchStates {
  at::Tensor inputs;  // (S, W - 1, C)
  at::Tensor memory;  // (S, …) float32
};

/// Stacks what each segment's sequence left (zeros where it is new). inputs_like and memory_like: one segment's shapes.
BatchStates take_states(AttentionContext& context, int layer, const at::Tensor& inputs_like,
                        const at::Tensor& memory_like);

/// Gives each segment its part. Requires: states came from take_states and are defined.
void give_states(AttentionContext& context, int layer, const BatchStates& states);

}  // namespace llmbox
