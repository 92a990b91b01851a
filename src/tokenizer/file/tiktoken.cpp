// tiktoken ranks: a token in base64 and its rank on each line. The split pattern and the special tokens are those of
// the known vocabulary of that size.
#include <charconv>

#include "core/base64.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/byte_level_rules.h"
#include "tokenizer/file/tokenizer_file.h"

namespace llmbox {

namespace {

struct Ranked {
  std::string bytes;
  uint32_t rank = 0;
};

Ranked read_line(std::string_view line, std::string_view where, size_t number) {
  Ranked ranked;
  size_t space = line.find(' ');
  std::optional<std::string> bytes = from_base64(line.substr(0, space));
  auto [end, error] = space == std::string_view::npos
                          ? std::from_chars_result{line.data(), std::errc::invalid_argument}
                          : std::from_chars(line.data() + space + 1, line.data() + line.size(), ranked.rank);
  if (!bytes || bytes->empty() || error != std::errc() || end != line.data() + line.size())
    fail(where, "expected 'TOKEN-IN-BASE64 RANK' on line {}, got '{}'; try fetching the file again", number,
         line.substr(0, 60));
  ranked.bytes = std::move(*bytes);
  return ranked;
}

ModelDescription read_ranks(std::string_view text, std::string_view where) {
  ModelDescription description;
  description.vocabulary.reserve(text.size() / 16);
  for (size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    Ranked ranked = read_line(line, where, number);
    description.vocabulary.add(to_byte_alphabet(ranked.bytes), ranked.rank);
  }
  auto n = static_cast<size_t>(description.vocabulary.id_end());
  for (uint32_t id = 0; id < n; ++id)
    description.join_ranks.push_back(description.vocabulary.has(static_cast<int32_t>(id)) ? id : MergeList::kNever);
  return description;
}

}  // namespace

PipelineParts read_tiktoken(const std::filesystem::path& path) {
  std::string text = read_text_file(path);
  try {
    ModelDescription description = read_ranks(text, path.string());
    size_t count = description.vocabulary.size();
    const KnownVocabulary* known = known_vocabulary(count);
    if (!known)
      fail(path.string(), "expected a known vocabulary ({}), got {} ranks; try a tokenizer.json, which {}",
           "gpt2 50256, p50k 50280, cl100k 100256, llama3 128000, qwen 151643, o200k 199998", count,
           "names its split pattern");
    log_info("tokenizer: {} ranks in {}: split pattern and special tokens of {}", count, path.filename().string(),
             known->name);
    PipelineParts parts = build_byte_level(std::move(description), rules_of_gguf(known->rules));
    add_specials(*known, parts);
    return parts;
  } catch (const Error& error) {
    fail(path.string(), "{}", error.message());
  }
}

}  // namespace llmbox
