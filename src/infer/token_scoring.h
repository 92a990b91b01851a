// Log-probabilities of chosen tokens under chosen hidden rows: the fused head where the logits are plain, the decoder's
// own logits where it scales or caps them.
#pragma once

#include "model/decoder.h"
#include "tensor/linear_cross_entropy.h"

namespace llmbox {

/// hidden (M, E), targets (M) int64. No gradient.
TokenScores score_tokens(Decoder& decoder, const at::Tensor& hidden, const at::Tensor& targets);

}  // namespace llmbox
