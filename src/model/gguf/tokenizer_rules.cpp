#include "model/gguf/tokenizer_rules.h"

#include "core/base64.h"
#include "core/error.h"

namespace llmbox {

namespace {

constexpr const char* kSpace = "▁";

/// By what sets the patterns apart; the first mark that the pre-tokenizer has decides.
struct SplittingRule {
  const char* mark;
  const char* name;
};
constexpr SplittingRule kSplittingRules[] = {
    {R"([!-/:-~！-／：-～‘-‟　-。]+)", "deepseek-llm"},
    {R"([一-龥぀-ゟ゠-ヿ]+)", "deepseek-v3"},
    {R"([一-龥ࠀ-一가-퟿]+)", "deepseek-coder"},
    {R"( ?[^(\\s|.,!?…。，、।۔،)]+)", "bloom"},
    {R"([^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+)", "deepseek-v3"},
    {R"([0-9][0-9][0-9])", "falcon"},
    {R"("individual_digits":true)", "starcoder"},
    {R"([\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|)", "tekken"},
    {R"([\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:)", "gpt-4o"},
    {R"(\\p{N}{1,3})", "llama-bpe"},
    {R"(|\\p{N}|)", "qwen2"},
};

/// The steps of a pre-tokenizer, normalizer or post-processor: those of a sequence, or the one.
std::vector<Json> steps_of(const Json& tokenizer, const char* part) {
  const Json stage = tokenizer.value(part, Json());
  if (!stage.is_object()) return {};
  for (const char* list : {"pretokenizers", "normalizers", "processors"})
    if (stage.contains(list) && stage[list].is_array()) return stage[list].get<std::vector<Json>>();
  return {stage};
}

const Json* find_step(const std::vector<Json>& steps, const char* type) {
  for (const Json& step : steps)
    if (step.is_object() && step.value("type", Json()) == type) return &step;
  return nullptr;
}

std::optional<std::string> special_token(const Json& piece) {
  const Json token = piece.is_object() ? piece.value("SpecialToken", Json()) : Json();
  const Json id = token.is_object() ? token.value("id", Json()) : Json();
  return id.is_string() ? std::optional(id.get<std::string>()) : std::nullopt;
}

bool adds_space(const Json& tokenizer) {
  const std::vector<Json> normalizers = steps_of(tokenizer, "normalizer");
  if (find_step(normalizers, "Prepend")) return true;
  for (const auto& steps : {normalizers, steps_of(tokenizer, "pre_tokenizer")})
    if (const Json* metaspace = find_step(steps, "Metaspace"))
      return metaspace->value("prepend_scheme", Json("always")) != "never" &&
             metaspace->value("add_prefix_space", Json(true)) != false;
  return false;
}

bool removes_spaces(const Json& tokenizer) {
  if (find_step(steps_of(tokenizer, "pre_tokenizer"), "WhitespaceSplit")) return true;
  for (const Json& step : steps_of(tokenizer, "normalizer"))
    if (step.dump().find(" {2,}") != std::string::npos) return true;
  return false;
}

}  // namespace

bool is_byte_level(const Json& tokenizer) {
  for (const char* part : {"pre_tokenizer", "decoder"})
    if (tokenizer.value(part, Json()).dump().find("\"ByteLevel\"") != std::string::npos) return true;
  return false;
}

std::string splitting_rule(const Json& tokenizer) {
  const std::string text = tokenizer.value("pre_tokenizer", Json()).dump();
  std::string name = "gpt-2";
  for (const SplittingRule& rule : kSplittingRules)
    if (text.find(rule.mark) != std::string::npos) {
      name = rule.name;
      break;
    }
  // The same pattern, but a word that is a token is still merged.
  const bool merges = tokenizer["model"].value("ignore_merges", Json(false)) != true;
  return name == "llama-bpe" && merges ? "smaug-bpe" : name;
}

Surrounding surrounding_of(const Json& tokenizer) {
  const std::vector<Json> steps = steps_of(tokenizer, "post_processor");
  const Json* frame = find_step(steps, "TemplateProcessing");
  const Json single = frame ? frame->value("single", Json()) : Json();
  if (!single.is_array() || single.size() < 2) return {};
  Surrounding around{special_token(single.front()), special_token(single.back())};
  if (special_token(single[1]) && single.size() > 2) around.before.reset();  // ChatGLM's two: its templates write them
  if (special_token(single[single.size() - 2]) && single.size() > 2) around.after.reset();
  return around;
}

void add_text_rules(GgufEntries& metadata, const Json& tokenizer, const std::string& where) {
  metadata.emplace_back("tokenizer.ggml.add_space_prefix", adds_space(tokenizer));
  metadata.emplace_back("tokenizer.ggml.remove_extra_whitespaces", removes_spaces(tokenizer));
  const std::vector<Json> steps = steps_of(tokenizer, "normalizer");
  const Json* map = find_step(steps, "Precompiled");
  if (!map || !map->value("precompiled_charsmap", Json()).is_string()) return;
  const auto bytes = from_base64((*map)["precompiled_charsmap"].get<std::string>());
  if (!bytes) fail(where, "expected base64 in 'precompiled_charsmap', got other characters");
  metadata.emplace_back("tokenizer.ggml.precompiled_charsmap", std::vector<uint8_t>(bytes->begin(), bytes->end()));
}

}  // namespace llmbox
