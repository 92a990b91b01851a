#include <vector>

#include "arch/family.h"
#include "core/error.h"
#include "core/near_name.h"

namespace llmbox {

namespace {

constexpr Family kFamilies[] = {
    {"aquila", "AquilaForCausalLM", parse_llama},
    {"arcee", "ArceeForCausalLM", parse_arcee},
    {"baichuan", "BaichuanForCausalLM", parse_baichuan},
    {"bamba", "BambaForCausalLM", parse_bamba},
    {"bert", "BertForMaskedLM", parse_bert},
    {"bloom", "BloomForCausalLM", parse_bloom},
    {"chatglm", "ChatGLMForConditionalGeneration", parse_chatglm},
    {"codegen", "CodeGenForCausalLM", parse_codegen},
    {"cohere", "CohereForCausalLM", parse_cohere},
    {"cohere2", "Cohere2ForCausalLM", parse_cohere2},
    {"deepseek", "DeepseekForCausalLM", parse_deepseek},
    {"deepseek_v2", "DeepseekV2ForCausalLM", parse_deepseek_v2},
    {"deepseek_v3", "DeepseekV3ForCausalLM", parse_deepseek_v3},
    {"ernie4_5", "Ernie4_5ForCausalLM", parse_ernie4_5},
    {"ernie4_5_moe", "Ernie4_5_MoeForCausalLM", parse_ernie4_5_moe},
    {"exaone", "ExaoneForCausalLM", parse_exaone},
    {"exaone4", "Exaone4ForCausalLM", parse_exaone4},
    {"falcon", "FalconForCausalLM", parse_falcon},
    {"falcon_h1", "FalconH1ForCausalLM", parse_falcon_h1},
    {"gemma", "GemmaForCausalLM", parse_gemma},
    {"gemma2", "Gemma2ForCausalLM", parse_gemma2},
    {"gemma3_text", "Gemma3ForCausalLM", parse_gemma3_text},
    {"gemma3n_text", "Gemma3nForCausalLM", parse_gemma3n_text},
    {"glm", "GlmForCausalLM", parse_glm},
    {"glm4", "Glm4ForCausalLM", parse_glm4},
    {"glm4_moe", "Glm4MoeForCausalLM", parse_glm4_moe},
    {"gpt2", "GPT2LMHeadModel", parse_gpt2},
    {"gpt_bigcode", "GPTBigCodeForCausalLM", parse_gpt_bigcode},
    {"gpt_neox", "GPTNeoXForCausalLM", parse_gpt_neox},
    {"gpt_oss", "GptOssForCausalLM", parse_gpt_oss},
    {"gptj", "GPTJForCausalLM", parse_gptj},
    {"granite", "GraniteForCausalLM", parse_granite},
    {"granitemoe", "GraniteMoeForCausalLM", parse_granitemoe},
    {"helium", "HeliumForCausalLM", parse_helium},
    {"hunyuan_v1_dense", "HunYuanDenseV1ForCausalLM", parse_hunyuan_v1_dense},
    {"hunyuan_v1_moe", "HunYuanMoEV1ForCausalLM", parse_hunyuan_v1_moe},
    {"internlm2", "InternLM2ForCausalLM", parse_internlm2},
    {"internlm3", "InternLM3ForCausalLM", parse_internlm3},
    {"jamba", "JambaForCausalLM", parse_jamba},
    {"kimi_k2", "DeepseekV3ForCausalLM", parse_deepseek_v3},
    {"lfm2", "Lfm2ForCausalLM", parse_lfm2},
    {"llama", "LlamaForCausalLM", parse_llama},
    {"llama4_text", "Llama4ForCausalLM", parse_llama4_text},
    {"mamba", "MambaForCausalLM", parse_mamba},
    {"mimo", "MiMoForCausalLM", parse_mimo},
    {"minicpm", "MiniCPMForCausalLM", parse_minicpm},
    {"minicpm3", "MiniCPM3ForCausalLM", parse_minicpm3},
    {"minimax", "MiniMaxForCausalLM", parse_minimax},
    {"mistral", "MistralForCausalLM", parse_mistral},
    {"mixtral", "MixtralForCausalLM", parse_mixtral},
    {"mpt", "MPTForCausalLM", parse_mpt},
    {"nemotron", "NemotronForCausalLM", parse_nemotron},
    {"olmo", "OlmoForCausalLM", parse_olmo},
    {"olmo2", "Olmo2ForCausalLM", parse_olmo2},
    {"olmo3", "Olmo3ForCausalLM", parse_olmo3},
    {"olmoe", "OlmoeForCausalLM", parse_olmoe},
    {"opt", "OPTForCausalLM", parse_opt},
    {"orion", "OrionForCausalLM", parse_orion},
    {"persimmon", "PersimmonForCausalLM", parse_persimmon},
    {"phi", "PhiForCausalLM", parse_phi},
    {"phi3", "Phi3ForCausalLM", parse_phi3},
    {"phimoe", "PhimoeForCausalLM", parse_phimoe},
    {"qwen", "QWenLMHeadModel", parse_qwen},
    {"qwen2", "Qwen2ForCausalLM", parse_qwen2},
    {"qwen2_moe", "Qwen2MoeForCausalLM", parse_qwen2_moe},
    {"qwen3", "Qwen3ForCausalLM", parse_qwen3},
    {"qwen3_moe", "Qwen3MoeForCausalLM", parse_qwen3_moe},
    {"qwen3_next", "Qwen3NextForCausalLM", parse_qwen3_next},
    {"rwkv", "RwkvForCausalLM", parse_rwkv},
    {"rwkv5", "Rwkv5ForCausalLM", parse_rwkv5},
    {"rwkv6", "Rwkv6ForCausalLM", parse_rwkv6},
    {"rwkv7", "RWKV7ForCausalLM", parse_rwkv7},
    {"seed_oss", "SeedOssForCausalLM", parse_seed_oss},
    {"smollm3", "SmolLM3ForCausalLM", parse_smollm3},
    {"stablelm", "StableLmForCausalLM", parse_stablelm},
    {"starcoder2", "Starcoder2ForCausalLM", parse_starcoder2},
    {"t5", "T5ForConditionalGeneration", parse_t5},
    {"telechat", "TelechatForCausalLM", parse_telechat},
    {"xglm", "XGLMForCausalLM", parse_xglm},
    {"xverse", "XverseForCausalLM", parse_llama},
    {"Yi", "YiForCausalLM", parse_yi},
};

[[noreturn]] void fail_unknown(const std::string& type, const std::string& where) {
  std::vector<std::string> names;
  std::string all;
  for (const Family& family : families()) {
    names.emplace_back(family.model_type);
    all += (all.empty() ? "" : ", ") + names.back();
  }
  fail(where, "expected a model_type that llmbox knows ({}), got '{}'; try {}", all, type, near_names(type, names, 1));
}

/// A reward model or classifier of any family: the head is `score`, one row a label.
void make_classifier(const ConfigReader& config, ModelSpec& spec) {
  constexpr std::string_view kEnd = "ForSequenceClassification";
  if (!config.has("architectures") || !config.at("architectures").is_array()) return;
  const Json& names = config.at("architectures");
  if (names.empty() || !names[0].is_string() || !names[0].get<std::string>().ends_with(kEnd)) return;
  const int64_t labels = config.has("id2label") && config.at("id2label").is_object()
                             ? static_cast<int64_t>(config.at("id2label").size())
                             : config.integer("num_labels", 2);
  spec.architecture = names[0].get<std::string>();
  spec.is_classifier = true;
  spec.tied_head = false;
  spec.head = {.name = "score", .in = spec.hidden_size, .out = labels};
}

}  // namespace

std::span<const Family> families() { return kFamilies; }

ModelSpec parse_model_spec(const Json& config, std::string_view where) {
  if (!config.is_object()) fail(where, "expected a JSON object, got {}", config.type_name());
  ConfigReader reader(config, where);
  if (!reader.has("model_type")) fail(where, "expected the key 'model_type', found none; try another config.json");
  const std::string type = reader.text("model_type", "");
  for (const Family& family : families()) {
    if (type != family.model_type) continue;
    ModelSpec spec = family.parse(reader);
    spec.model_type = type;
    spec.architecture = family.architecture;
    make_classifier(reader, spec);
    return spec;
  }
  fail_unknown(type, reader.where());
}

}  // namespace llmbox
