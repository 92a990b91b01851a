// BPE, over bytes (byte-level vocabularies) or over characters (SentencePiece style, unknown characters as <0xXX>
// bytes).
#include <array>
#include <mutex>

#include "core/error.h"
#include "core/rng.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/model/joins.h"
#include "tokenizer/model/merge_table.h"
#include "tokenizer/model/merge_word.h"
#include "tokenizer/model/token_model.h"
#include "tokenizer/model/token_path.h"
#include "tokenizer/model/word_cache.h"
#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

constexpr std::string_view kMetaspace = "▁";

class Bpe : public TokenModel {
 public:
  explicit Bpe(ModelDescription description);

  void encode(std::string_view text, std::span<const Span> words, TokenSink& out) const override;
  const StringTable& vocabulary() const override { return vocabulary_; }

 private:
  static constexpr int32_t kAbsent = -1;
  static constexpr size_t kLongWord = WordCache::kLongestWord + 1;  // bytes from which paths are taken
  using Ids = std::vector<int32_t>;

  StringTable hidden_symbols(const ModelDescription& description) const;
  std::vector<bool> symbols_of(const StringTable& vocabulary) const;
  bool has_paths() const { return prefix_.empty() && suffix_.empty() && dropout_ == 0; }
  const TokenPath& path() const;
  void encode_by_merging(std::string_view word, Ids& ids) const;
  void encode_long(std::string_view word, Ids& ids) const;
  void fill_symbol_tables();
  void find_cuts(const ModelDescription& description);
  int32_t find_or_absent(std::string_view token) const { return vocabulary_.find(token).value_or(kAbsent); }

  template <typename Encode>
  void for_each_part(std::string_view text, Span word, Encode&& encode) const;
  void encode_uncached(std::string_view word, Ids& ids) const;
  void encode_with_spans(std::string_view text, Span word, TokenSink& out) const;
  std::optional<int32_t> whole_word(std::string_view word) const;
  std::optional<int32_t> whole_long_word(std::string_view word) const;
  void merge(Ids& symbols) const;
  void byte_symbols(std::string_view word, Ids& symbols) const;
  void character_symbols(std::string_view word, Ids& symbols) const;
  int32_t character_symbol(std::string_view character, uint32_t code_point, bool first, bool last) const;
  int32_t symbol_at(std::string_view word, size_t i) const;
  void append_unknown(std::string_view character, bool after_unknown, Ids& symbols) const;
  void spell_hidden(Ids& symbols, size_t begin) const;
  std::vector<Span> symbol_spans(std::string_view word, Ids& symbols) const;
  size_t text_length(int32_t id, bool first, bool last) const;

  uint64_t serial_ = next_model_serial();
  StringTable vocabulary_, hidden_;  // hidden: characters that only longer tokens hold, with ids behind the others
  MergeTable merges_{0};
  mutable std::vector<Joined> joined_;  // until the history is made
  mutable std::once_flag path_made_;
  mutable std::unique_ptr<const MergeHistory> history_;  // made, with the path, when the first long word comes
  mutable std::unique_ptr<const TokenPath> path_;
  mutable StringTable unreached_;  // as words hold them: what no merge gives, where whole words are looked up first
  std::string prefix_, suffix_;    // continuing_subword_prefix, end_of_word_suffix
  int32_t unknown_ = kAbsent;
  double dropout_;
  bool fuse_unknown_, byte_fallback_, ignore_merges_, byte_level_;
  bool cut_at_metaspace_ = false;
  std::array<bool, 256> joined_to_mark_{};
  std::array<int32_t, 256> byte_ids_,
      last_byte_ids_;                      // byte-level: the symbol of a byte; within and at the end of a word
  std::array<int32_t, 256> fallback_ids_;  // <0xXX>
  std::vector<int32_t> character_ids_;     // by code point, basic plane
};

double dropout_option(const Json& options) {
  double dropout = options.contains("dropout") && options["dropout"].is_number() ? options["dropout"].get<double>() : 0;
  if (!(dropout >= 0 && dropout <= 1)) fail("tokenizer", "expected dropout from 0 to 1, got {}; try 0", dropout);
  return dropout;
}

