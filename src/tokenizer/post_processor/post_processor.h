// The ids that a tokenizer puts around a text when special tokens are wanted (BOS, [CLS] …). Made from the
// `post_processor` of tokenizer.json by the table in table.cpp; an unknown type throws Error.
#pragma once

#include <cstdint>
#include <vector>

#include "core/json.h"

namespace llmbox {

struct Surround {
  std::vector<int32_t> before;
  std::vector<int32_t> after;
  std::vector<int32_t> before_pair, between, after_pair;  // around two texts

  /// The same ids around a single text and a pair, nothing between.
  static Surround of_both(std::vector<int32_t> before, std::vector<int32_t> after) {
    return {before, after, before, {}, after};
  }
};

Surround make_post_processor(const Json& description);

Surround make_template_surround(const Json& description);
Surround make_cls_sep_surround(const Json& description);
Surround make_no_surround(const Json& description);

}  // namespace llmbox
