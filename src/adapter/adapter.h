// Adapters in PEFT's folders (adapter_config.json, adapter_model.safetensors or .bin): load, merge, save. Each method
// is a file of method/ and a row of its table. Adapter tensors are float32 and own their memory. Parts outside the
// linear layers (modules_to_save, LoRA of the embedding) are written into the model when the adapter is loaded.
#pragma once

#include <filesystem>

#include "model/decoder.h"
#include "tensor/safetensors.h"

namespace llmbox {

/// Wraps the layers that the folder names. trainable: its tensors require grad and the base no longer does. Error
/// naming file and tensor: a layer that the model has not, a shape that does not fit, a peft_type that method/table.cpp
/// has not (lists ours). Returns the adapter's tensors.
NamedTensors load_adapter(Decoder& decoder, const std::filesystem::path& folder, bool trainable);

/// Writes adapter_config.json and adapter_model.safetensors as PEFT does. Error: the decoder has no adapter.
void save_adapter(Decoder& decoder, const std::filesystem::path& folder);

/// Replaces adapted layers by dense ones with their adapted weight, computed in float32 and rounded once. Error:
/// virtual tokens (prompt.h), which no weight can hold.
void merge_adapters(Decoder& decoder);

/// The tensors of every adapted layer, under their hub names ("….q_proj.lora_A.weight").
NamedTensors adapter_parameters(Decoder& decoder);

}  // namespace llmbox