Bpe::Bpe(ModelDescription description)
    : prefix_(text_option(description.options, "continuing_subword_prefix")),
      suffix_(text_option(description.options, "end_of_word_suffix")),
      dropout_(dropout_option(description.options)),
      fuse_unknown_(flag_option(description.options, "fuse_unk")),
      byte_fallback_(flag_option(description.options, "byte_fallback")),
      ignore_merges_(flag_option(description.options, "ignore_merges")),
      byte_level_(description.byte_level && prefix_.empty()) {
  if (description.vocabulary.size() == 0) fail("tokenizer", "expected a vocabulary in the BPE model, got none");
  if (!description.join_ranks.empty()) hidden_ = hidden_symbols(description);
  joined_ = description.join_ranks.empty() ? listed_merges(description, prefix_) : joins_by_rank(description, hidden_);
  merges_ = table_of(joined_);
  bool whole_symbols = !byte_level_ && !ignore_merges_ && prefix_.empty() && suffix_.empty();
  cut_at_metaspace_ = whole_symbols && description.vocabulary.find(kMetaspace);
  if (cut_at_metaspace_) find_cuts(description);
  vocabulary_ = std::move(description.vocabulary);
  std::string unknown = text_option(description.options, "unk_token");
  if (!unknown.empty()) unknown_ = find_or_absent(unknown);
  fill_symbol_tables();
}

StringTable Bpe::hidden_symbols(const ModelDescription& description) const {
  StringTable hidden;
  const StringTable& vocabulary = description.vocabulary;
  for (int32_t id = 0; id < static_cast<int32_t>(description.join_ranks.size()); ++id) {
    if (description.join_ranks[static_cast<size_t>(id)] == MergeList::kNever) continue;
    std::string_view token = vocabulary.text(id);
    for (size_t i = 0; i < token.size();) {
      std::string_view character = token.substr(i, utf8_length(static_cast<unsigned char>(token[i])));
      i += character.size();
      if (!vocabulary.find(character)) hidden.add(character, vocabulary.id_end() + static_cast<int32_t>(hidden.size()));
    }
  }
  return hidden;
}

// One character each, before any merge.
std::vector<bool> Bpe::symbols_of(const StringTable& vocabulary) const {
  auto n = static_cast<size_t>(vocabulary.id_end());
  std::vector<bool> symbols(n + hidden_.size(), true);
  for (size_t id = 0; id < n; ++id) {
    std::string_view token = vocabulary.text(static_cast<int32_t>(id));
    symbols[id] = !token.empty() && token.size() == utf8_length(static_cast<unsigned char>(token[0]));
  }
  return symbols;
}

const TokenPath& Bpe::path() const {
  std::call_once(path_made_, [this] {
    history_ = std::make_unique<MergeHistory>(joined_, merges_, symbols_of(vocabulary_));
    std::vector<std::string> bytes(static_cast<size_t>(std::max(vocabulary_.id_end(), hidden_.id_end())));
    std::vector<std::pair<std::string_view, int32_t>> tokens;
    for (int32_t id = 0; id < vocabulary_.id_end(); ++id) {
      std::string& text = bytes[static_cast<size_t>(id)];
      text = byte_level_ ? from_byte_alphabet(vocabulary_.text(id)).value_or("") : vocabulary_.text(id);
      if (*vocabulary_.find(vocabulary_.text(id)) != id) continue;
      bool odd = std::binary_search(history_->odd().begin(), history_->odd().end(), id);
      if (history_->is_reached(id) || odd) {
        tokens.emplace_back(text, id);
      } else if (ignore_merges_) {
        unreached_.add(text, id);
      }
    }
    for (int32_t id = vocabulary_.id_end(); id < hidden_.id_end(); ++id) {
      bytes[static_cast<size_t>(id)] = hidden_.text(id);
      tokens.emplace_back(bytes[static_cast<size_t>(id)], id);
    }
    BorderFilter borders;
    for (const Joined& pair : joined_) {
      const std::string& left = bytes[static_cast<size_t>(pair.left)];
      const std::string& right = bytes[static_cast<size_t>(pair.right)];
      if (!left.empty() && !right.empty()) borders.add(left, right);
    }
    path_ = std::make_unique<TokenPath>(*history_, std::move(tokens), std::move(borders));
    joined_ = {};
  });
  return *path_;
}

