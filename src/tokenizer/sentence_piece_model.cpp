#include "tokenizer/sentence_piece_model.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"

namespace llmbox {

namespace {

bool is_text(PieceKind kind) { return kind == PieceKind::kNormal || kind == PieceKind::kUserDefined; }

// Pieces by falling score; equal scores have equal ranks, so that the leftmost join comes first.
std::vector<uint32_t> ranks_by_score(const SentencePieceModel& model) {
  std::vector<uint32_t> order(model.pieces.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return model.pieces[a].score > model.pieces[b].score; });
  std::vector<uint32_t> ranks(order.size(), MergeList::kNever);
  uint32_t rank = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && model.pieces[order[i]].score != model.pieces[order[i - 1]].score) ++rank;
    if (is_text(model.pieces[order[i]].kind)) ranks[order[i]] = rank;
  }
  return ranks;
}

ModelDescription describe(const SentencePieceModel& model) {
  using Algorithm = SentencePieceModel::Algorithm;
  ModelDescription description;
  description.vocabulary.reserve(model.pieces.size());
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    const SentencePieceModel::Piece& piece = model.pieces[id];
    description.vocabulary.add(piece.text, static_cast<int64_t>(id));
    description.scores.push_back(piece.score);
    if (!is_text(piece.kind)) description.unmatched.push_back(static_cast<int32_t>(id));
    if (piece.kind == PieceKind::kUserDefined) description.favoured.push_back(static_cast<int32_t>(id));
  }
  Json& options = description.options;
  options["byte_fallback"] = model.byte_fallback;
  if (model.unknown >= 0) options["unk_id"] = model.unknown;
  if (model.unknown >= 0) options["unk_token"] = model.pieces[static_cast<size_t>(model.unknown)].text;
  options["fuse_unk"] = true;
  options["type"] = model.algorithm == Algorithm::kUnigram ? "Unigram"
                    : model.algorithm == Algorithm::kWord  ? "WordLevel"
                                                           : "BPE";
  if (model.algorithm == Algorithm::kBpe) description.join_ranks = ranks_by_score(model);
  description.single_precision = true;
  return description;
}

std::vector<AddedToken> added_tokens(const SentencePieceModel& model) {
  std::vector<AddedToken> added;
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    const SentencePieceModel::Piece& piece = model.pieces[id];
    AddedToken token{.id = static_cast<int32_t>(id), .content = piece.text};
    if (piece.kind == PieceKind::kControl || piece.kind == PieceKind::kUnknown) {
      token.special = true;
      token.normalized = false;
    } else if (piece.kind == PieceKind::kUserDefined && model.algorithm != SentencePieceModel::Algorithm::kUnigram) {
      token.spelled = true;
    } else {
      continue;
    }
    added.push_back(token);
  }
  return added;
}

// Visible spaces to spaces, <0xXX> to bytes, and the dummy space off the front.
Json decoder_description(const SentencePieceModel& model) {
  Json stages = Json::array();
  stages.push_back({{"type", "Replace"}, {"pattern", {{"String", "▁"}}}, {"content", " "}});
  stages.push_back({{"type", "ByteFallback"}});
  stages.push_back({{"type", "Fuse"}});
  bool prefix = model.rules.add_dummy_prefix && !model.rules.whitespace_as_suffix;
  if (prefix) stages.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  if (model.rules.whitespace_as_suffix)
    stages.push_back({{"type", "Strip"}, {"content", " "}, {"start", 0}, {"stop", 1}});
  return {{"type", "Sequence"}, {"decoders", stages}};
}

void check_bytes(const SentencePieceModel& model) {
  auto bytes = std::count_if(model.pieces.begin(), model.pieces.end(),
                             [](const auto& piece) { return piece.kind == PieceKind::kByte; });
  if (model.byte_fallback && bytes != 256)
    fail("tokenizer", "expected 256 byte pieces beside byte_fallback, got {}; try the original file", bytes);
}

}  // namespace

PipelineParts build_sentence_piece(SentencePieceModel model) {
  if (model.pieces.empty()) fail("tokenizer", "expected pieces in the SentencePiece model, got none");
  auto count = static_cast<int32_t>(model.pieces.size());
  for (int32_t* id : {&model.unknown, &model.bos, &model.eos, &model.pad})
    if (*id >= count) *id = -1;
  check_bytes(model);
  for (const SentencePieceModel::Piece& piece : model.pieces)
    if (piece.kind == PieceKind::kUserDefined) model.rules.user_defined.push_back(piece.text);
  PipelineParts parts;
  parts.normalizer = make_sentence_piece_normalizer(model.rules);
  if (model.algorithm == SentencePieceModel::Algorithm::kWord)
    parts.pre_tokenizer = make_pre_tokenizer({{"type", "Metaspace"}, {"prepend_scheme", "never"}});
  parts.model = make_token_model(describe(model));
  parts.decoder = make_decoder(decoder_description(model));
  parts.added = added_tokens(model);
  auto role = [](int32_t id) { return id >= 0 ? std::optional(id) : std::nullopt; };
  parts.special = {role(model.bos), role(model.eos), role(model.pad)};
  std::vector<int32_t> before, after;
  if (model.add_bos && model.bos >= 0) before.push_back(model.bos);
  if (model.add_eos && model.eos >= 0) after.push_back(model.eos);
  parts.surround = Surround::of_both(before, after);
  return parts;
}

}  // namespace llmbox
