// Every normalizer that tokenizer.json may name.
#include <vector>

#include "core/error.h"
#include "core/near_name.h"
#include "tokenizer/normalizer/normalizer.h"

namespace llmbox {

namespace {

struct NormalizerRow {
  const char* type;
  NormalizerPtr (*make)(const Json& description);
};

constexpr NormalizerRow kNormalizers[] = {
    {"BertNormalizer", make_bert_normalizer},
    {"ByteLevel", make_byte_level_normalizer},
    {"Lowercase", make_case_and_accent_normalizer},
    {"NFC", make_unicode_form_normalizer},
    {"NFD", make_unicode_form_normalizer},
    {"NFKC", make_unicode_form_normalizer},
    {"NFKD", make_unicode_form_normalizer},
    {"Nmt", make_nmt_normalizer},
    {"Precompiled", make_precompiled_normalizer},
    {"Prepend", make_edge_normalizer},
    {"Replace", make_replace_normalizer},
    {"Sequence", make_sequence_normalizer},
    {"Strip", make_edge_normalizer},
    {"StripAccents", make_case_and_accent_normalizer},
};

class NormalizerSequence : public Normalizer {
 public:
  explicit NormalizerSequence(std::vector<NormalizerPtr> stages) : stages_(std::move(stages)) {}
  void apply(EditedText& text) const override {
    for (const NormalizerPtr& stage : stages_) stage->apply(text);
  }
  // While no stage changes the text, the next one sees the text as it came.
  bool may_change(std::string_view text) const override {
    for (const NormalizerPtr& stage : stages_)
      if (stage->may_change(text)) return true;
    return false;
  }

 private:
  std::vector<NormalizerPtr> stages_;
};

}  // namespace

NormalizerPtr make_sequence_normalizer(const Json& description) {
  if (!description.contains("normalizers") || !description["normalizers"].is_array())
    fail("tokenizer", "expected a list 'normalizers' in Sequence, got {}", description.dump());
  std::vector<NormalizerPtr> stages;
  for (const Json& stage : description["normalizers"]) stages.push_back(make_normalizer(stage));
  return std::make_unique<NormalizerSequence>(std::move(stages));
}

NormalizerPtr make_normalizer(const Json& description) {
  std::string type = description.is_object() ? description.value("type", "") : "";
  std::vector<std::string> names;
  for (const NormalizerRow& row : kNormalizers) {
    if (row.type == type) return row.make(description);
    names.emplace_back(row.type);
  }
  fail("tokenizer", "expected a normalizer, got '{}'; try {}", type, near_names(type, names));
}

}  // namespace llmbox