void Bpe::fill_symbol_tables() {
  for (int byte = 0; byte < 256; ++byte) {
    std::string spelling;
    append_code_point(spelling, byte_to_code_point(static_cast<unsigned char>(byte)));
    byte_ids_[byte] = find_or_absent(spelling);
    last_byte_ids_[byte] = find_or_absent(spelling + suffix_);
    fallback_ids_[byte] = find_or_absent(fmt::format("<0x{:02X}>", byte));
  }
  if (byte_level_) return;
  character_ids_.assign(0x10000, kAbsent);
  auto fill = [&](const StringTable& table) {
    for (int32_t id = 0; id < table.id_end(); ++id) {
      std::string_view token = table.text(id);
      if (token.empty() || token.size() > 3 || token.size() != utf8_length(static_cast<unsigned char>(token[0])))
        continue;
      int32_t& entry = character_ids_[read_code_point(token.data()).value];
      if (entry == kAbsent) entry = *table.find(token);
    }
  };
  fill(vocabulary_);
  fill(hidden_);
}

// Before a run of space marks a word may be cut, where no token holds what stands before the run together with it: no
// merge could have joined them. Notes the last bytes before the marks that tokens hold.
void Bpe::find_cuts(const ModelDescription& description) {
  auto note = [&](std::string_view token) {
    for (size_t at = 0; (at = token.find(kMetaspace, at + 1)) != std::string_view::npos;)
      if (!token.substr(0, at).ends_with(kMetaspace)) joined_to_mark_[static_cast<unsigned char>(token[at - 1])] = true;
  };
  for (size_t rank = 0; rank < description.merges.size(); ++rank) note(description.merges.both(rank));
  for (int32_t id = 0; id < static_cast<int32_t>(description.join_ranks.size()); ++id)
    if (description.join_ranks[static_cast<size_t>(id)] != MergeList::kNever) note(description.vocabulary.text(id));
}

// The word, or its parts that no merge could join.
template <typename Encode>
void Bpe::for_each_part(std::string_view text, Span word, Encode&& encode) const {
  if (!cut_at_metaspace_) return encode(word);
  uint32_t begin = word.begin;
  bool in_run = true;  // the marks at the front belong to what follows them
  for (uint32_t i = word.begin; i < word.end;) {
    bool mark = text[i] == kMetaspace[0] && text.substr(i).starts_with(kMetaspace);
    if (mark && !in_run && !joined_to_mark_[static_cast<unsigned char>(text[i - 1])]) {
      encode(Span{begin, i});
      begin = i;
    }
    in_run = mark;
    i += utf8_length(static_cast<unsigned char>(text[i]));
  }
  if (begin < word.end) encode(Span{begin, word.end});
}

void Bpe::encode(std::string_view text, std::span<const Span> words, TokenSink& out) const {
  if (out.spans) {
    for (Span word : words) for_each_part(text, word, [&](Span part) { encode_with_spans(text, part, out); });
    return;
  }
  auto uncached = [this](std::string_view word, Ids& ids) { encode_uncached(word, ids); };
  if (dropout_ > 0) {
    for (Span word : words) encode_uncached(word.in(text), out.ids);
    return;
  }
  WordCache& cache = WordCache::of_thread(serial_);
  for (Span word : words) for_each_part(text, word, [&](Span part) { cache.append(text, part, out.ids, uncached); });
}

std::optional<int32_t> Bpe::whole_word(std::string_view word) const {
  if (!ignore_merges_ || word.size() > vocabulary_.longest()) return std::nullopt;
  return vocabulary_.find(byte_level_ ? to_byte_alphabet(word) : std::string(word));
}

void Bpe::merge(Ids& symbols) const {
  if (dropout_ == 0) return merge_word(merges_, symbols);
  thread_local Rng rng(serial_);
  merge_word_with_dropout(merges_, symbols, [&] { return rng.uniform() < dropout_; });
}

void Bpe::encode_uncached(std::string_view word, Ids& ids) const {
  const bool is_long = word.size() >= kLongWord && has_paths();
  if (std::optional<int32_t> whole = is_long ? whole_long_word(word) : whole_word(word)) return ids.push_back(*whole);
  if (is_long) return encode_long(word, ids);
  encode_by_merging(word, ids);
}

