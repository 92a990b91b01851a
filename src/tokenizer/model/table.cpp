// Every model that tokenizer.json may name.
#include <atomic>

#include "core/error.h"
#include "core/near_name.h"
#include "tokenizer/model/token_model.h"
#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

struct ModelRow {
  const char* type;
  TokenModelPtr (*make)(ModelDescription description);
};

constexpr ModelRow kModels[] = {
    {"BPE", make_bpe_model},
    {"LongestMatch", make_longest_match_model},
    {"Unigram", make_unigram_model},
    {"WordLevel", make_word_level_model},
    {"WordPiece", make_word_piece_model},
};

void check_is_text(const StringTable& vocabulary) {
  for (int32_t id = 0; id < vocabulary.id_end(); ++id)
    if (!is_valid_utf8(vocabulary.text(id)))
      fail("tokenizer", "expected tokens in UTF-8, got other bytes in token {}; try the original file", id);
}

}  // namespace

std::string text_option(const Json& options, const char* name, const char* absent) {
  return options.contains(name) && options[name].is_string() ? options[name].get<std::string>() : absent;
}

bool flag_option(const Json& options, const char* name) {
  return options.contains(name) && options[name].is_boolean() && options[name].get<bool>();
}

uint64_t next_model_serial() {
  static std::atomic<uint64_t> serial{0};
  return ++serial;
}

TokenModelPtr make_token_model(ModelDescription description) {
  check_is_text(description.vocabulary);
  // Files older than the `type` key show it by what they hold.
  const char* guess = !description.merges.empty()                                 ? "BPE"
                      : !description.scores.empty()                               ? "Unigram"
                      : description.options.contains("continuing_subword_prefix") ? "WordPiece"
                                                                                  : "";
  std::string type = text_option(description.options, "type", guess);
  std::vector<std::string> names;
  for (const ModelRow& row : kModels) {
    if (row.type == type) return row.make(std::move(description));
    names.emplace_back(row.type);
  }
  fail("tokenizer", "expected a model type, got '{}'; try {}", type, quoted_names(names));
}

}  // namespace llmbox
