// What sets one family of GGUF files (llama.cpp's "architecture") apart: one row each in table.cpp. Names of tensors
// come from the ModelSpec (layout.h); a row says the hub's model_type, the keys of the metadata under the hub's names,
// and what llama.cpp's converter does to the values.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "core/json.h"

namespace llmbox {

class GgufFile;

struct GgufKey {
  const char* gguf;  // "attention.head_count", without the architecture
  const char* hub;   // key of config.json
};

struct GgufFamily {
  const char* architecture;  // general.architecture
  const char* model_type;    // of config.json
  // A file of this row has a tensor whose name ends so; null: any file of the architecture.
  const char* mark = nullptr;
  bool rotates_pairs = false;         // llama.cpp rotates neighbours: rows of q and k are put into that order
  bool splits_qkv = false;            // the hub's one product of q, k and v is three tensors
  bool splits_latent = false;         // keys and values of latent attention are two tensors (else one, attn_kv_b)
  bool swaps_parallel_norms = false;  // Falcon: attention's norm is the second, the feed-forward's the first
  bool divides_logits = false;        // logit_scale is a divisor
  int64_t ffn_length_factor = 1;      // feed_forward_length counts gate and up together: 2
  bool folds_scales = false;          // Falcon-H1: constants on what parts read and give are in their weights
  bool folds_logit_scale = false;     // T5: the same for the logits
  bool lists_key_heads = false;       // layers without attention are known by their 0 key heads
  const char* ffn_norm = "ffn_norm";
  const char* ffn_norm_end = ".weight";  // of its tensor's name
  const char* final_norm = "output_norm";
  const char* attention_out = "attn_output";
  // How files of other programs are read.
  std::span<const GgufKey> keys{};
  std::span<const GgufKey> more_keys{};
  const char* fixed = "{}";                                        // what llama.cpp takes for granted
  void (*complete)(const GgufFile& file, Json& config) = nullptr;  // what a list of keys cannot say
};

std::span<const GgufFamily> gguf_families();
const GgufFamily* find_gguf_family_of_model(const std::string& model_type);  // null: none
/// The first of the architecture that the file's tensors fit; null: none.
const GgufFamily* find_gguf_family_of_file(const GgufFile& file);

}  // namespace llmbox
