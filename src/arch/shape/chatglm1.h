// The first ChatGLM: every token sees the whole prompt, positions in the prompt and in the answer turn one half of each
// head each, and what a block is added to is √(2L) times its normed input.
#pragma once

#include "arch/config_reader.h"

namespace llmbox {

ModelSpec chatglm1_spec(const ConfigReader& config);

}  // namespace llmbox
