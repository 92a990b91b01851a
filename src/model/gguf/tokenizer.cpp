#include "model/gguf/tokenizer.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <unordered_map>

#include "core/error.h"
#include "model/gguf/tokenizer_rules.h"

namespace llmbox {

namespace {

namespace fs = std::filesystem;

// llama.cpp's llama_token_type.
enum TokenType : int32_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

struct TokenizerFiles {
  Json tokenizer, words, model;  // tokenizer.json, tokenizer_config.json, config.json
};

struct Vocabulary {
  std::vector<std::string> tokens;
  std::vector<int32_t> types;
};

void put(Vocabulary& vocabulary, int64_t id, const std::string& token, int32_t type, const std::string& where) {
  if (id < 0 || id >= static_cast<int64_t>(vocabulary.tokens.size()))
    fail(where, "expected token ids below the embedding's {} rows, got {}", vocabulary.tokens.size(), id);
  vocabulary.tokens[static_cast<size_t>(id)] = token;
  vocabulary.types[static_cast<size_t>(id)] = type;
}

bool is_byte_token(const std::string& token) {
  return token.size() == 6 && token.starts_with("<0x") && token.back() == '>';
}

bool is_scored(const Json& entry) {
  return entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_number();
}

/// A text, or null: none.
Json unknown_token(const Json& model) {
  const Json id = model.value("unk_id", Json()), token = model.value("unk_token", Json());
  if (!id.is_number_unsigned() || !model["vocab"].is_array() || id >= model["vocab"].size())
    return token.is_string() ? token : Json();
  const Json& entry = model["vocab"][id.get<size_t>()];
  return is_scored(entry) ? entry[0] : Json();
}

Vocabulary read_vocabulary(const Json& tokenizer, int64_t size, const std::string& where) {
  Vocabulary vocabulary;
  for (int64_t id = 0; id < size; ++id) vocabulary.tokens.push_back(fmt::format("[PAD{}]", id));
  vocabulary.types.assign(static_cast<size_t>(size), kUnused);
  const Json& words = tokenizer["model"]["vocab"];
  const Json unknown = unknown_token(tokenizer["model"]);
  const auto add = [&](int64_t id, const std::string& token) {
    put(vocabulary, id, token, token == unknown ? kUnknown : is_byte_token(token) ? kByte : kNormal, where);
  };
  if (words.is_array()) {  // [token, score] of each id
    for (size_t id = 0; id < words.size(); ++id)
      if (is_scored(words[id]))
        add(static_cast<int64_t>(id), words[id][0].get<std::string>());
      else
        fail(where, "expected a token and its score for id {}, got {}", id, words[id].type_name());
  } else {
    for (const auto& [token, id] : words.items()) {
      if (!id.is_number_integer()) fail(where, "expected integer ids in the vocabulary, got {}", id.type_name());
      add(id.get<int64_t>(), token);
    }
  }
  for (const Json& added : tokenizer.value("added_tokens", Json::array())) {
    if (!added.contains("id") || !added.contains("content")) fail(where, "expected id and content of added tokens");
    const auto content = added["content"].get<std::string>();
    const bool special = added.value("special", false);
    put(vocabulary, added["id"].get<int64_t>(), content,
        content == unknown ? kUnknown
        : special          ? kControl
                           : kUserDefined,
        where);
  }
  return vocabulary;
}

/// "a b" of each merge; newer files hold pairs.
std::vector<std::string> read_merges(const Json& model, const std::string& where) {
  std::vector<std::string> merges;
  for (const Json& merge : model.value("merges", Json::array())) {
    const bool is_pair = merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string();
    if (!is_pair && !merge.is_string()) fail(where, "expected merges of two tokens, got {}", merge.type_name());
    merges.push_back(is_pair ? merge[0].get<std::string>() + " " + merge[1].get<std::string>()
                             : merge.get<std::string>());
  }
  return merges;
}

/// SentencePiece joins the pair whose result scores best: the rank of its merge, counted down.
std::vector<float> scores_of(const Vocabulary& vocabulary, const std::vector<std::string>& merges) {
  std::unordered_map<std::string, float> rank;
  for (size_t i = 0; i < merges.size(); ++i) {
    std::string joined = merges[i];
    joined.erase(joined.find(' '), 1);
    rank.emplace(joined, -static_cast<float>(i));
  }
  std::vector<float> scores;
  for (size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    const auto found = rank.find(vocabulary.tokens[i]);
    const float unmerged = vocabulary.types[i] == kNormal ? -static_cast<float>(merges.size()) : 0.0F;
    scores.push_back(found == rank.end() ? unmerged : found->second);
  }
  return scores;
}

Json read_optional(const fs::path& path) { return fs::exists(path) ? read_json_file(path) : Json::object(); }

/// The content of "bos_token", a text or an object with one.
std::optional<std::string> token_text(const Json& config, const std::string& key) {
  if (!config.contains(key)) return std::nullopt;
  const Json& value = config[key];
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() && value.contains("content") && value["content"].is_string())
    return value["content"].get<std::string>();
  return std::nullopt;
}

std::optional<uint32_t> id_of(const Vocabulary& vocabulary, const std::string& token) {
  const auto found = std::find(vocabulary.tokens.begin(), vocabulary.tokens.end(), token);
  if (found == vocabulary.tokens.end()) return std::nullopt;
  return static_cast<uint32_t>(found - vocabulary.tokens.begin());
}

/// Of a role: what the tokenizer's config says, then what stands around a text, then the model's config.
std::optional<uint32_t> role_id(const TokenizerFiles& files, const Vocabulary& vocabulary, const std::string& role,
                                const std::optional<std::string>& around) {
  for (const auto& token : {token_text(files.words, role + "_token"), around})
    if (token)
      if (const auto id = id_of(vocabulary, *token)) return id;
  const Json id = files.model.value(role + "_token_id", Json());
  if (id.is_number_unsigned()) return id.get<uint32_t>();
  if (id.is_array() && !id.empty() && id[0].is_number_unsigned()) return id[0].get<uint32_t>();
  return std::nullopt;
}

void add_special_ids(GgufEntries& metadata, const Vocabulary& vocabulary, const TokenizerFiles& files) {
  const Surrounding around = surrounding_of(files.tokenizer);
  const Json unknown = unknown_token(files.tokenizer["model"]);
  const auto unk = unknown.is_string() ? std::optional(unknown.get<std::string>()) : std::nullopt;
  const std::tuple<const char*, const char*, std::optional<std::string>> kRoles[] = {
      {"bos", "bos", around.before}, {"eos", "eos", around.after}, {"unk", "unknown", unk}, {"pad", "padding", {}}};
  for (const auto& [hub, gguf, token] : kRoles)
    if (const auto id = role_id(files, vocabulary, hub, token))
      metadata.emplace_back(fmt::format("tokenizer.ggml.{}_token_id", gguf), *id);
  const std::pair<const char*, bool> kFlags[] = {{"add_bos_token", around.before.has_value()},
                                                 {"add_eos_token", around.after.has_value()}};
  for (const auto& [key, otherwise] : kFlags) {
    const Json said = files.words.value(key, Json());
    metadata.emplace_back(fmt::format("tokenizer.ggml.{}", key), said.is_boolean() ? said.get<bool>() : otherwise);
  }
}

void add_chat_template(GgufEntries& metadata, const fs::path& folder, const Json& words) {
  const fs::path file = folder / "chat_template.jinja";
  if (fs::exists(file))
    metadata.emplace_back("tokenizer.chat_template", read_text_file(file));
  else if (words.contains("chat_template") && words["chat_template"].is_string())
    metadata.emplace_back("tokenizer.chat_template", words["chat_template"].get<std::string>());
}

/// Each token's logarithm of its frequency; those that are only added have none.
std::vector<float> unigram_scores(const Json& words, size_t size) {
  std::vector<float> scores(size, 0);
  for (size_t id = 0; id < std::min(size, words.size()); ++id) scores[id] = words[id][1].get<float>();
  return scores;
}

/// "gpt2", "llama" or "t5"; null: a kind that GGUF has no name for.
const char* kind_of(const Json& tokenizer) {
  const Json& model = tokenizer["model"];
  const std::string type = model.value("type", model.contains("unk_id") ? "Unigram" : "BPE");
  const Json words = model.value("vocab", Json());
  if (type == "Unigram") return words.is_array() ? "t5" : nullptr;
  const Json suffix = model.value("end_of_word_suffix", Json());  // CLIP's "</w>"
  if (type != "BPE" || !words.is_object() || (suffix.is_string() && suffix != "")) return nullptr;
  if (is_byte_level(tokenizer)) return "gpt2";
  return model.value("byte_fallback", false) ? "llama" : nullptr;
}

}  // namespace

