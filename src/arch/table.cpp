#include <vector>

#include "arch/family.h"
#include "core/error.h"
#include "core/near_name.h"

namespace llmbox {

namespace {

constexpr Family kFamilies[] = {
    {"gpt2", "GPT2LMHeadModel", parse_gpt2},          {"llama", "LlamaForCausalLM", parse_llama},
    {"mistral", "MistralForCausalLM", parse_mistral}, {"qwen2", "Qwen2ForCausalLM", parse_qwen2},
    {"qwen3", "Qwen3ForCausalLM", parse_qwen3},
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
    return spec;
  }
  fail_unknown(type, reader.where());
}

}  // namespace llmbox