// The same as whole_word, without spelling the word in the byte alphabet.
std::optional<int32_t> Bpe::whole_long_word(std::string_view word) const {
  if (!ignore_merges_) return std::nullopt;
  if (const int32_t id = path().whole(word); id >= 0) return id;
  return word.size() <= unreached_.longest() ? unreached_.find(word) : std::nullopt;
}

void Bpe::encode_by_merging(std::string_view word, Ids& ids) const {
  thread_local Ids symbols;
  symbols.clear();
  if (byte_level_) {
    byte_symbols(word, symbols);
  } else {
    character_symbols(word, symbols);
  }
  merge(symbols);
  size_t begin = ids.size();
  ids.insert(ids.end(), symbols.begin(), symbols.end());
  if (hidden_.size() > 0) spell_hidden(ids, begin);
}

// Runs of known symbols by the path, what lies between them as unknown.
void Bpe::encode_long(std::string_view word, Ids& ids) const {
  WordCache& cache = WordCache::of_thread(serial_);
  size_t begin = ids.size();
  bool after_unknown = false;
  for (size_t i = 0; i < word.size();) {
    size_t run = i;
    uint32_t length = 0;
    for (; run < word.size(); run += length) {
      length = byte_level_ ? 1 : utf8_length(static_cast<unsigned char>(word[run]));
      if (symbol_at(word, run) == kAbsent) break;
    }
    if (run > i) {
      if (!path().encode(word.substr(i, run - i), cache, ids)) encode_by_merging(word.substr(i, run - i), ids);
      after_unknown = false;
    }
    i = run;
    if (i == word.size()) break;
    append_unknown(word.substr(i, length), after_unknown, ids);
    after_unknown = ids.size() > begin && ids.back() == unknown_;
    i += length;
  }
  if (hidden_.size() > 0) spell_hidden(ids, begin);
}

// Of a word that has neither prefixes nor suffixes.
int32_t Bpe::symbol_at(std::string_view word, size_t i) const {
  if (byte_level_) return byte_ids_[static_cast<unsigned char>(word[i])];
  CodePoint c = read_code_point(word.data() + i);
  return character_symbol(word.substr(i, c.length), c.value, true, false);
}

void Bpe::byte_symbols(std::string_view word, Ids& symbols) const {
  bool unknown_before = false;
  for (size_t i = 0; i < word.size(); ++i) {
    const auto& table = i + 1 == word.size() ? last_byte_ids_ : byte_ids_;
    int32_t id = table[static_cast<unsigned char>(word[i])];
    bool unknown = id == kAbsent;
    if (unknown) id = unknown_;
    if (id != kAbsent && !(unknown && unknown_before && fuse_unknown_)) symbols.push_back(id);
    unknown_before = unknown;
  }
}

int32_t Bpe::character_symbol(std::string_view character, uint32_t code_point, bool first, bool last) const {
  bool prefixed = !first && !prefix_.empty();
  bool suffixed = last && !suffix_.empty();
  if (prefixed || suffixed)
    return find_or_absent((prefixed ? prefix_ : "") + std::string(character) + (suffixed ? suffix_ : ""));
  if (code_point < character_ids_.size()) return character_ids_[code_point];
  int32_t id = find_or_absent(character);
  return id == kAbsent ? hidden_.find(character).value_or(kAbsent) : id;
}

void Bpe::append_unknown(std::string_view character, bool after_unknown, Ids& symbols) const {
  bool spelled = byte_fallback_;
  for (unsigned char byte : character) spelled = spelled && fallback_ids_[byte] != kAbsent;
  if (spelled) {
    for (unsigned char byte : character) symbols.push_back(fallback_ids_[byte]);
  } else if (unknown_ != kAbsent && !(after_unknown && fuse_unknown_)) {
    symbols.push_back(unknown_);
  }
}

void Bpe::character_symbols(std::string_view word, Ids& symbols) const {
  bool unknown_before = false;
  for (size_t i = 0; i < word.size();) {
    CodePoint c = read_code_point(word.data() + i);
    std::string_view character = word.substr(i, c.length);
    int32_t id = character_symbol(character, c.value, i == 0, i + c.length == word.size());
    i += c.length;
    if (id != kAbsent) {
      symbols.push_back(id);
      unknown_before = false;
      continue;
    }
    append_unknown(character, unknown_before, symbols);
    unknown_before = !symbols.empty() && symbols.back() == unknown_;
  }
}

