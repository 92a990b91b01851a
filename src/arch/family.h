// A family of architectures: turns one config.json into a ModelSpec. One file per family, one row in table.cpp.
#pragma once

#include <span>

#include "arch/config_reader.h"
#include "arch/spec.h"

namespace llmbox {

struct Family {
  const char* model_type;    // the config's model_type
  const char* architecture;  // transformers' class, written into config.json on save
  ModelSpec (*parse)(const ConfigReader& config);
};

std::span<const Family> families();

ModelSpec parse_gpt2(const ConfigReader& config);
ModelSpec parse_llama(const ConfigReader& config);
ModelSpec parse_mistral(const ConfigReader& config);
ModelSpec parse_qwen2(const ConfigReader& config);
ModelSpec parse_qwen3(const ConfigReader& config);

}  // namespace llmbox
