#include "tokenizer/train_bpe.h"

#include <algorithm>
#include <map>

#include "core/atomic_file.h"
#include "core/error.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/pair_counts.h"
#include "tokenizer/pre_tokenizer/pre_tokenizer.h"
#include "tokenizer/pre_tokenizer/scanner.h"
#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

constexpr int64_t kBytes = 256;

Json split_description(std::string_view pattern) {
  return {{"type", "Split"},
          {"pattern", {{"Regex", split_pattern_text(pattern)}}},
          {"behavior", "Isolated"},
          {"invert", false}};
}

// The bytes in the order of their spellings, as the library numbers its alphabet.
std::vector<unsigned char> bytes_by_spelling() {
  std::vector<unsigned char> bytes(kBytes);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(i);
  std::sort(bytes.begin(), bytes.end(),
            [](unsigned char a, unsigned char b) { return byte_to_code_point(a) < byte_to_code_point(b); });
  return bytes;
}

std::vector<CountedWord> words_as_symbols(const WordCounter& words, const std::vector<int32_t>& byte_ids) {
  std::map<std::string_view, int64_t> ordered(words.counts().begin(), words.counts().end());
  std::vector<CountedWord> counted;
  for (const auto& [word, count] : ordered) {
    CountedWord& entry = counted.emplace_back(CountedWord{{}, count});
    for (unsigned char byte : word) entry.symbols.push_back(byte_ids[byte]);
  }
  return counted;
}

Json added_token(const std::string& content) {
  return {{"content", content}, {"single_word", false}, {"lstrip", false},
          {"rstrip", false},    {"normalized", false},  {"special", true}};
}

Json post_processor(const BpeTrainingOptions& options, const std::vector<std::string>& specials) {
  Json byte_level = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", false}, {"use_regex", false}};
  if (options.bos_token.empty()) return byte_level;
  auto place = std::find(specials.begin(), specials.end(), options.bos_token);
  const std::string& bos = options.bos_token;
  Json token = {{"SpecialToken", {{"id", bos}, {"type_id", 0}}}};
  Json second = {{"SpecialToken", {{"id", bos}, {"type_id", 1}}}};
  auto sequence = [](const char* id, int type) { return Json{{"Sequence", {{"id", id}, {"type_id", type}}}}; };
  Json special = {{"id", bos}, {"ids", Json::array({place - specials.begin()})}, {"tokens", Json::array({bos})}};
  Json around;
  around["type"] = "TemplateProcessing";
  around["single"] = Json::array({token, sequence("A", 0)});
  around["pair"] = Json::array({token, sequence("A", 0), second, sequence("B", 1)});
  around["special_tokens"][bos] = special;
  return around;
}

std::string quoted(const std::string& text) { return Json(text).dump(); }

// The model is written by hand: an ordered JSON object of a large vocabulary takes quadratic time to fill.
std::string model_json(const TrainedBpe& trained) {
  std::string out =
      R"({"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, )"
      R"("end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false, "vocab": {)";
  for (size_t id = 0; id < trained.vocab.size(); ++id)
    out += fmt::format("{}\n{}: {}", id ? "," : "", quoted(trained.vocab[id]), id);
  out += "}, \"merges\": [";
  for (size_t rank = 0; rank < trained.merges.size(); ++rank) {
    const auto& [left, right] = trained.merges[rank];
    out += fmt::format("{}\n[{}, {}]", rank ? "," : "", quoted(left), quoted(right));
  }
  return out + "]}";
}

