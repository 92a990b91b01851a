#include "arch/family.h"
#include "arch/shape/rwkv.h"

namespace llmbox {

ModelSpec parse_rwkv5(const ConfigReader& config) { return rwkv_spec(config, rwkv_headed_shape(config, 5)); }

}  // namespace llmbox
