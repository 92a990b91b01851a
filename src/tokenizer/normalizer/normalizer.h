// A stage that rewrites text before it is cut into words. Immutable and thread-safe; made from the `normalizer` of
// tokenizer.json by the table in table.cpp. An unknown type throws Error.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/json.h"
#include "tokenizer/text_edit.h"

namespace llmbox {

class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void apply(EditedText& text) const = 0;
  /// False where apply() is known to leave the text as it is, so that no copy need be made.
  virtual bool may_change(std::string_view) const { return true; }
};

using NormalizerPtr = std::shared_ptr<const Normalizer>;

NormalizerPtr make_normalizer(const Json& description);

NormalizerPtr make_unicode_form_normalizer(const Json& description);
NormalizerPtr make_case_and_accent_normalizer(const Json& description);
NormalizerPtr make_edge_normalizer(const Json& description);
NormalizerPtr make_replace_normalizer(const Json& description);
NormalizerPtr make_byte_level_normalizer(const Json& description);
NormalizerPtr make_bert_normalizer(const Json& description);
NormalizerPtr make_nmt_normalizer(const Json& description);
NormalizerPtr make_precompiled_normalizer(const Json& description);
NormalizerPtr make_sequence_normalizer(const Json& description);

}  // namespace llmbox
