// A family of architectures: turns one config.json into a ModelSpec. One file per family, one row in table.cpp.
#pragma once

#include <span>

#include "arch/config_reader.h"
#include "arch/spec.h"

namespace llmbox {

struct Family {
  const char* model_type;    // the config's model_type
  const char* architecture;  // transformers' class, written into config.json on save
  ModelSpec (*parse)(const ConfigReader& config);
};

std::span<const Family> families();

ModelSpec parse_arcee(const ConfigReader& config);
ModelSpec parse_baichuan(const ConfigReader& config);
ModelSpec parse_bamba(const ConfigReader& config);
ModelSpec parse_bert(const ConfigReader& config);
ModelSpec parse_bloom(const ConfigReader& config);
ModelSpec parse_chatglm(const ConfigReader& config);
ModelSpec parse_codegen(const ConfigReader& config);
ModelSpec parse_cohere(const ConfigReader& config);
ModelSpec parse_cohere2(const ConfigReader& config);
ModelSpec parse_deepseek(const ConfigReader& config);
ModelSpec parse_deepseek_v2(const ConfigReader& config);
ModelSpec parse_deepseek_v3(const ConfigReader& config);
ModelSpec parse_ernie4_5(const ConfigReader& config);
ModelSpec parse_ernie4_5_moe(const ConfigReader& config);
ModelSpec parse_exaone(const ConfigReader& config);
ModelSpec parse_exaone4(const ConfigReader& config);
ModelSpec parse_falcon(const ConfigReader& config);
ModelSpec parse_falcon_h1(const ConfigReader& config);
ModelSpec parse_gemma(const ConfigReader& config);
ModelSpec parse_gemma2(const ConfigReader& config);
ModelSpec parse_gemma3_text(const ConfigReader& config);
ModelSpec parse_gemma3n_text(const ConfigReader& config);
ModelSpec parse_glm(const ConfigReader& config);
ModelSpec parse_glm4(const ConfigReader& config);
ModelSpec parse_glm4_moe(const ConfigReader& config);
ModelSpec parse_gpt2(const ConfigReader& config);
ModelSpec parse_gpt_bigcode(const ConfigReader& config);
ModelSpec parse_gpt_neox(const ConfigReader& config);
ModelSpec parse_gpt_oss(const ConfigReader& config);
ModelSpec parse_gptj(const ConfigReader& config);
ModelSpec parse_granite(const ConfigReader& config);
ModelSpec parse_granitemoe(const ConfigReader& config);
ModelSpec parse_helium(const ConfigReader& config);
ModelSpec parse_hunyuan_v1_dense(const ConfigReader& config);
ModelSpec parse_hunyuan_v1_moe(const ConfigReader& config);
ModelSpec parse_internlm2(const ConfigReader& config);
ModelSpec parse_internlm3(const ConfigReader& config);
ModelSpec parse_jamba(const ConfigReader& config);
ModelSpec parse_lfm2(const ConfigReader& config);
ModelSpec parse_llama(const ConfigReader& config);
ModelSpec parse_llama4_text(const ConfigReader& config);
ModelSpec parse_mamba(const ConfigReader& config);
ModelSpec parse_mimo(const ConfigReader& config);
ModelSpec parse_minicpm(const ConfigReader& config);
ModelSpec parse_minicpm3(const ConfigReader& config);
ModelSpec parse_minimax(const ConfigReader& config);
ModelSpec parse_mistral(const ConfigReader& config);
ModelSpec parse_mixtral(const ConfigReader& config);
ModelSpec parse_mpt(const ConfigReader& config);
ModelSpec parse_nemotron(const ConfigReader& config);
ModelSpec parse_olmo(const ConfigReader& config);
ModelSpec parse_olmo2(const ConfigReader& config);
ModelSpec parse_olmo3(const ConfigReader& config);
ModelSpec parse_olmoe(const ConfigReader& config);
ModelSpec parse_opt(const ConfigReader& config);
ModelSpec parse_orion(const ConfigReader& config);
ModelSpec parse_persimmon(const ConfigReader& config);
ModelSpec parse_phi(const ConfigReader& config);
ModelSpec parse_phi3(const ConfigReader& config);
ModelSpec parse_phimoe(const ConfigReader& config);
ModelSpec parse_qwen(const ConfigReader& config);
ModelSpec parse_qwen2(const ConfigReader& config);
ModelSpec parse_qwen2_moe(const ConfigReader& config);
ModelSpec parse_qwen3(const ConfigReader& config);
ModelSpec parse_qwen3_moe(const ConfigReader& config);
ModelSpec parse_qwen3_next(const ConfigReader& config);
ModelSpec parse_rwkv(const ConfigReader& config);
ModelSpec parse_rwkv5(const ConfigReader& config);
ModelSpec parse_rwkv6(const ConfigReader& config);
ModelSpec parse_rwkv7(const ConfigReader& config);
ModelSpec parse_seed_oss(const ConfigReader& config);
ModelSpec parse_smollm3(const ConfigReader& config);
ModelSpec parse_stablelm(const ConfigReader& config);
ModelSpec parse_starcoder2(const ConfigReader& config);
ModelSpec parse_t5(const ConfigReader& config);
ModelSpec parse_telechat(const ConfigReader& config);
ModelSpec parse_xglm(const ConfigReader& config);
ModelSpec parse_yi(const ConfigReader& config);

}  // namespace llmbox
