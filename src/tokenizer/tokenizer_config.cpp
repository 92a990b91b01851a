#include "tokenizer/tokenizer_config.h"

#include <algorithm>
#include <charconv>

#include "core/error.h"

namespace llmbox {

namespace {

namespace fs = std::filesystem;

Json read_if_there(const fs::path& path) { return fs::exists(path) ? read_json_file(path) : Json::object(); }

// A token as the files write it: "text", {"content": "text", …} or null.
std::string token_content(const Json& entry) {
  if (entry.is_string()) return entry.get<std::string>();
  if (entry.is_object() && entry.contains("content") && entry["content"].is_string())
    return entry["content"].get<std::string>();
  return {};
}

std::string named_token(const Json& object, const char* key) {
  return object.is_object() && object.contains(key) ? token_content(object[key]) : std::string();
}

std::optional<int32_t> find_token(const PipelineParts& parts, const std::string& content) {
  if (content.empty()) return std::nullopt;
  for (const AddedToken& added : parts.added)
    if (added.content == content) return added.id;
  return parts.model->vocabulary().find(content);
}

// An id in config.json: a number, or the first of a list.
std::optional<int32_t> token_id(const Json& object, const std::string& key) {
  if (!object.is_object() || !object.contains(key)) return std::nullopt;
  const Json& entry = object[key].is_array() && !object[key].empty() ? object[key][0] : object[key];
  if (!entry.is_number_integer() || entry.get<int64_t>() < 0) return std::nullopt;
  return entry.get<int32_t>();
}

// The tokens of added_tokens_decoder that tokenizer.json does not list.
void add_listed_tokens(PipelineParts& parts) {
  if (!parts.config.contains("added_tokens_decoder") || !parts.config["added_tokens_decoder"].is_object()) return;
  for (const auto& [key, entry] : parts.config["added_tokens_decoder"].items()) {
    AddedToken token;
    auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), token.id);
    if (error != std::errc() || end != key.data() + key.size() || !entry.is_object()) continue;
    token.content = token_content(entry);
    auto flag = [&entry = entry](const char* name) {
      return entry.contains(name) && entry[name].is_boolean() && entry[name].get<bool>();
    };
    token.single_word = flag("single_word");
    token.lstrip = flag("lstrip");
    token.rstrip = flag("rstrip");
    token.normalized = flag("normalized");
    token.special = flag("special");
    auto known = [&](const AddedToken& added) { return added.id == token.id || added.content == token.content; };
    if (token.content.empty() || std::any_of(parts.added.begin(), parts.added.end(), known)) continue;
    std::optional<int32_t> in_model = parts.model->vocabulary().find(token.content);
    if (in_model && *in_model != token.id) continue;
    parts.added.push_back(token);
  }
}

// A token with a role is special even where only the vocabulary lists it.
void add_named_token(PipelineParts& parts, const std::string& content) {
  auto same = [&](const AddedToken& added) { return added.content == content; };
  if (content.empty() || std::any_of(parts.added.begin(), parts.added.end(), same)) return;
  if (std::optional<int32_t> id = parts.model->vocabulary().find(content))
    parts.added.push_back({.id = *id, .content = content, .normalized = false, .special = true});
}

// The Llama classes build their post-processor anew from add_bos_token and add_eos_token.
void apply_bos_eos_flags(PipelineParts& parts) {
  std::string name = parts.config.contains("tokenizer_class") ? token_content(parts.config["tokenizer_class"]) : "";
  bool rebuilt = name.starts_with("LlamaTokenizer") || name.starts_with("CodeLlamaTokenizer") ||
                 name.starts_with("GemmaTokenizer");
  auto apply = [&](const char* key, std::optional<int32_t> id, std::vector<int32_t>& ids,
                   std::vector<int32_t>& of_pair) {
    if (!rebuilt || !parts.config.contains(key) || !parts.config[key].is_boolean()) return;
    ids.clear();
    if (parts.config[key].get<bool>() && id) ids.push_back(*id);
    of_pair = ids;
  };
  apply("add_bos_token", parts.special.bos, parts.surround.before, parts.surround.before_pair);
  apply("add_eos_token", parts.special.eos, parts.surround.after, parts.surround.after_pair);
}

}  // namespace

void apply_tokenizer_config(const fs::path& folder, PipelineParts& parts) {
  Json within = std::move(parts.config);  // what the tokenizer's own file says of it
  parts.config = read_if_there(folder / "tokenizer_config.json");
  if (!parts.config.is_object())
    fail((folder / "tokenizer_config.json").string(), "expected a JSON object, got {}", parts.config.type_name());
  for (const auto& [key, value] : within.items())
    if (!parts.config.contains(key)) parts.config[key] = value;
  Json map = read_if_there(folder / "special_tokens_map.json");
  Json generation = read_if_there(folder / "generation_config.json");
  Json model = read_if_there(folder / "config.json");
  add_listed_tokens(parts);
  struct Role {
    std::string name;
    std::optional<int32_t>& id;
  };
  std::optional<int32_t> unknown;
  for (Role role : {Role{"bos_token", parts.special.bos}, Role{"eos_token", parts.special.eos},
                    Role{"pad_token", parts.special.pad}, Role{"unk_token", unknown}}) {
    for (const Json* source : {&parts.config, &map}) {
      std::string content = named_token(*source, role.name.c_str());
      add_named_token(parts, content);
      if (!role.id) role.id = find_token(parts, content);
    }
    for (const Json* source : {&generation, &model})
      if (!role.id) role.id = token_id(*source, role.name + "_id");
  }
  apply_bos_eos_flags(parts);
  if (parts.config.contains("clean_up_tokenization_spaces") &&
      parts.config["clean_up_tokenization_spaces"].is_boolean())
    parts.clean_up_spaces = parts.config["clean_up_tokenization_spaces"].get<bool>();
}

}  // namespace llmbox
