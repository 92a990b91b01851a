// tokenizer.bin of llama2.c: the longest token's length, then score, length and bytes of each token. Ids 0, 1 and 2 are
// unknown, BOS and EOS; 3 … 258 are the bytes.
#include <cstring>

#include "core/error.h"
#include "core/json.h"
#include "tokenizer/file/tokenizer_file.h"
#include "tokenizer/sentence_piece_model.h"

namespace llmbox {

namespace {

constexpr size_t kFirstByte = 3;

template <typename T>
T take(std::string_view& bytes, const std::string& where) {
  if (bytes.size() < sizeof(T)) fail(where, "expected a llama2.c vocabulary, got its end within an entry");
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  bytes.remove_prefix(sizeof(T));
  return value;
}

// Spaces are plain in the file.
std::string with_visible_spaces(std::string_view text) {
  std::string out;
  for (char c : text) c == ' ' ? out += "▁" : out += c;
  return out;
}

SentencePieceModel::Piece take_piece(std::string_view& bytes, size_t id, int32_t longest, const std::string& where) {
  SentencePieceModel::Piece piece;
  piece.score = take<float>(bytes, where);
  auto length = take<int32_t>(bytes, where);
  if (length < 0 || length > longest || static_cast<size_t>(length) > bytes.size())
    fail(where, "expected a token of at most {} bytes, got {} for id {}; try fetching the file again", longest, length,
         id);
  piece.text = with_visible_spaces(bytes.substr(0, static_cast<size_t>(length)));
  bytes.remove_prefix(static_cast<size_t>(length));
  if (id < kFirstByte) {
    piece.text = id == 0 ? "<unk>" : id == 1 ? "<s>" : "</s>";
    piece.kind = id == 0 ? PieceKind::kUnknown : PieceKind::kControl;
  } else if (id < kFirstByte + 256) {
    piece.text = fmt::format("<0x{:02X}>", id - kFirstByte);
    piece.kind = PieceKind::kByte;
  }
  return piece;
}

}  // namespace

PipelineParts read_llama2c(const std::filesystem::path& path) {
  std::string file = read_text_file(path);
  std::string where = path.string();
  std::string_view bytes = file;
  auto longest = take<int32_t>(bytes, where);
  SentencePieceModel model;
  while (!bytes.empty()) model.pieces.push_back(take_piece(bytes, model.pieces.size(), longest, where));
  if (model.pieces.size() < kFirstByte + 256)
    fail(where, "expected at least {} tokens, got {}; try fetching the file again", kFirstByte + 256,
         model.pieces.size());
  model.algorithm = SentencePieceModel::Algorithm::kBpe;
  model.rules.remove_extra_whitespaces = false;
  model.byte_fallback = true;
  model.unknown = 0;
  model.bos = 1;
  model.eos = 2;
  model.add_bos = true;
  try {
    return build_sentence_piece(std::move(model));
  } catch (const Error& error) {
    fail(where, "{}", error.message());
  }
}

}  // namespace llmbox
