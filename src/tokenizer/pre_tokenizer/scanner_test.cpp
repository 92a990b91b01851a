// The hand-written scanners against their patterns run by PCRE2, on random text.
#include "tokenizer/pre_tokenizer/scanner.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include "core/rng.h"
#include "tokenizer/pattern.h"
#include "tokenizer/utf8.h"

namespace llmbox {
namespace {

// Characters that matter to the patterns, and any others. utf8proc knows one Unicode version more than PCRE2: the
// characters that came with it are left out.
uint32_t telling_or_assigned(Rng& rng) {
  constexpr uint32_t kTelling[] = {' ',    ' ',    ' ',   '\n', '\r',  '\t',    '\'',   '\'',  's',  'S',
                                   't',    'd',    'L',   'l',  'r',   'e',     'v',    'E',   '1',  '2',
                                   '.',    '!',    '-',   '_',  0xE9,  0x17F,   0x3000, 0x85,  0xA0, 0x2028,
                                   0x180E, 0x4E2D, 0x660, 0xBD, 0x301, 0x1F600, 0x200B, 0xFEFF};
  if (rng.below(10) < 9) return kTelling[rng.below(std::size(kTelling))];
  static const Regex assigned("\\P{Cn}");
  while (true) {
    auto c = static_cast<uint32_t>(rng.below(0x30000));
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string text;
    append_code_point(text, c);
    if (assigned.find(text, 0)) return c;
  }
}

TEST(Scanner, CutsAsItsPatternDoes) {
  Rng rng(3);
  for (const ScannerRow& row : scanner_table()) {
    Pattern pattern(Json{{"Regex", row.pattern}});
    for (int round = 0; round < 20000; ++round) {
      std::string text;
      for (uint64_t n = rng.below(16); n > 0; --n) append_code_point(text, telling_or_assigned(rng));
      std::vector<Span> scanned, matched;
      row.scan(text, {0, static_cast<uint32_t>(text.size())}, scanned);
      pattern.find_all(text, matched);
      ASSERT_EQ(scanned, matched) << row.name << ": " << Json(text).dump(-1, ' ', true);
    }
  }
}

TEST(Scanner, KnowsItsPatternsOnly) {
  EXPECT_NE(find_scanner(kGpt2Pattern), nullptr);
  EXPECT_EQ(find_scanner(""), nullptr);
  EXPECT_EQ(find_scanner("\\p{L}+"), nullptr);
}

}  // namespace
}  // namespace llmbox
