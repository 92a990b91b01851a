#include "tokenizer/gguf_to_hub.h"

#include <algorithm>
#include <unordered_map>

#include "core/atomic_file.h"
#include "core/base64.h"
#include "core/error.h"
#include "core/json.h"
#include "tokenizer/byte_level_rules.h"
#include "tokenizer/file/gguf_parts.h"
#include "tokenizer/train_sentence_piece.h"

namespace llmbox {

namespace {

constexpr const char* kSpace = "▁";

Json sequence(const char* type, const char* list, Json parts) { return {{"type", type}, {list, std::move(parts)}}; }

Json replace(const Json& pattern, const char* content) {
  return {{"type", "Replace"}, {"pattern", pattern}, {"content", content}};
}

Json added_token(int64_t id, const std::string& content, bool special) {
  return {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", special}};
}

Json added_tokens(const GgufMetadata& metadata) {
  Json added = Json::array();
  const std::vector<std::string>& tokens = gguf_tokens(metadata);
  for (size_t id = 0; id < tokens.size(); ++id) {
    const PieceKind kind = gguf_kind(metadata, id);
    const bool special = kind == PieceKind::kControl || kind == PieceKind::kUnknown;
    const bool fills_up = tokens[id].starts_with("[PAD");
    if (special || (kind == PieceKind::kUserDefined && !fills_up))
      added.push_back(added_token(static_cast<int64_t>(id), tokens[id], special));
  }
  return added;
}

/// The tokens before and after a text.
Json post_processor(const GgufMetadata& metadata, bool bos, bool eos) {
  const auto first = gguf_role(metadata, "bos"), last = gguf_role(metadata, "eos");
  Json specials = Json::object();
  const auto special = [&](int32_t id, int type) {
    const std::string& token = gguf_tokens(metadata)[static_cast<size_t>(id)];
    specials[token] = {{"id", token}, {"ids", {id}}, {"tokens", {token}}};
    return Json{{"SpecialToken", {{"id", token}, {"type_id", type}}}};
  };
  const auto around = [&](std::initializer_list<const char*> texts) {
    Json parts = Json::array();
    int type = 0;
    for (const char* text : texts) {
      if (bos && first) parts.push_back(special(*first, type));
      parts.push_back({{"Sequence", {{"id", text}, {"type_id", type}}}});
      if (eos && last) parts.push_back(special(*last, type));
      ++type;
    }
    return parts;
  };
  Json single = around({"A"}), pair = around({"A", "B"});
  if (specials.empty()) return nullptr;
  return {{"type", "TemplateProcessing"}, {"single", single}, {"pair", pair}, {"special_tokens", specials}};
}

/// Every way to join two pieces to a third, the best score first: what SentencePiece does, as a list.
Json merges_of(const SentencePieceModel& model) {
  std::unordered_map<std::string_view, size_t> ids;
  const auto is_text = [](PieceKind kind) { return kind == PieceKind::kNormal || kind == PieceKind::kUserDefined; };
  for (size_t id = 0; id < model.pieces.size(); ++id)
    if (is_text(model.pieces[id].kind)) ids.emplace(model.pieces[id].text, id);
  struct Merge {
    float score;
    size_t left, right;
  };
  std::vector<Merge> merges;
  for (const SentencePieceModel::Piece& piece : model.pieces) {
    if (piece.kind != PieceKind::kNormal) continue;
    const std::string_view text = piece.text;
    const size_t first = merges.size();
    for (size_t cut = 1; cut < text.size(); ++cut) {
      const auto left = ids.find(text.substr(0, cut)), right = ids.find(text.substr(cut));
      if (left != ids.end() && right != ids.end()) merges.push_back({piece.score, left->second, right->second});
    }
    std::sort(merges.begin() + static_cast<std::ptrdiff_t>(first), merges.end(),
              [](const Merge& a, const Merge& b) { return std::pair(a.left, a.right) < std::pair(b.left, b.right); });
  }
  std::stable_sort(merges.begin(), merges.end(), [](const Merge& a, const Merge& b) { return a.score > b.score; });
  Json list = Json::array();
  for (const Merge& merge : merges) list.push_back({model.pieces[merge.left].text, model.pieces[merge.right].text});
  return list;
}

Json vocabulary_of(const std::vector<std::string>& tokens) {
  Json vocabulary = Json::object();
  // An object looks for each new key in all of its own; tokens of one vocabulary differ.
  auto& entries = static_cast<Json::object_t::Container&>(vocabulary.get_ref<Json::object_t&>());
  for (size_t id = 0; id < tokens.size(); ++id) entries.emplace_back(tokens[id], id);
  return vocabulary;
}

Json piece_decoder(const SentencePieceModel& model) {
  Json stages = Json::array({replace({{"String", kSpace}}, " "), {{"type", "ByteFallback"}}, {{"type", "Fuse"}}});
  if (model.rules.add_dummy_prefix) stages.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  return sequence("Sequence", "decoders", stages);
}

Json merged_pieces_json(const GgufMetadata& metadata) {
  const SentencePieceModel model = gguf_pieces(metadata, false);
  Json stages = Json::array();
  if (model.rules.add_dummy_prefix) stages.push_back({{"type", "Prepend"}, {"prepend", kSpace}});
  stages.push_back(replace({{"String", " "}}, kSpace));
  const auto unknown = static_cast<size_t>(std::max(0, model.unknown));
  return {{"normalizer", sequence("Sequence", "normalizers", stages)},
          {"pre_tokenizer", nullptr},
          {"post_processor", post_processor(metadata, model.add_bos, model.add_eos)},
          {"decoder", piece_decoder(model)},
          {"model",
           {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", model.pieces.at(unknown).text},
            {"fuse_unk", true},
            {"byte_fallback", model.byte_fallback},
            {"vocab", vocabulary_of(gguf_tokens(metadata))},
            {"merges", merges_of(model)}}}};
}

Json unigram_json(const GgufMetadata& metadata) {
  const SentencePieceModel model = gguf_pieces(metadata, true);
  Json stages = Json::array();
  if (!model.rules.charsmap.empty())
    stages.push_back({{"type", "Precompiled"}, {"precompiled_charsmap", to_base64(model.rules.charsmap)}});
  if (model.rules.remove_extra_whitespaces) {
    stages.push_back({{"type", "Strip"}, {"strip_left", true}, {"strip_right", true}});
    stages.push_back(replace({{"Regex", " {2,}"}}, " "));
  }
  Json vocabulary = Json::array();
  for (const SentencePieceModel::Piece& piece : model.pieces)
    vocabulary.push_back(Json::array({piece.text, piece.score}));
  const Json metaspace = {{"type", "Metaspace"},
                          {"replacement", kSpace},
                          {"prepend_scheme", model.rules.add_dummy_prefix ? "always" : "never"},
                          {"split", true}};
  return {{"normalizer", stages.empty() ? Json() : sequence("Sequence", "normalizers", stages)},
          {"pre_tokenizer", metaspace},
          {"post_processor", post_processor(metadata, model.add_bos, model.add_eos)},
          {"decoder", metaspace},
          {"model",
           {{"type", "Unigram"},
            {"unk_id", model.unknown},
            {"vocab", vocabulary},
            {"byte_fallback", model.byte_fallback}}}};
}

Json byte_level_json(const GgufMetadata& metadata) {
  const std::string pre = metadata.text("ggml.pre").value_or("gpt-2");
  const ByteLevelRules rules = rules_of_gguf(pre);
  Json stages = Json::array();
  for (const std::string& pattern : rules.patterns)
    stages.push_back(
        {{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}});
  const Json bytes = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", false}, {"use_regex", false}};
  stages.push_back(bytes);
  const std::vector<std::string>* merges = metadata.texts("ggml.merges");
  if (!merges) fail("tokenizer", "expected tokenizer.ggml.merges beside the gpt2 vocabulary, got none");
  Json pairs = Json::array();
  for (const std::string& merge : *merges) {
    const size_t space = std::min(merge.find(' ', 1), merge.size() - 1);
    pairs.push_back({merge.substr(0, space), merge.substr(space + 1)});
  }
  const bool llama3 = pre == "llama-bpe" || pre == "llama3" || pre == "llama-v3";
  return {{"normalizer", rules.nfc ? Json{{"type", "NFC"}} : Json()},
          {"pre_tokenizer", sequence("Sequence", "pretokenizers", stages)},
          {"post_processor", post_processor(metadata, gguf_flag(metadata, "add_bos_token", llama3),
                                            gguf_flag(metadata, "add_eos_token", false))},
          {"decoder", bytes},
          {"model",
           {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", nullptr},
            {"fuse_unk", false},
            {"byte_fallback", false},
            {"ignore_merges", rules.ignore_merges},
            {"vocab", vocabulary_of(gguf_tokens(metadata))},
            {"merges", pairs}}}};
}

Json bert_json(const GgufMetadata& metadata) {
  std::vector<std::string> tokens;
  for (size_t id = 0; id < gguf_tokens(metadata).size(); ++id) tokens.push_back(gguf_word_piece(metadata, id));
  const auto place = [&](const char* token) {
    const auto found = std::find(tokens.begin(), tokens.end(), token);
    if (found == tokens.end()) fail("tokenizer", "expected the token '{}' in a bert vocabulary, got none", token);
    return found - tokens.begin();
  };
  return {{"normalizer",
           {{"type", "BertNormalizer"},
            {"clean_text", true},
            {"handle_chinese_chars", true},
            {"strip_accents", nullptr},
            {"lowercase", true}}},
          {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
          {"post_processor",
           {{"type", "BertProcessing"},
            {"sep", Json::array({"[SEP]", place("[SEP]")})},
            {"cls", Json::array({"[CLS]", place("[CLS]")})}}},
          {"decoder", {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}}},
          {"model",
           {{"type", "WordPiece"},
            {"unk_token", "[UNK]"},
            {"continuing_subword_prefix", "##"},
            {"max_input_chars_per_word", 100},
            {"vocab", vocabulary_of(tokens)}}}};
}

Json tokenizer_json(const GgufMetadata& metadata, const std::string& kind) {
  Json json;
  if (kind == "llama") json = merged_pieces_json(metadata);
  if (kind == "t5") json = unigram_json(metadata);
  if (kind == "gpt2") json = byte_level_json(metadata);
  if (kind == "bert") json = bert_json(metadata);
  if (json.is_null()) fail("tokenizer", "expected tokenizer.ggml.model llama, gpt2, t5 or bert, got '{}'", kind);
  json["version"] = "1.0";
  json["truncation"] = json["padding"] = nullptr;
  json["added_tokens"] = added_tokens(metadata);
  return json;
}

Json config_json(const GgufMetadata& metadata) {
  Json config = {{"tokenizer_class", "PreTrainedTokenizerFast"}, {"clean_up_tokenization_spaces", false}};
  constexpr std::pair<const char*, const char*> kRoles[] = {
      {"bos_token", "bos"},       {"eos_token", "eos"}, {"unk_token", "unknown"}, {"pad_token", "padding"},
      {"sep_token", "seperator"}, {"cls_token", "cls"}, {"mask_token", "mask"}};  // GGUF spells it so
  for (const auto& [key, role] : kRoles)
    if (const auto id = gguf_role(metadata, role)) config[key] = gguf_tokens(metadata)[static_cast<size_t>(*id)];
  for (const char* key : {"add_bos_token", "add_eos_token"})
    if (const auto flag = metadata.flag(fmt::format("ggml.{}", key))) config[key] = *flag;
  for (const Json& token : added_tokens(metadata)) {
    Json entry = token;
    entry.erase("id");
    config["added_tokens_decoder"][std::to_string(token["id"].get<int64_t>())] = entry;
  }
  if (const auto chat_template = metadata.text("chat_template")) config["chat_template"] = *chat_template;
  return config;
}

std::string text_of(const Json& json) { return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace

bool save_gguf_tokenizer(const std::filesystem::path& gguf, const std::filesystem::path& folder) {
  const GgufMetadata metadata(gguf);
  const std::string kind = metadata.text("ggml.model").value_or("none");
  if (kind == "none" || kind == "no_vocab") return false;
  try {
    const Json tokenizer = tokenizer_json(metadata, kind);
    std::filesystem::create_directories(folder);
    write_file_atomically(folder / "tokenizer.json", text_of(tokenizer));
    write_file_atomically(folder / "tokenizer_config.json", text_of(config_json(metadata)));
    if (kind == "llama")
      write_file_atomically(folder / "tokenizer.model", sentence_piece_proto(gguf_pieces(metadata, false)));
  } catch (const Error& error) {
    fail(gguf.string(), "{}", error.message());
  }
  return true;
}

}  // namespace llmbox
