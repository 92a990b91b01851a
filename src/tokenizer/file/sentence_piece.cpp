// tokenizer.model of SentencePiece (ModelProto of sentencepiece_model.proto), BPE and unigram.
#include <unordered_set>

#include "core/error.h"
#include "core/json.h"
#include "tokenizer/file/tokenizer_file.h"
#include "tokenizer/protobuf.h"
#include "tokenizer/sentence_piece_model.h"

namespace llmbox {

namespace {

using Piece = SentencePieceModel::Piece;

Piece read_piece(std::string_view message, std::string_view where) {
  Piece piece;
  ProtobufReader reader(message, where);
  while (auto field = reader.next()) {
    if (field->number == 1) piece.text = field->bytes;
    if (field->number == 2) piece.score = field->as_float();
    if (field->number == 3) {
      if (field->integer < 1 || field->integer > 6)
        fail(where, "expected a piece type from 1 to 6, got {} for '{}'", field->integer, piece.text.substr(0, 40));
      piece.kind = static_cast<PieceKind>(field->integer);
    }
  }
  return piece;
}

void read_trainer_spec(std::string_view message, std::string_view where, SentencePieceModel& model) {
  ProtobufReader reader(message, where);
  while (auto field = reader.next()) {
    switch (field->number) {
      case 3:
        if (field->integer < 1 || field->integer > 4)
          fail(where, "expected model_type from 1 to 4 (unigram, bpe, word, char), got {}", field->integer);
        model.algorithm = static_cast<SentencePieceModel::Algorithm>(field->integer);
        break;
      case 24:
        model.rules.whitespace_as_suffix = field->as_bool();
        break;
      case 35:
        model.byte_fallback = field->as_bool();
        break;
      case 40:
        model.unknown = static_cast<int32_t>(field->integer);
        break;
      case 41:
        model.bos = static_cast<int32_t>(field->integer);
        break;
      case 42:
        model.eos = static_cast<int32_t>(field->integer);
        break;
      case 43:
        model.pad = static_cast<int32_t>(field->integer);
        break;
      default:
        break;
    }
  }
}

void read_normalizer_spec(std::string_view message, std::string_view where, SentencePieceRules& rules) {
  ProtobufReader reader(message, where);
  while (auto field = reader.next()) {
    if (field->number == 2) rules.charsmap = field->bytes;
    if (field->number == 3) rules.add_dummy_prefix = field->as_bool();
    if (field->number == 4) rules.remove_extra_whitespaces = field->as_bool();
    if (field->number == 5) rules.escape_whitespaces = field->as_bool();
  }
}

SentencePieceModel read_model_proto(std::string_view bytes, std::string_view where) {
  SentencePieceModel model;
  model.unknown = 0;
  model.bos = 1;
  model.eos = 2;
  ProtobufReader reader(bytes, where);
  while (auto field = reader.next()) {
    if (field->number == 1) model.pieces.push_back(read_piece(field->bytes, where));
    if (field->number == 2) read_trainer_spec(field->bytes, where, model);
    if (field->number == 3) read_normalizer_spec(field->bytes, where, model.rules);
  }
  return model;
}

// SentencePiece itself refuses these.
void check_distinct(const SentencePieceModel& model) {
  std::unordered_set<std::string_view> seen;
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    std::string_view text = model.pieces[id].text;
    if (text.empty()) fail("tokenizer", "expected a text for piece {}, got none; try the original file", id);
    if (!seen.insert(text).second)
      fail("tokenizer", "expected distinct pieces, got '{}' twice; try the original file", text.substr(0, 40));
  }
}

// Where no tokenizer_config.json says otherwise, a model with BOS is one that transformers opens as a Llama tokenizer.
void follow_roles(SentencePieceModel& model) {
  auto is_control = [&](int32_t id) {
    return id >= 0 && static_cast<size_t>(id) < model.pieces.size() &&
           model.pieces[static_cast<size_t>(id)].kind == PieceKind::kControl;
  };
  for (int32_t* id : {&model.bos, &model.eos, &model.pad})
    if (!is_control(*id)) *id = -1;
  bool llama = model.algorithm == SentencePieceModel::Algorithm::kBpe;
  model.add_bos = llama;
  model.add_eos = !llama;  // T5 and its kin
}

}  // namespace

PipelineParts read_sentence_piece(const std::filesystem::path& path) {
  std::string bytes = read_text_file(path);
  try {
    SentencePieceModel model = read_model_proto(bytes, path.string());
    check_distinct(model);
    follow_roles(model);
    return build_sentence_piece(std::move(model));
  } catch (const Error& error) {
    fail(path.string(), "{}", error.message());
  }
}

}  // namespace llmbox
