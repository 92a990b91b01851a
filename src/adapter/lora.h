// LoRA (Hu et al. 2021): y = W x + s B A x with A (r, in), B (out, r), s = alpha / r, or alpha / sqrt(r) (rsLoRA).
// attach_lora wraps the linear layers of a decoder; folders have PEFT's format (adapter_config.json,
// adapter_model.safetensors). A and B are float32; the products run in the type of x. Dropout masks are a function of
// (seed, layer), so recomputing a layer draws the same ones.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/rng.h"
#include "model/decoder.h"
#include "tensor/safetensors.h"

namespace llmbox {

struct LoraConfig {
  int r = 8;
  double alpha = 16;
  double dropout = 0;                              // of the input of A, while set_lora_dropout has a seed
  bool rslora = false;                             // scale alpha / sqrt(r)
  std::vector<std::string> target_modules{"all"};  // ends of layer names; "all": every linear layer but the head
  std::string base_model{};                        // written into adapter_config.json

  template <class V>
  void fields(V& v) {
    v("lora_rank", r, "rank of the adapter");
    v("lora_alpha", alpha, "scale: alpha / rank");
    v("lora_dropout", dropout, "probability of dropping an input of the adapter; 0 = off");
    v("use_rslora", rslora, "scale alpha / sqrt(rank) instead");
    v("lora_target", target_modules, "ends of the names of the layers to adapt; all = every linear layer but the head");
  }
};

/// Wraps the target layers: A random (uniform, Kaiming with a = sqrt 5, as PEFT's), B zero. The base no longer requires
/// grad. Returns the new parameters, which do. Error: a target that names no layer (lists near ones).
NamedTensors attach_lora(Decoder& decoder, const LoraConfig& config, Rng& rng);

/// Wraps the layers that the folder names. trainable: A and B require grad. Error naming file and tensor: a layer that
/// the model has not, a shape that does not fit, an adapter method other than LoRA. Returns A and B.
NamedTensors load_adapter(Decoder& decoder, const std::filesystem::path& folder, bool trainable);

/// Writes adapter_config.json and adapter_model.safetensors as PEFT does. Error: the decoder has no adapter.
void save_adapter(Decoder& decoder, const std::filesystem::path& folder);

/// Replaces adapted layers by dense ones with W + s B A, computed in float32 and rounded once.
void merge_adapters(Decoder& decoder);

/// A and B of every adapted layer, under their hub names ("….q_proj.lora_A.weight").
NamedTensors adapter_parameters(Decoder& decoder);

/// Dropout is on while there is a seed: give each micro batch its own before its forward; nullopt: off (evaluation).
void set_lora_dropout(Decoder& decoder, std::optional<uint64_t> seed);

}  // namespace llmbox
