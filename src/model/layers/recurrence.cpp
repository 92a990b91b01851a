#include "model/layers/recurrence.h"

#include <ATen/ATen.h>

namespace llmbox {

BatchStates take_states(AttentionContext& context, int layer, const at::Tensor& inputs_like,
                        const at::Tensor& memory_like) {
  const auto n_segment = static_cast<int64_t>(context.segment_starts().size()) - 1;
  std::vector<at::Tensor> inputs, memory;
  for (int64_t s = 0; s < n_segment; ++s) {
    const RecurrentState* state = context.state(layer, s);
    if (!state) return {};
    inputs.push_back(state->inputs.defined() ? state->inputs : at::zeros_like(inputs_like));
    memory.push_back(state->memory.defined() ? state->memory : at::zeros_like(memory_like));
  }
  if (inputs.empty()) return {};
  return {at::stack(inputs), at::stack(memory)};
}

void give_states(AttentionContext& context, int layer, const BatchStates& states) {
  for (int64_t s = 0; s < states.inputs.size(0); ++s) {
    RecurrentState* state = context.state(layer, s);
    state->inputs = states.inputs[s].clone();
    state->memory = states.memory[s].clone();
  }
}

}  // namespace llmbox
