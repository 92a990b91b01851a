#include "arch/family.h"
#include "arch/shape/gemma.h"

namespace llmbox {

ModelSpec parse_gemma2(const ConfigReader& config) {
  LlamaShape shape = gemma_shape(config);
  const auto even = [](int64_t layer) { return layer % 2 == 0; };
  shape.window = read_windows(config, config.integer("sliding_window", 4096), even);
  ModelSpec spec = gemma_spec(config, shape);
  add_gemma2_parts(config, shape, spec);
  return spec;
}

}  // namespace llmbox
