// Next-token cross entropy over the labelled positions: stages pt and sft.
#pragma once

#include "train/objective/objective.h"

namespace llmbox {

std::unique_ptr<Objective> make_causal_lm();

}  // namespace llmbox
