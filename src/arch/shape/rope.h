// Rotary position encodings as configs spell them, old form (rope_theta, rope_scaling) and new (rope_parameters).
#pragma once

#include <vector>

#include "arch/config_reader.h"

namespace llmbox {

/// Reads the rope of heads of `head_dim`. Error: unknown rope_type (nearest), a missing factor.
RopeSpec read_rope(const ConfigReader& config, int64_t head_dim);

/// The R/2 angles per position, in float32 as the reference computes them. `length`: tokens of the sequence; only
/// dynamic and longrope look at it.
std::vector<float> rope_frequencies(const RopeSpec& rope, int64_t length);

/// True where the frequencies change with the length of the sequence.
bool depends_on_length(const RopeSpec& rope);

}  // namespace llmbox
