#include "arch/family.h"
#include "arch/shape/latent.h"
#include "arch/shape/minicpm.h"

namespace llmbox {

ModelSpec parse_minicpm3(const ConfigReader& config) {
  ModelSpec spec = latent_spec(config, {});
  spec.ropes[0].interleaved = false;
  add_minicpm_scales(config, spec);
  return spec;
}

}  // namespace llmbox