// Hidden symbols that found no partner are unknown characters.
void Bpe::spell_hidden(Ids& symbols, size_t begin) const {
  Ids merged(symbols.begin() + static_cast<ptrdiff_t>(begin), symbols.end());
  symbols.resize(begin);
  for (int32_t id : merged) {
    bool after_unknown = symbols.size() > begin && symbols.back() == unknown_;
    if (id < vocabulary_.id_end()) {
      if (!(id == unknown_ && after_unknown && fuse_unknown_)) symbols.push_back(id);
    } else {
      append_unknown(hidden_.text(id), after_unknown, symbols);
    }
  }
}

// The symbols of a word one character (or byte) at a time, with the bytes of each.
std::vector<Span> Bpe::symbol_spans(std::string_view word, Ids& symbols) const {
  std::vector<Span> spans;
  auto place = [&](uint32_t begin, uint32_t end) {
    if (spans.size() == symbols.size()) {  // nothing new: part of the unknown one before
      if (!spans.empty()) spans.back().end = end;
    }
    while (spans.size() < symbols.size()) spans.push_back({begin, end});
  };
  bool unknown_before = false;
  for (uint32_t i = 0; i < word.size();) {
    uint32_t length = byte_level_ ? 1 : utf8_length(static_cast<unsigned char>(word[i]));
    std::string_view character = word.substr(i, length);
    bool last = i + length == word.size();
    int32_t id = byte_level_ ? (last ? last_byte_ids_ : byte_ids_)[static_cast<unsigned char>(word[i])]
                             : character_symbol(character, read_code_point(word.data() + i).value, i == 0, last);
    if (id != kAbsent) {
      symbols.push_back(id);
    } else if (byte_level_) {
      if (unknown_ != kAbsent && !(unknown_before && fuse_unknown_)) symbols.push_back(unknown_);
    } else {
      append_unknown(character, unknown_before, symbols);
    }
    place(i, i + length);
    unknown_before = id == kAbsent && !symbols.empty() && symbols.back() == unknown_;
    i += length;
  }
  return spans;
}

// Bytes of a word that a merged token stands for.
size_t Bpe::text_length(int32_t id, bool first, bool last) const {
  std::string_view token = vocabulary_.text(id);
  if (!first && token.starts_with(prefix_)) token.remove_prefix(prefix_.size());
  if (last && token.ends_with(suffix_)) token.remove_suffix(suffix_.size());
  if (!byte_level_) return token.size();
  return utf8_characters(token);
}

void Bpe::encode_with_spans(std::string_view text, Span word, TokenSink& out) const {
  std::string_view bytes = word.in(text);
  if (std::optional<int32_t> whole = whole_word(bytes)) return out.add(*whole, word.begin, word.end);
  Ids symbols;
  std::vector<Span> spans = symbol_spans(bytes, symbols);
  Ids merged = symbols;
  merge(merged);
  bool after_unknown = false;
  for (size_t at = 0, i = 0; i < merged.size(); ++i) {
    Span span = spans[at];
    if (merged[i] == symbols[at]) {
      ++at;
    } else {
      size_t length = text_length(merged[i], span.begin == 0, i + 1 == merged.size());
      while (at + 1 < spans.size() && spans[at].end - span.begin < length) ++at;
      span.end = spans[at++].end;
    }
    if (merged[i] < vocabulary_.id_end()) {
      out.add(merged[i], word.begin + span.begin, word.begin + span.end);
      after_unknown = merged[i] == unknown_;
      continue;
    }
    Ids spelled;
    append_unknown(hidden_.text(merged[i]), after_unknown, spelled);
    for (int32_t id : spelled) out.add(id, word.begin + span.begin, word.begin + span.end);
    if (spelled.empty() && after_unknown) out.spans->back().end = word.begin + span.end;
    after_unknown = after_unknown ? spelled.empty() : !spelled.empty() && spelled.back() == unknown_;
  }
}

}  // namespace

TokenModelPtr make_bpe_model(ModelDescription description) { return std::make_unique<Bpe>(std::move(description)); }

}  // namespace llmbox
