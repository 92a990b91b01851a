// BPE, over bytes (byte-level vocabularies) or over characters (SentencePiece style, unknown characters as <0xXX>
// bytes).
#include <array>
#include <atomic>

#include "core/error.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/model/merge_table.h"
#include "tokenizer/model/merge_word.h"
#include "tokenizer/model/token_model.h"
#include "tokenizer/model/word_cache.h"
#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

constexpr std::string_view kMetaspace = "▁";

std::string text_option(const Json& options, const char* name) {
  return options.contains(name) && options[name].is_string() ? options[name].get<std::string>() : std::string();
}

bool flag_option(const Json& options, const char* name) {
  return options.contains(name) && options[name].is_boolean() && options[name].get<bool>();
}

uint64_t next_serial() {
  static std::atomic<uint64_t> serial{0};
  return ++serial;
}

class Bpe : public TokenModel {
 public:
  explicit Bpe(ModelDescription description);

  void encode(std::string_view text, std::span<const Span> words, std::vector<int32_t>& ids) const override {
    WordCache& cache = WordCache::of_thread(serial_);
    for (Span word : words) {
      if (cut_at_metaspace_) {
        encode_cut(text, word, cache, ids);
      } else {
        encode_word(text, word, cache, ids);
      }
    }
  }

  const StringTable& vocabulary() const override { return vocabulary_; }

 private:
  static constexpr int32_t kAbsent = -1;

  void add_merges(const std::vector<std::pair<std::string, std::string>>& merges);
  void fill_symbol_tables();
  bool no_merge_crosses_metaspace(const std::vector<std::pair<std::string, std::string>>& merges) const;
  int32_t find_or_absent(std::string_view token) const { return vocabulary_.find(token).value_or(kAbsent); }

  void encode_word(std::string_view text, Span word, WordCache& cache, std::vector<int32_t>& ids) const;
  void encode_cut(std::string_view text, Span word, WordCache& cache, std::vector<int32_t>& ids) const;
  void encode_uncached(std::string_view word, std::vector<int32_t>& ids) const;
  void byte_symbols(std::string_view word, std::vector<int32_t>& symbols) const;
  void character_symbols(std::string_view word, std::vector<int32_t>& symbols) const;
  int32_t character_symbol(std::string_view character, uint32_t code_point, bool first, bool last) const;

  uint64_t serial_ = next_serial();
  StringTable vocabulary_;
  MergeTable merges_;
  std::string prefix_, suffix_;  // continuing_subword_prefix, end_of_word_suffix
  int32_t unknown_ = kAbsent;
  bool fuse_unknown_, byte_fallback_, ignore_merges_, byte_level_;
  bool cut_at_metaspace_ = false;
  std::array<int32_t, 256> byte_ids_,
      last_byte_ids_;                      // byte-level: the symbol of a byte; within and at the end of a word
  std::array<int32_t, 256> fallback_ids_;  // <0xXX>
  std::vector<int32_t> character_ids_;     // by code point, basic plane
};

Bpe::Bpe(ModelDescription description)
    : merges_(description.merges.size()),
      prefix_(text_option(description.options, "continuing_subword_prefix")),
      suffix_(text_option(description.options, "end_of_word_suffix")),
      fuse_unknown_(flag_option(description.options, "fuse_unk")),
      byte_fallback_(flag_option(description.options, "byte_fallback")),
      ignore_merges_(flag_option(description.options, "ignore_merges")),
      byte_level_(description.byte_level && prefix_.empty()) {
  for (const auto& [token, id] : description.vocab) vocabulary_.add(token, id);
  if (vocabulary_.size() == 0) fail("tokenizer", "expected a vocabulary in the BPE model, got none");
  std::string unknown = text_option(description.options, "unk_token");
  if (!unknown.empty()) unknown_ = find_or_absent(unknown);
  add_merges(description.merges);
  fill_symbol_tables();
  cut_at_metaspace_ = !byte_level_ && !ignore_merges_ && prefix_.empty() && suffix_.empty() &&
                      find_or_absent(kMetaspace) != kAbsent && no_merge_crosses_metaspace(description.merges);
}

