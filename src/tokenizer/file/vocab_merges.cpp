// vocab.json and merges.txt (GPT-2 and its kin). The split pattern follows tokenizer_config.json's class, else the
// size of the vocabulary.
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "tokenizer/byte_level_rules.h"
#include "tokenizer/file/tokenizer_file.h"

namespace llmbox {

namespace {

namespace fs = std::filesystem;

MergeList read_merges(const fs::path& path) {
  std::string bytes = read_text_file(path);
  std::string_view text = bytes;
  MergeList merges;
  merges.reserve(text.size() / 12, text.size());
  for (size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || (number == 1 && line.starts_with("#version"))) continue;
    size_t space = line.find(' ');
    if (space == std::string_view::npos || space == 0 || space + 1 == line.size())
      fail(path.string(), "expected 'left right' on line {}, got '{}'; try fetching the file again", number,
           line.substr(0, 60));
    merges.add(line.substr(0, space), line.substr(space + 1));
  }
  return merges;
}

std::string class_of(const fs::path& folder) {
  fs::path path = folder / "tokenizer_config.json";
  if (!fs::exists(path)) return {};
  Json config = read_json_file(path);
  return config.is_object() ? text_option(config, "tokenizer_class") : "";
}

ModelDescription describe(const fs::path& vocab) {
  ModelDescription description;
  description.vocabulary = read_vocab_object(vocab);
  return description;
}

void add_more_tokens(const fs::path& path, PipelineParts& parts) {
  if (!fs::exists(path)) return;
  Json tokens = read_json_file(path);
  if (!tokens.is_object()) fail(path.string(), "expected an object of tokens and ids, got {}", tokens.type_name());
  for (const auto& [token, id] : tokens.items()) {
    if (!id.is_number_integer() || id.get<int64_t>() < 0 || id.get<int64_t>() >= StringTable::kIdEnd)
      fail(path.string(), "expected an id from 0 to {} for '{}', got {}", StringTable::kIdEnd - 1, token.substr(0, 60),
           id.dump().substr(0, 60));
    auto same = [&, text = token](const AddedToken& added) { return added.content == text; };
    if (std::any_of(parts.added.begin(), parts.added.end(), same)) continue;
    parts.added.push_back({.id = id.get<int32_t>(), .content = token, .normalized = false, .special = true});
  }
}

// CLIP: tokens that end words, lower case, BOS and EOS around.
PipelineParts build_clip(ModelDescription description) {
  std::optional<int32_t> bos = description.vocabulary.find("<|startoftext|>");
  std::optional<int32_t> eos = description.vocabulary.find("<|endoftext|>");
  description.options["end_of_word_suffix"] = "</w>";
  description.options["unk_token"] = "<|endoftext|>";
  description.byte_level = true;
  PipelineParts parts;
  Json spaces = {{"type", "Replace"}, {"pattern", {{"Regex", "\\s+"}}}, {"content", " "}};
  Json stages = Json::array({Json{{"type", "NFC"}}, spaces, Json{{"type", "Lowercase"}}});
  parts.normalizer = make_normalizer({{"type", "Sequence"}, {"normalizers", stages}});
  Json split = {{"type", "Split"},
                {"pattern", {{"Regex", "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"}}},
                {"behavior", "Removed"},
                {"invert", true}};
  Json bytes = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
  parts.pre_tokenizer = make_pre_tokenizer({{"type", "Sequence"}, {"pretokenizers", Json::array({split, bytes})}});
  parts.decoder = {make_word_end_decoder("</w>"), make_byte_level_decoder({}), make_trim_decoder()};
  parts.model = make_token_model(std::move(description));
  for (std::optional<int32_t> id : {bos, eos})
    if (id)
      parts.added.push_back({.id = *id,
                             .content = std::string(parts.model->vocabulary().text(*id)),
                             .normalized = false,
                             .special = true});
  if (bos && eos) parts.surround = Surround::of_both({*bos}, {*eos});
  parts.special = {bos, eos, eos};
  return parts;
}

PipelineParts build(ModelDescription description, const std::string& tokenizer_class) {
  if (description.vocabulary.find("e</w>")) return build_clip(std::move(description));
  size_t count = description.vocabulary.size();
  const KnownVocabulary* known = known_vocabulary(count);
  std::string rules = tokenizer_class.starts_with("Qwen2") ? "qwen2" : known ? known->rules : "gpt-2";
  log_info("tokenizer: vocab.json of {} tokens: split pattern of {}", count, rules);
  PipelineParts parts = build_byte_level(std::move(description), rules_of_gguf(rules));
  if (known) add_specials(*known, parts);
  if (std::optional<int32_t> end = parts.model->vocabulary().find("<|endoftext|>"); end && parts.added.empty()) {
    parts.added.push_back({.id = *end, .content = "<|endoftext|>", .normalized = false, .special = true});
    parts.special = {end, end, std::nullopt};
  }
  return parts;
}

}  // namespace

PipelineParts read_vocab_merges(const fs::path& path) {
  fs::path folder = path.parent_path();
  fs::path vocab = folder / "vocab.json", merges = folder / "merges.txt";
  if (!fs::exists(merges)) fail(folder.string(), "expected merges.txt beside vocab.json, got none");
  if (!fs::exists(vocab)) fail(folder.string(), "expected vocab.json beside merges.txt, got none");
  ModelDescription description = describe(vocab);
  description.merges = read_merges(merges);
  description.options["type"] = "BPE";
  try {
    PipelineParts parts = build(std::move(description), class_of(folder));
    add_more_tokens(folder / "added_tokens.json", parts);
    return parts;
  } catch (const Error& error) {
    fail(folder.string(), "{}", error.message());
  }
}

}  // namespace llmbox
