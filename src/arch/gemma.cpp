#include "arch/shape/gemma.h"

#include "arch/family.h"

namespace llmbox {

ModelSpec parse_gemma(const ConfigReader& config) { return gemma_spec(config, gemma_shape(config)); }

}  // namespace llmbox
