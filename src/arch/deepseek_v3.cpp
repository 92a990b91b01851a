#include "arch/family.h"
#include "arch/shape/latent.h"

namespace llmbox {

/// transformers 5 leaves out what all of these models share: the sigmoid and its correction.
ModelSpec parse_deepseek_v3(const ConfigReader& config) { return deepseek_spec(config, RouterScore::sigmoid); }

}  // namespace llmbox
