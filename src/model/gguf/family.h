// How GGUF (llama.cpp's converter) names the parts of an architecture, against the hub's names. One row per family in
// table.cpp. What a row cannot say (a norm stored as w + 1, fused experts) is refused where it is met.
#pragma once

#include <optional>
#include <span>
#include <string>

namespace llmbox {

struct GgufName {
  const char* hub;   // within a layer: "self_attn.q_proj"; else whole: "model.norm"
  const char* gguf;  // "attn_q"
};

struct GgufKey {
  const char* gguf;  // "attention.head_count", without the architecture
  const char* hub;   // key of config.json
};

struct GgufFamily {
  const char* architecture;  // general.architecture
  const char* model_type;    // of config.json
  const char* layer_prefix;  // of hub names: "model.layers."
  bool rotates_pairs;        // rows of q and k are in the order of neighbours
  std::span<const GgufName> layer_names;
  std::span<const GgufName> outer_names;
  std::span<const GgufKey> keys;
};

std::span<const GgufFamily> gguf_families();
const GgufFamily* find_gguf_family_of_model(const std::string& model_type);   // null: none
const GgufFamily* find_gguf_family_of_file(const std::string& architecture);  // the first; null: none

/// "model.layers.3.mlp.up_proj.weight" ↔ "blk.3.ffn_up.weight"; nullopt: no name of the family.
std::optional<std::string> gguf_name(const GgufFamily& family, const std::string& hub);
std::optional<std::string> hub_name(const GgufFamily& family, const std::string& gguf);

}  // namespace llmbox
