// Which parameters of a decoder train: full, freeze (layers by number, modules by name) or a LoRA adapter. Sets
// requires_grad accordingly and lists them in a fixed order.
#pragma once

#include <optional>
#include <vector>

#include "adapter/lora.h"
#include "model/decoder.h"
#include "tensor/safetensors.h"
#include "train/config.h"

namespace llmbox {

/// `checkpoint`: adapter folder that a resumed run goes on with; empty: a new adapter, or adapter_name_or_path.
NamedTensors choose_trainable(Decoder& model, const TrainConfig& config, const std::filesystem::path& checkpoint = {});

/// The parameters that finetuning_type freeze trains. Throws Error for unknown module names, listing those there are.
std::vector<std::string> freeze_choice(const std::vector<std::string>& names, const ModelChoice& choice);

}  // namespace llmbox
