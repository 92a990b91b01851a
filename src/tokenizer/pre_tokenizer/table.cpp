// Every pre-tokenizer that tokenizer.json may name.
#include <string>
#include <vector>

#include "core/error.h"
#include "core/near_name.h"
#include "tokenizer/pre_tokenizer/pre_tokenizer.h"

namespace llmbox {

namespace {

struct PreTokenizerRow {
  const char* type;
  PreTokenizerPtr (*make)(const Json& description, bool last);
};

constexpr PreTokenizerRow kPreTokenizers[] = {
    {"BertPreTokenizer", make_character_class_pre_tokenizer},
    {"ByteLevel", make_byte_level_pre_tokenizer},
    {"CharDelimiterSplit", make_character_class_pre_tokenizer},
    {"Digits", make_character_class_pre_tokenizer},
    {"Metaspace", make_metaspace_pre_tokenizer},
    {"Punctuation", make_character_class_pre_tokenizer},
    {"Sequence", make_sequence_pre_tokenizer},
    {"Split", make_split_pre_tokenizer},
    {"UnicodeScripts", make_unicode_scripts_pre_tokenizer},
    {"Whitespace", make_character_class_pre_tokenizer},
    {"WhitespaceSplit", make_character_class_pre_tokenizer},
};

class PreTokenizerSequence : public PreTokenizer {
 public:
  explicit PreTokenizerSequence(std::vector<PreTokenizerPtr> stages) : stages_(std::move(stages)) {}
  void apply(PreTokens& tokens) const override {
    for (const PreTokenizerPtr& stage : stages_) stage->apply(tokens);
  }
  bool is_byte_level() const override {
    for (const PreTokenizerPtr& stage : stages_)
      if (stage->is_byte_level()) return true;
    return false;
  }

 private:
  std::vector<PreTokenizerPtr> stages_;
};

}  // namespace

PreTokenizerPtr make_sequence_pre_tokenizer(const Json& description, bool last) {
  if (!description.contains("pretokenizers") || !description["pretokenizers"].is_array())
    fail("tokenizer", "expected a list 'pretokenizers' in Sequence, got {}", description.dump());
  std::vector<PreTokenizerPtr> stages;
  const Json& list = description["pretokenizers"];
  for (size_t i = 0; i < list.size(); ++i) stages.push_back(make_pre_tokenizer(list[i], last && i + 1 == list.size()));
  return std::make_unique<PreTokenizerSequence>(std::move(stages));
}

PreTokenizerPtr make_pre_tokenizer(const Json& description, bool last) {
  std::string type = description.is_object() ? description.value("type", "") : "";
  std::vector<std::string> names;
  for (const PreTokenizerRow& row : kPreTokenizers) {
    if (row.type == type) return row.make(description, last);
    names.emplace_back(row.type);
  }
  fail("tokenizer", "expected a pre_tokenizer, got '{}'; try {}", type, near_names(type, names));
}

}  // namespace llmbox
