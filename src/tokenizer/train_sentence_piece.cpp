#include "tokenizer/train_sentence_piece.h"

#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/json.h"
#include "tokenizer/file/tokenizer_file.h"
#include "tokenizer/pair_counts.h"
#include "tokenizer/protobuf.h"
#include "tokenizer/unicode_script.h"
#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

constexpr std::string_view kSpace = "▁";
using Piece = SentencePieceModel::Piece;

// Where a piece may not go on: another script, where inherited characters have the one before.
bool is_border(int& script, uint32_t c) {
  int next = unicode_script(c);
  if (next == inherited_script() && script != kAnyScript) next = script;
  bool border = next != kAnyScript && script != kAnyScript && next != script;
  script = next;
  return border;
}

std::vector<std::string_view> characters_of(std::string_view word) {
  std::vector<std::string_view> characters;
  for (size_t i = 0; i < word.size(); i += characters.back().size())
    characters.push_back(word.substr(i, utf8_length(static_cast<unsigned char>(word[i]))));
  return characters;
}

using Counts = std::map<std::string, int64_t, std::less<>>;

// The characters with pieces, most frequent first.
std::vector<std::string> covered_characters(const Counts& words, double coverage) {
  Counts counts;
  int64_t total = 0;
  for (const auto& [word, count] : words)
    for (std::string_view character : characters_of(word)) {
      counts[std::string(character)] += count;
      total += count;
    }
  std::vector<std::pair<std::string, int64_t>> order(counts.begin(), counts.end());
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> covered;
  int64_t sum = 0;
  for (const auto& [character, count] : order) {
    if (static_cast<double>(sum) >= coverage * static_cast<double>(total)) break;
    covered.push_back(character);
    sum += count;
  }
  return covered;
}

// Words in symbols 0, 1, … of the covered characters, cut where another character stands.
std::vector<CountedWord> symbol_words(const Counts& words, const std::vector<std::string>& characters) {
  std::unordered_map<std::string_view, int32_t> ids;
  for (size_t i = 0; i < characters.size(); ++i) ids[characters[i]] = static_cast<int32_t>(i);
  std::vector<CountedWord> counted;
  for (const auto& [word, count] : words) {
    counted.push_back({{}, count});
    for (std::string_view character : characters_of(word)) {
      auto id = ids.find(character);
      if (id != ids.end()) {
        counted.back().symbols.push_back(id->second);
      } else {
        counted.push_back({{}, count});
      }
    }
  }
  return counted;
}

size_t character_count(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// Pieces in the order of their merges, until there are `count`.
std::vector<std::string> merged_pieces(PairCounts& pairs, std::vector<std::string> symbols, int64_t count,
                                       size_t longest) {
  std::vector<std::string> pieces;
  std::unordered_map<std::string, int32_t> known;
  for (size_t id = 0; id < symbols.size(); ++id) known.emplace(symbols[id], static_cast<int32_t>(id));
  while (static_cast<int64_t>(pieces.size()) < count) {
    std::optional<SymbolPair> best = pairs.most_frequent(1);
    if (!best) break;
    std::string joined = symbols[static_cast<size_t>(best->first)] + symbols[static_cast<size_t>(best->second)];
    if (character_count(joined) > longest) continue;
    auto [entry, is_new] = known.emplace(joined, static_cast<int32_t>(symbols.size()));
    if (is_new) {
      symbols.push_back(joined);
      pieces.push_back(joined);
    }
    pairs.merge(*best, entry->second);
  }
  return pieces;
}

// Protocol-buffer fields.
void put_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}
void put_integer(std::string& out, uint32_t field, int64_t value) {
  put_varint(out, field << 3);
  put_varint(out, static_cast<uint64_t>(value));
}
void put_bytes(std::string& out, uint32_t field, std::string_view bytes) {
  put_varint(out, field << 3 | 2);
  put_varint(out, bytes.size());
  out += bytes;
}
void put_float(std::string& out, uint32_t field, float value) {
  put_varint(out, field << 3 | 5);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_piece(std::string& out, const Piece& piece) {
  std::string message;
  put_bytes(message, 1, piece.text);
  put_float(message, 2, piece.score);
  if (piece.kind != PieceKind::kNormal) put_integer(message, 3, static_cast<int64_t>(piece.kind));
  put_bytes(out, 1, message);
}

}  // namespace

PieceWordCounter::PieceWordCounter(const std::vector<std::string>& user_symbols) {
  for (const std::string& symbol : user_symbols) user_symbols_.add(symbol, {});
}

void PieceWordCounter::add(std::string_view text) {
  std::string repaired = utf8_lossy(text);
  std::string_view rest = repaired;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) add_line(line);
  }
}

