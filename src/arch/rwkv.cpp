#include "arch/shape/rwkv.h"

#include "arch/family.h"

namespace llmbox {

/// RWKV 4.
ModelSpec parse_rwkv(const ConfigReader& config) {
  return rwkv_spec(config, {.version = 4, .inner = 4 * config.integer("hidden_size"), .n_head = 1});
}

}  // namespace llmbox
