// The angles of a batch for one RopeSpec. Made once per forward and shared by all layers that use it.
#pragma once

#include "arch/spec.h"
#include "model/token_batch.h"
#include "tensor/rope.h"

namespace llmbox {

/// cos and sin (N, R/2) in float32. Ropes that depend on the length take each segment's own (last position + 1).
RopeAngles make_rope_angles(const RopeSpec& rope, const TokenBatch& batch);

}  // namespace llmbox