std::string tokenizer_json(const TrainedBpe& trained, const BpeTrainingOptions& options) {
  std::vector<std::string> specials = all_special_tokens(options);
  Json rest = {{"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}};
  rest["added_tokens"] = Json::array();
  for (size_t id = 0; id < specials.size(); ++id) {
    Json entry = {{"id", id}};
    entry.update(added_token(specials[id]));
    rest["added_tokens"].push_back(entry);
  }
  Json byte_level = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", false}, {"use_regex", false}};
  rest["normalizer"] = nullptr;
  rest["pre_tokenizer"] = {{"type", "Sequence"},
                           {"pretokenizers", Json::array({split_description(options.pattern), byte_level})}};
  rest["post_processor"] = post_processor(options, specials);
  rest["decoder"] = byte_level;
  std::string text = rest.dump(1);
  text.erase(text.rfind('\n'));  // reopen the object for the model
  return text + ",\n \"model\": " + model_json(trained) + "\n}\n";
}

Json config_json(const BpeTrainingOptions& options) {
  Json config = {{"tokenizer_class", "PreTrainedTokenizerFast"}, {"clean_up_tokenization_spaces", false}};
  auto name = [&](const char* key, const std::string& token) {
    if (!token.empty()) config[key] = token;
  };
  name("bos_token", options.bos_token);
  name("eos_token", options.eos_token);
  name("pad_token", options.pad_token);
  if (options.model_max_length > 0) config["model_max_length"] = options.model_max_length;
  std::vector<std::string> specials = all_special_tokens(options);
  for (size_t id = 0; id < specials.size(); ++id)
    config["added_tokens_decoder"][std::to_string(id)] = added_token(specials[id]);
  name("chat_template", options.chat_template);
  return config;
}

}  // namespace

std::string split_pattern_text(std::string_view name_or_text) {
  for (const ScannerRow& row : scanner_table())
    if (row.name == name_or_text) return std::string(row.pattern);
  return std::string(name_or_text);
}

std::vector<std::string> all_special_tokens(const BpeTrainingOptions& options) {
  std::vector<std::string> all;
  auto add = [&](const std::string& token) {
    if (!token.empty() && std::find(all.begin(), all.end(), token) == all.end()) all.push_back(token);
  };
  for (const std::string& token : options.special_tokens) add(token);
  for (const std::string& token : {options.bos_token, options.eos_token, options.pad_token}) add(token);
  return all;
}

WordCounter::WordCounter(std::string_view pattern) : pre_tokenizer_(make_pre_tokenizer(split_description(pattern))) {}

WordCounter::~WordCounter() = default;
WordCounter::WordCounter(WordCounter&&) noexcept = default;

void WordCounter::add(std::string_view text) {
  std::string repaired;
  if (!is_valid_utf8(text)) {
    repaired = utf8_lossy(text);
    text = repaired;
  }
  PreTokens words;
  words.reset(text, true);
  pre_tokenizer_->apply(words);
  for (Span word : words.spans) ++counts_[std::string(word.in(words.text))];
}

TrainedBpe train_bpe(const WordCounter& words, const BpeTrainingOptions& options) {
  TrainedBpe trained;
  trained.vocab = all_special_tokens(options);
  int64_t least = static_cast<int64_t>(trained.vocab.size()) + kBytes;
  if (options.vocab_size < least)
    fail("tokenizer train", "expected vocab_size >= {} ({} special tokens and 256 bytes), got {}; try {}", least,
         trained.vocab.size(), options.vocab_size, least + 256);
  std::vector<int32_t> byte_ids(kBytes);
  for (unsigned char byte : bytes_by_spelling()) {
    byte_ids[byte] = static_cast<int32_t>(trained.vocab.size());
    trained.vocab.push_back(to_byte_alphabet(std::string_view(reinterpret_cast<const char*>(&byte), 1)));
  }
  PairCounts pairs(words_as_symbols(words, byte_ids));
  std::unordered_map<std::string, int32_t> known;
  for (size_t id = 0; id < trained.vocab.size(); ++id) known.emplace(trained.vocab[id], static_cast<int32_t>(id));
  while (static_cast<int64_t>(trained.vocab.size()) < options.vocab_size) {
    std::optional<SymbolPair> best = pairs.most_frequent(options.min_frequency);
    if (!best) break;
    const std::string left = trained.vocab[static_cast<size_t>(best->first)];
    const std::string right = trained.vocab[static_cast<size_t>(best->second)];
    // Two merges may spell the same token; it keeps its first id.
    auto [entry, is_new] = known.emplace(left + right, static_cast<int32_t>(trained.vocab.size()));
    if (is_new) trained.vocab.push_back(left + right);
    trained.merges.emplace_back(left, right);
    pairs.merge(*best, entry->second);
  }
  return trained;
}

void save_trained_bpe(const TrainedBpe& trained, const BpeTrainingOptions& options,
                      const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  write_file_atomically(folder / "tokenizer.json", tokenizer_json(trained, options));
  write_file_atomically(folder / "tokenizer_config.json", config_json(options).dump(2) + "\n");
}

}  // namespace llmbox
