#include "tokenizer/pre_tokenizer/scanner.h"

#include "tokenizer/unicode_class.h"
#include "tokenizer/utf8.h"

namespace llmbox {

const std::string_view kGpt2Pattern = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
const std::string_view kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
const std::string_view kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
const std::string_view kCl100kPattern =
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s)";

namespace {

constexpr uint8_t kSpaceLetterNumber = kSpace | kLetter | kNumber;

// The text under the scanner's hand: classes of characters, and runs of them.
struct Cursor {
  const char* end;
  const UnicodeClasses& classes = UnicodeClasses::get();

  struct Char {
    uint8_t flags;
    uint32_t length;
  };
  // Past the end: no flags, no length.
  Char at(const char* p) const {
    if (p >= end) return {0, 0};
    CodePoint c = read_code_point(p);
    return {classes.flags(c.value), c.length};
  }
  // End of the run of characters that carry `flag`.
  const char* run(const char* p, uint8_t flag) const {
    for (Char c = at(p); c.flags & flag; c = at(p)) p += c.length;
    return p;
  }
  // End of the run of characters that are neither space, letter nor number.
  const char* run_of_others(const char* p) const {
    for (Char c = at(p); c.length && !(c.flags & kSpaceLetterNumber); c = at(p)) p += c.length;
    return p;
  }
  const char* run_of_newlines(const char* p) const {
    while (p < end && (*p == '\r' || *p == '\n')) ++p;
    return p;
  }
};

// Length of 's 't 'm 'd 're 've 'll after an apostrophe at p, or 0. Without case the long s (U+017F) is an s too.
template <bool kAnyCase>
size_t contraction_length(const char* p, const char* end) {
  auto letter = [&](size_t i) { return p + i < end ? (kAnyCase ? p[i] | 0x20 : p[i]) : 0; };
  int first = letter(1);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  int second = letter(2);
  if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l')) return 3;
  if (kAnyCase && end - p >= 3 && p[1] == '\xC5' && p[2] == '\xBF') return 3;
  return 0;
}

// \s+(?!\S)|\s+ on the run of spaces [p, run_end): the whole run at the end of the text, else all but its last
// character.
const char* before_last_space(const char* p, const char* run_end, const char* end) {
  if (run_end == end) return run_end;
  const char* last = run_end - read_code_point_before(run_end).length;
  return last > p ? last : run_end;
}

struct Gpt2Word {
  static const char* next(const char* p, const Cursor& cursor) {
    if (*p == '\'') {
      if (size_t length = contraction_length<false>(p, cursor.end)) return p + length;
    }
    const char* body = p + (*p == ' ');
    Cursor::Char c = cursor.at(body);
    if (c.flags & kLetter) return cursor.run(body + c.length, kLetter);
    if (c.flags & kNumber) return cursor.run(body + c.length, kNumber);
    if (c.length && !(c.flags & kSpace)) return cursor.run_of_others(body + c.length);
    return before_last_space(p, cursor.run(p, kSpace), cursor.end);
  }
};

// The cl100k family: kDigits bounds a run of numbers; kWholeTail takes the spaces at the end of the text in one piece,
// newlines or not.
template <int kDigits, bool kWholeTail>
struct Cl100kWord {
  static const char* next(const char* p, const Cursor& cursor) {
    if (*p == '\'') {
      if (size_t length = contraction_length<true>(p, cursor.end)) return p + length;
    }
    Cursor::Char c = cursor.at(p);
    if (c.flags & kLetter) return cursor.run(p + c.length, kLetter);
    if (c.flags & kNumber) return numbers(p, c, cursor);
    if (*p != '\r' && *p != '\n') {
      Cursor::Char second = cursor.at(p + c.length);
      if (second.flags & kLetter) return cursor.run(p + c.length + second.length, kLetter);
      bool other_after_space = *p == ' ' && second.length && !(second.flags & kSpaceLetterNumber);
      if (other_after_space || !(c.flags & kSpace)) return cursor.run_of_newlines(cursor.run_of_others(p + c.length));
    }
    return spaces(p, cursor);
  }

  static const char* numbers(const char* p, Cursor::Char c, const Cursor& cursor) {
    for (int i = 0; i < kDigits && (c.flags & kNumber); ++i) {
      p += c.length;
      c = cursor.at(p);
    }
    return p;
  }

  static const char* spaces(const char* p, const Cursor& cursor) {
    const char* run_end = p;
    const char* after_newline = nullptr;
    for (Cursor::Char c = cursor.at(p); c.flags & kSpace; c = cursor.at(run_end)) {
      bool newline = *run_end == '\r' || *run_end == '\n';
      run_end += c.length;
      if (newline) after_newline = run_end;
    }
    if (kWholeTail && run_end == cursor.end) return run_end;
    return after_newline ? after_newline : before_last_space(p, run_end, cursor.end);
  }
};

template <typename Word>
void scan(std::string_view text, Span span, std::vector<Span>& words) {
  const char* base = text.data();
  Cursor cursor{base + span.end};
  for (const char* p = base + span.begin; p < cursor.end;) {
    const char* next = Word::next(p, cursor);
    words.push_back({static_cast<uint32_t>(p - base), static_cast<uint32_t>(next - base)});
    p = next;
  }
}

}  // namespace

const std::vector<ScannerRow>& scanner_table() {
  static const std::vector<ScannerRow> table = {
      {"gpt2", kGpt2Pattern, scan<Gpt2Word>},
      {"llama3", kLlama3Pattern, scan<Cl100kWord<3, false>>},
      {"qwen2", kQwen2Pattern, scan<Cl100kWord<1, false>>},
      {"cl100k", kCl100kPattern, scan<Cl100kWord<3, true>>},
  };
  return table;
}

Scanner find_scanner(std::string_view pattern) {
  for (const ScannerRow& row : scanner_table())
    if (row.pattern == pattern) return row.scan;
  return nullptr;
}

}  // namespace llmbox
