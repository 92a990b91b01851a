#include "tokenizer/byte_level_rules.h"

#include <sstream>

#include "core/error.h"
#include "core/near_name.h"
#include "tokenizer/pre_tokenizer/scanner.h"

namespace llmbox {

namespace {

constexpr const char* kPunctuationRuns = R"([\p{P}\$\+<=>\^~\|`]+)";
constexpr const char* kThreeDigits = "[0-9][0-9][0-9]";
constexpr const char* kDigit = R"(\p{N})";
constexpr const char* kCommaFree = " ?[^(\\s|.,!?…。，、।۔،)]+";
constexpr const char* kHanAndHangul = "[一-龥ࠀ-一가-퟿]+";
constexpr const char* kCasedWords =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kO200k =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kDeepseek3 =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kSeedCoder =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kBailing =
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)";
// Escaped are characters that Unicode's composition would change.
constexpr const char* kDeepseekLetters =
    "\\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u1F7D"
    "ᾀ-ᾴᾶ-ᾼ\u1FBEῂ-ῄῆ-ῌῐ-\u1FD3ῖ-\u1FDBῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212A-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-"
    "ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻"
    "𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+";

struct RulesRow {
  const char* names;  // separated by spaces
  ByteLevelRules rules;
};

const std::vector<RulesRow>& table() {
  static const std::string gpt2(kGpt2Pattern), llama3(kLlama3Pattern), qwen2(kQwen2Pattern), cl100k(kCl100kPattern);
  static const std::vector<RulesRow> rows = {
      {"gpt-2 gpt2 phi-2 mpt olmo jais trillion granite-docling gigachat jina-es jina-de jina-v1-en jina-v2-es "
       "jina-v2-de roberta-bpe exaone4 a.x-4.0 mellum modern-bert",
       {{gpt2}}},
      {"llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2", {{llama3}, false, true}},
      {"dbrx smaug-bpe chatglm-bpe glm4", {{llama3}}},
      {"qwen2 deepseek-r1-qwen stablelm2 hunyuan megrez grok-2", {{qwen2}}},
      {"cl100k", {{cl100k}, false, true}},
      {"o200k", {{kO200k}, false, true}},
      {"gpt-4o llama4 minimax-m2", {{kO200k}}},
      {"tekken", {{kCasedWords}, false, true}},
      {"starcoder refact command-r smollm codeshell exaone minerva-7b", {{kDigit, gpt2}}},
      {"falcon", {{kPunctuationRuns, gpt2, kThreeDigits}}},
      {"deepseek-coder", {{"[\\r\\n]", R"(\s?\p{L}+)", R"(\s?\p{P}+)", kHanAndHangul, kDigit}}},
      {"deepseek-llm",
       {{"[\\r\\n]", kDeepseekLetters, "\\s?[!-/:-~！-／：-～‘-‟　-。]+", "\\s+$", kHanAndHangul, R"(\p{N}+)"}}},
      {"deepseek-v3 hunyuan-dense", {{R"(\p{N}{1,3})", "[一-龥぀-ゟ゠-ヿ]+", kDeepseek3}}},
      {"poro-chat bloom gpt3-finnish", {{kCommaFree}}},
      {"viking", {{kCommaFree, kDigit}}},
      {"superbpe", {{R"(\p{N}+)", R"((?=(\d{3})+(?!\d)))"}}},
      {"bailingmoe", {{kBailing}}},
      {"seed-coder", {{kSeedCoder}}},
      {"default", {{R"([\p{P}\$\+<=>\^~\|]+)", gpt2, R"(\p{N}+)", kThreeDigits}}},
  };
  return rows;
}

KnownVocabulary llama3() {
  KnownVocabulary known{"llama3", 128000, "llama3", {}, "<|begin_of_text|>", "<|end_of_text|>"};
  constexpr std::pair<const char*, int32_t> kNamed[] = {
      {"<|begin_of_text|>", 0},   {"<|end_of_text|>", 1},   {"<|finetune_right_pad_id|>", 4},
      {"<|start_header_id|>", 6}, {"<|end_header_id|>", 7}, {"<|eom_id|>", 8},
      {"<|eot_id|>", 9},          {"<|python_tag|>", 10},
  };
  int32_t reserved = 0;
  for (int32_t offset = 0; offset < 256; ++offset) {
    std::string token;
    for (const auto& [name, place] : kNamed)
      if (place == offset) token = name;
    if (token.empty()) token = fmt::format("<|reserved_special_token_{}|>", reserved++);
    known.specials.emplace_back(token, 128000 + offset);
  }
  return known;
}

KnownVocabulary qwen() {
  KnownVocabulary known{"qwen", 151643, "qwen2", {}, "", "<|endoftext|>"};
  for (const char* token : {"<|endoftext|>", "<|im_start|>", "<|im_end|>"})
    known.specials.emplace_back(token, 151643 + static_cast<int32_t>(known.specials.size()));
  return known;
}

Json split(const std::string& pattern) {
  return {{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}};
}

}  // namespace

ByteLevelRules rules_of_gguf(std::string_view pre) {
  std::vector<std::string> known;
  for (const RulesRow& row : table()) {
    std::istringstream names(row.names);
    for (std::string name; names >> name;) {
      if (name == pre) return row.rules;
      known.push_back(name);
    }
  }
  fail("tokenizer", "expected a pre-tokenizer, got '{}'; try {}", pre, near_names(pre, known));
}

const KnownVocabulary* known_vocabulary(size_t ranks) {
  static const std::string end = "<|endoftext|>";
  static const std::vector<KnownVocabulary> vocabularies = {
      {"gpt2 (r50k_base)", 50256, "gpt-2", {{end, 50256}}, "", end},
      {"p50k_base", 50280, "gpt-2", {{end, 50256}}, "", end},
      {"cl100k_base",
       100256,
       "cl100k",
       {{end, 100257},
        {"<|fim_prefix|>", 100258},
        {"<|fim_middle|>", 100259},
        {"<|fim_suffix|>", 100260},
        {"<|endofprompt|>", 100276}},
       "",
       end},
      {"o200k_base", 199998, "o200k", {{end, 199999}, {"<|endofprompt|>", 200018}}, "", end},
      llama3(),
      qwen(),
  };
  for (const KnownVocabulary& known : vocabularies)
    if (known.ranks == ranks) return &known;
  return nullptr;
}

void add_specials(const KnownVocabulary& known, PipelineParts& parts) {
  for (const auto& [token, id] : known.specials) {
    std::string_view spelled = parts.model->vocabulary().text(id);
    if (!spelled.empty() && spelled != token) continue;
    parts.added.push_back({.id = id, .content = token, .normalized = false, .special = true});
    if (token == known.bos) parts.special.bos = id;
    if (token == known.eos) parts.special.eos = id;
  }
  if (parts.special.bos) parts.surround = Surround::of_both({*parts.special.bos}, {});
}

PipelineParts build_byte_level(ModelDescription description, const ByteLevelRules& rules) {
  PipelineParts parts;
  if (rules.nfc) parts.normalizer = make_normalizer({{"type", "NFC"}});
  Json stages = Json::array();
  for (const std::string& pattern : rules.patterns) stages.push_back(split(pattern));
  stages.push_back({{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}});
  parts.pre_tokenizer = make_pre_tokenizer({{"type", "Sequence"}, {"pretokenizers", stages}});
  description.options["type"] = "BPE";
  description.options["ignore_merges"] = rules.ignore_merges;
  description.byte_level = true;
  parts.model = make_token_model(std::move(description));
  parts.decoder = {make_byte_level_decoder({})};
  return parts;
}

}  // namespace llmbox
