#include "arch/family.h"
#include "arch/shape/latent.h"

namespace llmbox {

ModelSpec parse_deepseek_v3(const ConfigReader& config) { return deepseek_spec(config); }

}  // namespace llmbox
