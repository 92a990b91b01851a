#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

/// The first files of Yi; later ones call themselves llama.
ModelSpec parse_yi(const ConfigReader& config) {
  ModelSpec spec = llama_spec(config, LlamaShape{});
  rename_llama(spec, {.before_attention = "ln1", .before_ffn = "ln2"});
  return spec;
}

}  // namespace llmbox