void Bpe::add_merges(const std::vector<std::pair<std::string, std::string>>& merges) {
  std::string joined;
  for (uint32_t rank = 0; rank < merges.size(); ++rank) {
    const auto& [left, right] = merges[rank];
    joined.assign(left).append(right, prefix_.size(), std::string::npos);
    for (const std::string* token : {&left, &right, static_cast<const std::string*>(&joined)}) {
      if (find_or_absent(*token) == kAbsent)
        fail("tokenizer",
             "expected token '{}' of merge {} ('{} {}') in the vocabulary, got none; try the original file", *token,
             rank, left, right);
    }
    merges_.add(find_or_absent(left), find_or_absent(right), {rank, find_or_absent(joined)});
  }
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
  for (uint32_t c = 0; c < 0x10000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string character;
    append_code_point(character, c);
    character_ids_[c] = find_or_absent(character);
  }
}

// Where no token holds a space mark after another character, words may be cut before each run of marks: no merge could
// have joined them.
bool Bpe::no_merge_crosses_metaspace(const std::vector<std::pair<std::string, std::string>>& merges) const {
  for (const auto& [left, right] : merges) {
    std::string token = left + right;
    size_t run = 0;
    while (std::string_view(token).substr(run).starts_with(kMetaspace)) run += kMetaspace.size();
    if (token.find(kMetaspace, run) != std::string::npos) return false;
  }
  return true;
}

void Bpe::encode_cut(std::string_view text, Span word, WordCache& cache, std::vector<int32_t>& ids) const {
  uint32_t begin = word.begin;
  bool in_run = true;  // the marks at the front belong to what follows them
  for (uint32_t i = word.begin; i < word.end;) {
    uint32_t length = utf8_length(static_cast<unsigned char>(text[i]));
    bool mark = length == kMetaspace.size() && text.substr(i, length) == kMetaspace;
    if (mark && !in_run) {
      encode_word(text, {begin, i}, cache, ids);
      begin = i;
    }
    in_run = mark;
    i += length;
  }
  if (begin < word.end) encode_word(text, {begin, word.end}, cache, ids);
}

void Bpe::encode_word(std::string_view text, Span span, WordCache& cache, std::vector<int32_t>& ids) const {
  std::string_view word = span.in(text);
  if (word.size() > WordCache::kLongestWord) return encode_uncached(word, ids);
  WordCache::Entry& entry = cache.find(word, text.size() - span.begin);
  if (entry.count > 0) {
    for (int32_t i = 0; i < entry.count; ++i) ids.push_back(entry.ids[static_cast<size_t>(i)]);
    return;
  }
  size_t before = ids.size();
  encode_uncached(word, ids);
  size_t count = ids.size() - before;
  if (count > WordCache::kMostIds) return;
  std::copy(ids.end() - static_cast<ptrdiff_t>(count), ids.end(), entry.ids.begin());
  entry.count = static_cast<int32_t>(count);
}

void Bpe::encode_uncached(std::string_view word, std::vector<int32_t>& ids) const {
  if (ignore_merges_ && word.size() <= vocabulary_.longest()) {
    std::optional<int32_t> whole = vocabulary_.find(byte_level_ ? to_byte_alphabet(word) : std::string(word));
    if (whole) return ids.push_back(*whole);
  }
  thread_local std::vector<int32_t> symbols;
  symbols.clear();
  if (byte_level_) {
    byte_symbols(word, symbols);
  } else {
    character_symbols(word, symbols);
  }
  merge_word(merges_, symbols);
  ids.insert(ids.end(), symbols.begin(), symbols.end());
}

void Bpe::byte_symbols(std::string_view word, std::vector<int32_t>& symbols) const {
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
  return code_point < character_ids_.size() ? character_ids_[code_point] : find_or_absent(character);
}

void Bpe::character_symbols(std::string_view word, std::vector<int32_t>& symbols) const {
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
    bool spelled = byte_fallback_;
    for (unsigned char byte : character) spelled = spelled && fallback_ids_[byte] != kAbsent;
    if (spelled) {
      for (unsigned char byte : character) symbols.push_back(fallback_ids_[byte]);
      continue;
    }
    if (unknown_ != kAbsent && !(unknown_before && fuse_unknown_)) symbols.push_back(unknown_);
    unknown_before = true;
  }
}

}  // namespace

TokenModelPtr make_bpe_model(ModelDescription description) { return std::make_unique<Bpe>(std::move(description)); }

}  // namespace llmbox
