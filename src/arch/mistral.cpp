#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

ModelSpec parse_mistral(const ConfigReader& config) {
  // v0.1 leaves the key out and means 4096; later ones say null: no window.
  const int64_t window = config.mentions("sliding_window") ? config.integer("sliding_window", 0) : 4096;
  LlamaShape shape;
  shape.window = read_windows(config, window, [](int64_t) { return true; });
  return llama_spec(config, shape);
}

}  // namespace llmbox
