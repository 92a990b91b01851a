// A GGUF file as a model: hub names, rows of q and k in the hub's order, blocks kept packed in linear layers. And the
// way back: any weights under hub names, encoded as asked, with what llama.cpp needs beside them.
#pragma once

#include "model/model_files.h"
#include "tensor/gguf.h"

namespace llmbox {

/// Error naming the file: an architecture that gguf/table.cpp has not (lists ours), a tensor that it cannot name.
ModelFiles open_gguf_model(const std::filesystem::path& path);

/// What `--type` may say: f32, f16, bf16, q8_0, q4_0, q4_k_m, q6_k.
struct GgufPreset {
  const char* name;
  uint32_t file_type;       // general.file_type: llama_ftype
  const char* matrix_type;  // of the linear layers
  const char* head_type;    // of the output matrix
  bool mixed;               // Q4_K_M: half of the value and down matrices in Q6_K
};
const GgufPreset& find_gguf_preset(const std::string& name);

struct GgufExport {
  std::string type = "f16";
  GgufEntries extra;  // tokenizer, chat template
};

/// Encodes and writes one tensor at a time. files: config and every weight under hub names (dense or packed). Error: a
/// model_type that gguf/table.cpp has not.
void save_gguf_model(const std::filesystem::path& path, const ModelFiles& files, const GgufExport& options);

}  // namespace llmbox
