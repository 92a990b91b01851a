#include "arch/family.h"
#include "arch/shape/rwkv.h"

namespace llmbox {

/// The ranks of its low-rank parts follow from the hidden size where the config does not name them.
ModelSpec parse_rwkv6(const ConfigReader& config) {
  RwkvShape shape = rwkv_headed_shape(config, 6);
  const int64_t factor = config.integer("hidden_size") >= 4096 ? 2 : 1;
  shape.mix_rank = config.integer("time_mix_extra_dim", 32 * factor);
  shape.decay_rank = config.integer("time_decay_extra_dim", 64 * factor);
  return rwkv_spec(config, shape);
}

}  // namespace llmbox
