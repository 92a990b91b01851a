#include "tokenizer/train_sentence_piece.h"

#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/json.h"
#include "tokenizer/pair_counts.h"
#include "tokenizer/protobuf.h"
#include "tokenizer/train_unigram.h"
#include "tokenizer/unicode_script.h"
#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

constexpr std::string_view kSpaceMark = "▁";
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

using CharacterIds = std::unordered_map<std::string_view, int32_t>;

// Words cut where a character stands that is not covered.
std::vector<CountedText> covered_words(const Counts& words, const CharacterIds& ids) {
  std::vector<CountedText> covered;
  for (const auto& [word, count] : words) {
    size_t begin = 0, end = 0;
    auto close = [&, &word = word, &count = count](size_t next) {
      if (end > begin) covered.push_back({std::string_view(word).substr(begin, end - begin), count});
      begin = end = next;
    };
    for (std::string_view character : characters_of(word)) {
      size_t next = static_cast<size_t>(character.data() - word.data()) + character.size();
      ids.contains(character) ? static_cast<void>(end = next) : close(next);
    }
    close(end);
  }
  return covered;
}

std::vector<CountedWord> symbol_words(const std::vector<CountedText>& words, const CharacterIds& ids) {
  std::vector<CountedWord> counted;
  for (const CountedText& word : words) {
    counted.push_back({{}, word.count});
    for (std::string_view character : characters_of(word.text)) counted.back().symbols.push_back(ids.at(character));
  }
  return counted;
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
    if (utf8_characters(joined) > longest) continue;
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

}  // namespace

void put_piece(std::string& out, const Piece& piece) {
  std::string message;
  put_bytes(message, 1, piece.text);
  put_float(message, 2, piece.score);
  if (piece.kind != PieceKind::kNormal) put_integer(message, 3, static_cast<int64_t>(piece.kind));
  put_bytes(out, 1, message);
}

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
  std::string spaced(kSpaceMark);
  for (char c : line) c == ' ' ? spaced += kSpaceMark : spaced += c;
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
    bool space = text.substr(i).starts_with(kSpaceMark);
    if (space ? i > begin : is_border(script, c.value)) {
      ++counts_[std::string(text.substr(begin, i - begin))];
      begin = i;
    }
    if (space) script = kAnyScript;
    i += c.length;
  }
  if (begin < text.size()) ++counts_[std::string(text.substr(begin))];
}

namespace {

// Scores 0, -1, … in the order of the merges, then of the characters.
std::vector<ScoredPiece> ranked_pieces(std::vector<std::string> merged, const std::vector<std::string>& characters) {
  merged.insert(merged.end(), characters.begin(), characters.end());
  std::vector<ScoredPiece> pieces;
  for (std::string& text : merged) pieces.push_back({std::move(text), -static_cast<float>(pieces.size())});
  return pieces;
}

// The characters' pieces and `room` others.
std::vector<ScoredPiece> trained_pieces(const Counts& words, const std::vector<std::string>& characters, int64_t room,
                                        const SentencePieceTrainingOptions& options) {
  CharacterIds ids;
  for (size_t i = 0; i < characters.size(); ++i) ids[characters[i]] = static_cast<int32_t>(i);
  std::vector<CountedText> covered = covered_words(words, ids);
  if (options.algorithm == SentencePieceModel::Algorithm::kUnigram)
    return train_unigram(
        covered, characters,
        {.count = room + static_cast<int64_t>(characters.size()), .longest_piece = options.longest_piece});
  PairCounts pairs(symbol_words(covered, ids));
  return ranked_pieces(merged_pieces(pairs, characters, room, options.longest_piece), characters);
}

}  // namespace

SentencePieceModel train_sentence_piece(const PieceWordCounter& words, const SentencePieceTrainingOptions& options) {
  Counts ordered(words.counts().begin(), words.counts().end());
  std::vector<std::string> characters = covered_characters(ordered, options.character_coverage);
  SentencePieceModel model;
  model.algorithm = options.algorithm;
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
  for (ScoredPiece& piece : trained_pieces(ordered, characters, room, options)) {
    bool user =
        std::find(options.user_symbols.begin(), options.user_symbols.end(), piece.text) != options.user_symbols.end();
    if (!user) model.pieces.push_back({std::move(piece.text), piece.score});
  }
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

Json unigram_tokenizer_json(const SentencePieceModel& model) {
  Json vocab = Json::array(), added = Json::array();
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    const Piece& piece = model.pieces[id];
    vocab.push_back({piece.text, piece.score});
    const bool special = piece.kind == PieceKind::kControl || piece.kind == PieceKind::kUnknown;
    if (special || piece.kind == PieceKind::kUserDefined)
      added.push_back({{"id", id},
                       {"content", piece.text},
                       {"single_word", false},
                       {"lstrip", false},
                       {"rstrip", false},
                       {"normalized", false},
                       {"special", special}});
  }
  const std::string bos = model.pieces[static_cast<size_t>(model.bos)].text;
  auto sequence = [&](std::initializer_list<const char*> texts) {
    Json parts = Json::array({{{"SpecialToken", {{"id", bos}, {"type_id", 0}}}}});
    int type = 0;
    for (const char* text : texts) parts.push_back({{"Sequence", {{"id", text}, {"type_id", type++}}}});
    return parts;
  };
  const Json visible = {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", kSpaceMark}};
  const Json plain = {{"type", "Replace"}, {"pattern", {{"String", kSpaceMark}}}, {"content", " "}};
  return {
      {"version", "1.0"},
      {"truncation", nullptr},
      {"padding", nullptr},
      {"added_tokens", added},
      {"normalizer",
       {{"type", "Sequence"}, {"normalizers", Json::array({{{"type", "Prepend"}, {"prepend", kSpaceMark}}, visible})}}},
      {"pre_tokenizer",
       {{"type", "Metaspace"}, {"replacement", kSpaceMark}, {"prepend_scheme", "never"}, {"split", true}}},
      {"post_processor",
       {{"type", "TemplateProcessing"},
        {"single", sequence({"A"})},
        {"pair", sequence({"A", "B"})},
        {"special_tokens", {{bos, {{"id", bos}, {"ids", {model.bos}}, {"tokens", {bos}}}}}}}},
      {"decoder",
       {{"type", "Sequence"},
        {"decoders", Json::array({plain,
                                  {{"type", "ByteFallback"}},
                                  {{"type", "Fuse"}},
                                  {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}})}}},
      {"model",
       {{"type", "Unigram"}, {"unk_id", model.unknown}, {"vocab", vocab}, {"byte_fallback", model.byte_fallback}}}};
}

}  // namespace llmbox
