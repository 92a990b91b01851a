// LoRA (Hu et al. 2021): y = W x + s B A x with A (r, in), B (out, r), s = alpha / r, or alpha / sqrt(r) (rsLoRA).
// attach_lora wraps the linear layers of a decoder with a new adapter; adapter.h loads, merges and saves. A and B are
// float32; the products run in the type of x. Dropout masks are a function of (seed, layer), so recomputing a layer
// draws the same ones.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "adapter/adapter.h"
#include "core/rng.h"

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

/// Dropout is on while there is a seed: give each micro batch its own before its forward; nullopt: off (evaluation).
void set_lora_dropout(Decoder& decoder, std::optional<uint64_t> seed);

}  // namespace llmbox
