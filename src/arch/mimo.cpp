#include "arch/family.h"

namespace llmbox {

/// Qwen 2 with layers for predicting several tokens, which only training uses.
ModelSpec parse_mimo(const ConfigReader& config) {
  ModelSpec spec = parse_qwen2(config);
  spec.ignored_prefixes = {"model.mtp_layers."};
  return spec;
}

}  // namespace llmbox
