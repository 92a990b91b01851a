// NFC by parts against utf8proc's of the whole text.
#include <gtest/gtest.h>

#include "core/rng.h"
#include "tokenizer/normalizer/normalizer.h"
#include "tokenizer/normalizer/unicode_text.h"

namespace llmbox {
namespace {

uint32_t telling_or_any(Rng& rng) {
  constexpr uint32_t kTelling[] = {'a',    'e',   0xE9,   0x301,  0x327,  0x1EA1, 0x1100, 0x1161, 0x11A8,
                                   0xAC00, 0x9BE, 0x9C7,  0x2126, 0x212B, 0x3099, 0x304B, 0x958,  0x1D15E,
                                   0xF900, 0x344, 0x4E2D, 0x323,  0xA0,   0x2260, 0x338,  '=',    ' '};
  if (rng.below(4) < 3) return kTelling[rng.below(std::size(kTelling))];
  auto c = static_cast<uint32_t>(rng.below(0x110000));
  return c >= 0xD800 && c < 0xE000 ? 'x' : c;
}

TEST(Nfc, ByPartsEqualsTheWhole) {
  Rng rng(8);
  NormalizerPtr nfc = make_normalizer({{"type", "NFC"}});
  for (int round = 0; round < 30000; ++round) {
    std::string text;
    for (uint64_t n = rng.below(14); n > 0; --n) append_code_point(text, telling_or_any(rng));
    std::string whole = unicode_form(text, UTF8PROC_COMPOSE);
    EditedText edited;
    edited.reset(text, nullptr);
    if (nfc->may_change(text)) nfc->apply(edited);
    ASSERT_EQ(edited.text(), whole) << Json(text).dump(-1, ' ', true);
  }
}

}  // namespace
}  // namespace llmbox
