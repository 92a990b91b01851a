// What config.json says and a list of GGUF keys cannot: sums, patterns of layers, what llama.cpp derives itself. Each
// rule fills in the config of one row of table.cpp. Keys that are missing are left out: the config's parser says which
// it needs.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"
#include "tensor/gguf.h"

namespace llmbox {

void complete_llama(const GgufFile& file, Json& config);     // with a window it is Mistral
void complete_qwen(const GgufFile& file, Json& config);      // windows
void complete_qwen_moe(const GgufFile& file, Json& config);  // layers without experts
void complete_baichuan(const GgufFile& file, Json& config);
void complete_chatglm(const GgufFile& file, Json& config);
void complete_expert_weights(const GgufFile& file, Json& config);
void complete_exaone4(const GgufFile& file, Json& config);
void complete_jamba(const GgufFile& file, Json& config);
void complete_llama4(const GgufFile& file, Json& config);
void complete_phimoe(const GgufFile& file, Json& config);
void complete_qwen_next(const GgufFile& file, Json& config);
void complete_t5(const GgufFile& file, Json& config);
void complete_mamba2(const GgufFile& file, Json& config);
void complete_bamba(const GgufFile& file, Json& config);
void complete_lfm2(const GgufFile& file, Json& config);
void complete_minicpm3(const GgufFile& file, Json& config);
void complete_deepseek(const GgufFile& file, Json& config);
void complete_falcon(const GgufFile& file, Json& config);
void complete_minicpm(const GgufFile& file, Json& config);
void complete_olmo(const GgufFile& file, Json& config);  // with windows it is OLMo 3
void complete_gemma(const GgufFile& file, Json& config);
void complete_gemma3n(const GgufFile& file, Json& config);
void complete_gpt_oss(const GgufFile& file, Json& config);
void complete_exaone(const GgufFile& file, Json& config);
void complete_key_heads(const GgufFile& file, Json& config);  // one key head: multi_query
void complete_windows(const GgufFile& file, Json& config);    // which layers slide
void complete_mpt(const GgufFile& file, Json& config);
void complete_residual(const GgufFile& file, Json& config);  // use_parallel_residual

// What the rules share.

/// The number under the file's architecture ("attention.head_count"), of a list with one for each layer the greatest;
/// Error where it is neither. Floats have the digits that they were written with. Null: no such key.
Json gguf_number(const GgufFile& file, const std::string& key);
/// Of the config: 0 where it is not there, or not a positive whole number.
int64_t integer_of(const Json& config, const char* key);
/// num_hidden_layers, bounded: the config's parser has its say only later.
int64_t layer_count(const Json& config);
bool has_layer_tensor(const GgufFile& file, int64_t layer, const char* name);
/// One truth a layer, or nothing where the file has no such list.
std::vector<bool> gguf_flags(const GgufFile& file, const std::string& key);

}  // namespace llmbox
