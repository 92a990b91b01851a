#include "model/gguf/tokenizer.h"

#include <optional>
#include <unordered_map>

#include "core/error.h"

namespace llmbox {

namespace {

namespace fs = std::filesystem;

// llama.cpp's llama_token_type.
enum TokenType : int32_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

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

Vocabulary read_vocabulary(const Json& tokenizer, int64_t size, const std::string& where) {
  Vocabulary vocabulary;
  for (int64_t id = 0; id < size; ++id) vocabulary.tokens.push_back(fmt::format("[PAD{}]", id));
  vocabulary.types.assign(static_cast<size_t>(size), kUnused);
  const Json unknown = tokenizer["model"].value("unk_token", Json());
  for (const auto& [token, id] : tokenizer["model"]["vocab"].items()) {
    if (!id.is_number_integer()) fail(where, "expected integer ids in the vocabulary, got {}", id.type_name());
    put(vocabulary, id.get<int64_t>(), token,
        unknown.is_string() && token == unknown ? kUnknown
        : is_byte_token(token)                  ? kByte
                                                : kNormal,
        where);
  }
  for (const Json& added : tokenizer.value("added_tokens", Json::array())) {
    if (!added.contains("id") || !added.contains("content")) fail(where, "expected id and content of added tokens");
    const auto content = added["content"].get<std::string>();
    const bool special = added.value("special", false);
    put(vocabulary, added["id"].get<int64_t>(), content,
        unknown.is_string() && content == unknown ? kUnknown
        : special                                 ? kControl
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

/// Which of llama.cpp's splitting rules: by what sets the patterns apart, runs of digits.
std::string splitting_rule(const Json& tokenizer) {
  const std::string pattern = tokenizer.value("pre_tokenizer", Json()).dump();
  if (pattern.find("\\\\p{N}{1,3}") != std::string::npos) return "llama-bpe";
  if (pattern.find("|\\\\p{N}|") != std::string::npos) return "qwen2";
  return "gpt-2";
}

bool is_byte_level(const Json& tokenizer) {
  for (const char* part : {"pre_tokenizer", "decoder"})
    if (tokenizer.value(part, Json()).dump().find("\"ByteLevel\"") != std::string::npos) return true;
  return false;
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

void add_special_ids(GgufEntries& metadata, const Vocabulary& vocabulary, const fs::path& folder) {
  const Json config = read_optional(folder / "config.json"), words = read_optional(folder / "tokenizer_config.json");
  const std::pair<const char*, const char*> kNames[] = {
      {"bos", "bos"}, {"eos", "eos"}, {"unk", "unknown"}, {"pad", "padding"}};
  for (const auto& [hub, gguf] : kNames) {
    std::optional<uint32_t> id;
    if (const auto text = token_text(words, std::string(hub) + "_token")) {
      const auto found = std::find(vocabulary.tokens.begin(), vocabulary.tokens.end(), *text);
      if (found != vocabulary.tokens.end()) id = static_cast<uint32_t>(found - vocabulary.tokens.begin());
    }
    const Json fallback = config.value(std::string(hub) + "_token_id", Json());
    if (!id && fallback.is_number_unsigned()) id = fallback.get<uint32_t>();
    if (!id && fallback.is_array() && !fallback.empty() && fallback[0].is_number_unsigned())
      id = fallback[0].get<uint32_t>();
    if (id) metadata.emplace_back(fmt::format("tokenizer.ggml.{}_token_id", gguf), *id);
  }
  for (const char* key : {"add_bos_token", "add_eos_token"})
    if (words.contains(key) && words[key].is_boolean())
      metadata.emplace_back(fmt::format("tokenizer.ggml.{}", key), words[key].get<bool>());
  const fs::path file = folder / "chat_template.jinja";
  if (fs::exists(file))
    metadata.emplace_back("tokenizer.chat_template", read_text_file(file));
  else if (words.contains("chat_template") && words["chat_template"].is_string())
    metadata.emplace_back("tokenizer.chat_template", words["chat_template"].get<std::string>());
}

}  // namespace

GgufEntries gguf_tokenizer(const fs::path& folder, int64_t vocab_size) {
  const fs::path path = folder / "tokenizer.json";
  if (!fs::exists(path)) return {};
  const Json tokenizer = read_json_file(path);
  const std::string where = path.string();
  if (!tokenizer.is_object() || !tokenizer.contains("model") || !tokenizer["model"].is_object())
    fail(where, "expected an object 'model', found none");
  const Json& model = tokenizer["model"];
  if (model.value("type", "BPE") != "BPE" || !model.contains("vocab") || !model["vocab"].is_object()) return {};
  const bool byte_level = is_byte_level(tokenizer);
  if (!byte_level && !model.value("byte_fallback", false)) return {};
  const Vocabulary vocabulary = read_vocabulary(tokenizer, vocab_size, where);
  const std::vector<std::string> merges = read_merges(model, where);
  GgufEntries metadata = {{"tokenizer.ggml.model", std::string(byte_level ? "gpt2" : "llama")},
                          {"tokenizer.ggml.pre", byte_level ? splitting_rule(tokenizer) : std::string("default")},
                          {"tokenizer.ggml.tokens", vocabulary.tokens},
                          {"tokenizer.ggml.token_type", vocabulary.types}};
  if (byte_level)
    metadata.emplace_back("tokenizer.ggml.merges", merges);
  else
    metadata.emplace_back("tokenizer.ggml.scores", scores_of(vocabulary, merges));
  add_special_ids(metadata, vocabulary, folder);
  return metadata;
}

}  // namespace llmbox
