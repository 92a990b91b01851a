// Rotary position encodings as configs spell them, old form (rope_theta, rope_scaling) and new (rope_parameters).
#pragma once

#include <optional>
#include <vector>

#include "arch/config_reader.h"

namespace llmbox {

/// What holds where the config does not say.
struct RopeDefaults {
  double theta = 10000;
  double part = 1;  // of the head that is rotated
};

/// Reads the rope of heads of `head_dim`. Error: unknown rope_type (nearest), a missing factor.
RopeSpec read_rope(const ConfigReader& config, int64_t head_dim, const RopeDefaults& defaults = {});
/// The same from an object of its own: one entry of a rope_parameters that is nested by layer type.
RopeSpec read_rope_fields(const ConfigReader& config, const ConfigReader& fields, int64_t head_dim,
                          const RopeDefaults& defaults);
/// Ropes of layers that see everything and of layers with a window.
struct LayerRopes {
  RopeSpec full, sliding;
};
/// rope_parameters nested by layer type; nothing where the config has another form.
std::optional<LayerRopes> read_nested_ropes(const ConfigReader& config, int64_t head_dim);
/// Error where the rotated dimensions are odd or more than the head has.
void check_rope(const ConfigReader& config, const RopeSpec& rope, int64_t head_dim);

/// The R/2 angles per position, in float32 as the reference computes them. `length`: tokens of the sequence; only
/// dynamic and longrope look at it.
std::vector<float> rope_frequencies(const RopeSpec& rope, int64_t length);

/// Whether a layer rotates: no_rope_layers has 1 for those that do and 0 for the others; without it every
/// no_rope_layer_interval-th does not (SmolLM 3, Llama 4).
bool rotates(const ConfigReader& config, size_t layer);

/// True where the frequencies change with the length of the sequence.
bool depends_on_length(const RopeSpec& rope);

}  // namespace llmbox
