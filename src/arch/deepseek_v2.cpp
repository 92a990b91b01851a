#include "arch/family.h"
#include "arch/shape/latent.h"

namespace llmbox {

ModelSpec parse_deepseek_v2(const ConfigReader& config) { return deepseek_spec(config, RouterScore::softmax); }

}  // namespace llmbox
