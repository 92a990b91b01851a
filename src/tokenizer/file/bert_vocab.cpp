// vocab.txt of BERT: a WordPiece token on each line. tokenizer_config.json beside it says about case and accents.
#include "core/error.h"
#include "core/json.h"
#include "tokenizer/file/tokenizer_file.h"

namespace llmbox {

namespace {

namespace fs = std::filesystem;

Json normalizer_of(const fs::path& folder) {
  fs::path path = folder / "tokenizer_config.json";
  Json config = fs::exists(path) ? read_json_file(path) : Json::object();
  auto flag = [&](const char* name) {
    return !config.is_object() || !config.contains(name) || !config[name].is_boolean() || config[name].get<bool>();
  };
  Json normalizer = {{"type", "BertNormalizer"},
                     {"clean_text", true},
                     {"handle_chinese_chars", flag("tokenize_chinese_chars")},
                     {"lowercase", flag("do_lower_case")}};
  if (config.is_object() && config.contains("strip_accents")) normalizer["strip_accents"] = config["strip_accents"];
  return normalizer;
}

StringTable read_lines(std::string_view text) {
  StringTable vocabulary;
  vocabulary.reserve(text.size() / 8);
  for (int64_t id = 0; !text.empty(); ++id) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    while (line.ends_with('\r')) line.remove_suffix(1);
    vocabulary.add(line, id);
  }
  return vocabulary;
}

}  // namespace

PipelineParts build_bert(ModelDescription description, const Json& normalizer) {
  description.options["type"] = "WordPiece";
  PipelineParts parts;
  parts.normalizer = make_normalizer(normalizer);
  parts.pre_tokenizer = make_pre_tokenizer({{"type", "BertPreTokenizer"}});
  parts.decoder = make_decoder({{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}});
  parts.model = make_token_model(std::move(description));
  const StringTable& vocabulary = parts.model->vocabulary();
  for (const char* token : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"})
    if (std::optional<int32_t> id = vocabulary.find(token))
      parts.added.push_back({.id = *id, .content = token, .normalized = false, .special = true});
  std::optional<int32_t> cls = vocabulary.find("[CLS]"), sep = vocabulary.find("[SEP]");
  if (cls && sep) parts.surround = {{*cls}, {*sep}, {*cls}, {*sep}, {*sep}};
  parts.special.pad = vocabulary.find("[PAD]");
  parts.clean_up_spaces = true;  // as the reference's BERT class does where its configuration is silent
  return parts;
}

PipelineParts read_bert_vocab(const fs::path& path) {
  std::string text = read_text_file(path);
  try {
    ModelDescription description;
    description.vocabulary = read_lines(text);
    return build_bert(std::move(description), normalizer_of(path.parent_path()));
  } catch (const Error& error) {
    fail(path.string(), "{}", error.message());
  }
}

}  // namespace llmbox