GgufEntries gguf_tokenizer(const fs::path& folder, int64_t vocab_size) {
  const fs::path path = folder / "tokenizer.json";
  if (!fs::exists(path)) return {};
  const Json tokenizer = read_json_file(path);
  const std::string where = path.string();
  if (!tokenizer.is_object() || !tokenizer.contains("model") || !tokenizer["model"].is_object())
    fail(where, "expected an object 'model', found none");
  const char* kind = kind_of(tokenizer);
  if (!kind) return {};
  const Json& model = tokenizer["model"];
  const std::string_view name = kind;
  const Vocabulary vocabulary = read_vocabulary(tokenizer, vocab_size, where);
  const std::vector<std::string> merges = read_merges(model, where);
  GgufEntries metadata = {{"tokenizer.ggml.model", std::string(kind)},
                          {"tokenizer.ggml.pre", name == "gpt2" ? splitting_rule(tokenizer) : std::string("default")},
                          {"tokenizer.ggml.tokens", vocabulary.tokens},
                          {"tokenizer.ggml.token_type", vocabulary.types}};
  if (name == "gpt2") {
    metadata.emplace_back("tokenizer.ggml.merges", merges);
  } else {
    metadata.emplace_back("tokenizer.ggml.scores", name == "t5"
                                                       ? unigram_scores(model["vocab"], vocabulary.tokens.size())
                                                       : scores_of(vocabulary, merges));
    add_text_rules(metadata, tokenizer, where);
  }
  const TokenizerFiles files{tokenizer, read_optional(folder / "tokenizer_config.json"),
                             read_optional(folder / "config.json")};
  add_special_ids(metadata, vocabulary, files);
  add_chat_template(metadata, folder, files.words);
  return metadata;
}

}  // namespace llmbox
