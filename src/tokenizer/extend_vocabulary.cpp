#include "tokenizer/extend_vocabulary.h"

#include <algorithm>

#include "core/error.h"
#include "tokenizer/file/tokenizer_file.h"
#include "tokenizer/train_sentence_piece.h"
#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

struct Merge {
  std::string left, right;
};

// The cuts of a piece into two known ones, by the ids of the two.
std::vector<Merge> merges_of(const std::string& piece, const Json& vocab) {
  std::vector<Merge> merges;
  for (size_t i = utf8_length(static_cast<unsigned char>(piece[0])); i < piece.size();
       i += utf8_length(static_cast<unsigned char>(piece[i])))
    if (vocab.contains(piece.substr(0, i)) && vocab.contains(piece.substr(i)))
      merges.push_back({piece.substr(0, i), piece.substr(i)});
  std::stable_sort(merges.begin(), merges.end(), [&](const Merge& a, const Merge& b) {
    return std::pair(vocab[a.left].get<int64_t>(), vocab[a.right].get<int64_t>()) <
           std::pair(vocab[b.left].get<int64_t>(), vocab[b.right].get<int64_t>());
  });
  return merges;
}

// Longer parts first: the order of transformers' conversion among equal scores.
void sort_by_length(std::vector<Merge>& merges) {
  std::stable_sort(merges.begin(), merges.end(), [](const Merge& a, const Merge& b) {
    return std::pair(utf8_characters(a.left), utf8_characters(a.right)) >
           std::pair(utf8_characters(b.left), utf8_characters(b.right));
  });
}

}  // namespace

ExtendedModel extend_sentence_piece(const std::filesystem::path& path, const SentencePieceModel& trained) {
  PipelineParts parts = read_sentence_piece(path);
  const StringTable& known = parts.model->vocabulary();
  ExtendedModel extended{.proto = read_text_file(path), .first = known.id_end()};
  for (const SentencePieceModel::Piece& piece : trained.pieces) {
    bool is_text = piece.kind == PieceKind::kNormal || piece.kind == PieceKind::kUserDefined;
    if (!is_text || known.find(piece.text)) continue;
    put_piece(extended.proto, {piece.text, 0, piece.kind});
    extended.added.push_back(piece.text);
    const Span all{0, static_cast<uint32_t>(piece.text.size())};
    TokenSink sink{extended.spelled.emplace_back()};
    parts.model->encode(piece.text, {&all, 1}, sink);
  }
  return extended;
}

Json extend_tokenizer_json(Json tokenizer, const ExtendedModel& extended, const std::string& where) {
  if (!tokenizer.is_object() || !tokenizer.contains("model") || tokenizer["model"].value("type", "BPE") != "BPE" ||
      !tokenizer["model"]["vocab"].is_object() || !tokenizer["model"]["merges"].is_array())
    fail(where, "expected a tokenizer.json with a BPE model, as its tokenizer.model is; try removing it");
  Json& model = tokenizer["model"];
  Json& vocab = model["vocab"];
  for (size_t i = 0; i < extended.added.size(); ++i)
    vocab[extended.added[i]] = static_cast<int64_t>(extended.first) + static_cast<int64_t>(i);
  std::vector<Merge> fresh;
  for (const std::string& piece : extended.added)
    for (Merge& merge : merges_of(piece, vocab)) fresh.push_back(std::move(merge));
  sort_by_length(fresh);
  const bool as_text = model["merges"].empty() || model["merges"][0].is_string();
  Json merges = Json::array();
  for (const Merge& merge : fresh)
    merges.push_back(as_text ? Json(merge.left + " " + merge.right) : Json::array({merge.left, merge.right}));
  for (Json& merge : model["merges"]) merges.push_back(std::move(merge));
  model["merges"] = std::move(merges);
  return tokenizer;
}

}  // namespace llmbox