void PieceWordCounter::add_line(std::string_view line) {
  std::string spaced(kSpace);
  for (char c : line) c == ' ' ? spaced += kSpace : spaced += c;
  std::vector<AddedPart> parts;
  user_symbols_.split(spaced, true, parts);
  for (const AddedPart& part : parts)
    if (part.id < 0) add_words(part.span.in(spaced));
}

void PieceWordCounter::add_words(std::string_view text) {
  size_t begin = 0;
  int script = kAnyScript;
  for (size_t i = 0; i < text.size();) {
    CodePoint c = read_code_point(text.data() + i);
    bool space = text.substr(i).starts_with(kSpace);
    if (space ? i > begin : is_border(script, c.value)) {
      ++counts_[std::string(text.substr(begin, i - begin))];
      begin = i;
    }
    if (space) script = kAnyScript;
    i += c.length;
  }
  if (begin < text.size()) ++counts_[std::string(text.substr(begin))];
}

SentencePieceModel train_sentence_piece(const PieceWordCounter& words, const SentencePieceTrainingOptions& options) {
  Counts ordered(words.counts().begin(), words.counts().end());
  std::vector<std::string> characters = covered_characters(ordered, options.character_coverage);
  SentencePieceModel model;
  model.algorithm = SentencePieceModel::Algorithm::kBpe;
  model.rules.remove_extra_whitespaces = false;
  model.byte_fallback = options.byte_fallback;
  model.unknown = 0;
  model.bos = 1;
  model.eos = 2;
  model.add_bos = true;
  model.pieces = {{"<unk>", 0, PieceKind::kUnknown}, {"<s>", 0, PieceKind::kControl}, {"</s>", 0, PieceKind::kControl}};
  for (const std::string& symbol : options.user_symbols) model.pieces.push_back({symbol, 0, PieceKind::kUserDefined});
  for (int byte = 0; byte < 256 && options.byte_fallback; ++byte)
    model.pieces.push_back({fmt::format("<0x{:02X}>", byte), 0, PieceKind::kByte});
  int64_t room = options.vocab_size - static_cast<int64_t>(model.pieces.size() + characters.size());
  if (room < 0)
    fail("tokenizer train", "expected vocab_size >= {} ({} special pieces and {} characters), got {}; try a lower {}",
         model.pieces.size() + characters.size(), model.pieces.size(), characters.size(), options.vocab_size,
         "character_coverage");
  PairCounts pairs(symbol_words(ordered, characters));
  float score = 0;
  auto add = [&](const std::string& text) {
    bool user = std::find(options.user_symbols.begin(), options.user_symbols.end(), text) != options.user_symbols.end();
    if (!user) model.pieces.push_back({text, score--});
  };
  for (const std::string& piece : merged_pieces(pairs, characters, room, options.longest_piece)) add(piece);
  for (const std::string& character : characters) add(character);
  return model;
}

std::string sentence_piece_proto(const SentencePieceModel& model) {
  std::string out;
  for (const Piece& piece : model.pieces) put_piece(out, piece);
  std::string trainer;
  put_integer(trainer, 3, static_cast<int64_t>(model.algorithm));
  put_integer(trainer, 4, static_cast<int64_t>(model.pieces.size()));
  put_integer(trainer, 24, model.rules.whitespace_as_suffix);
  put_integer(trainer, 35, model.byte_fallback);
  put_integer(trainer, 40, model.unknown);
  put_integer(trainer, 41, model.bos);
  put_integer(trainer, 42, model.eos);
  put_integer(trainer, 43, model.pad);
  put_bytes(out, 2, trainer);
  std::string normalizer;
  put_bytes(normalizer, 1, "identity");
  put_bytes(normalizer, 2, model.rules.charsmap);
  put_integer(normalizer, 3, model.rules.add_dummy_prefix);
  put_integer(normalizer, 4, model.rules.remove_extra_whitespaces);
  put_integer(normalizer, 5, model.rules.escape_whitespaces);
  put_bytes(out, 3, normalizer);
  return out;
}

ExtendedModel extend_sentence_piece(const std::filesystem::path& path, const SentencePieceModel& trained) {
  ExtendedModel extended{read_text_file(path), {}};
  PipelineParts parts = read_sentence_piece(path);
  const StringTable& known = parts.model->vocabulary();
  for (const Piece& piece : trained.pieces) {
    bool is_text = piece.kind == PieceKind::kNormal || piece.kind == PieceKind::kUserDefined;
    if (!is_text || known.find(piece.text)) continue;
    put_piece(extended.proto, {piece.text, 0, piece.kind});
    extended.added.push_back(piece.text);
  }
  return extended;
}

}  // namespace llmbox
