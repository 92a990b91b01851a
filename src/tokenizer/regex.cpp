#include "tokenizer/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "core/error.h"

namespace llmbox {

namespace {

constexpr const char* kSpaceMembers =
    "\\x09-\\x0d\\x20\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}";
constexpr const char* kWordMembers = "\\p{L}\\p{M}\\p{N}\\p{Pc}";

// What an escape means in Oniguruma, written for PCRE2; empty where both agree.
std::string translated_escape(char letter, bool in_class) {
  auto members = [&](const char* list, bool negated) {
    if (in_class) return negated ? std::string() : std::string(list);
    return fmt::format("[{}{}]", negated ? "^" : "", list);
  };
  switch (letter) {
    case 's':
      return members(kSpaceMembers, false);
    case 'S':
      return members(kSpaceMembers, true);
    case 'w':
      return members(kWordMembers, false);
    case 'W':
      return members(kWordMembers, true);
    case 'h':
      return in_class ? "0-9a-fA-F" : "[0-9a-fA-F]";
    default:
      return {};
  }
}

// Oniguruma and PCRE2 differ in what \s, \w, \h and \u mean; the rest of the patterns in use reads the same.
std::string to_pcre2(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      char letter = pattern[++i];
      std::string translated = translated_escape(letter, in_class);
      if (letter == 'u' && i + 4 < pattern.size()) {
        translated = fmt::format("\\x{{{}}}", pattern.substr(i + 1, 4));
        i += 4;
      }
      out += translated.empty() ? std::string{'\\', letter} : translated;
      continue;
    }
    if (c == '[' && !in_class) {
      in_class = true;
    } else if (c == ']' && in_class) {
      in_class = false;
    }
    out += c;
  }
  return out;
}

std::string pcre2_message(int code) {
  PCRE2_UCHAR buffer[256];
  pcre2_get_error_message(code, buffer, sizeof buffer);
  return reinterpret_cast<const char*>(buffer);
}

struct MatchData {
  pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
  pcre2_match_context* context = pcre2_match_context_create(nullptr);
  pcre2_jit_stack* stack = pcre2_jit_stack_create(64 << 10, 64 << 20, nullptr);
  MatchData() { pcre2_jit_stack_assign(context, nullptr, stack); }
  ~MatchData() {
    pcre2_jit_stack_free(stack);
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
  }
};

}  // namespace

struct Regex::Compiled {
  pcre2_code* code = nullptr;
  ~Compiled() { pcre2_code_free(code); }
};

Regex::Regex(std::string_view pattern) : pattern_(pattern), compiled_(std::make_unique<Compiled>()) {
  std::string translated = to_pcre2(pattern);
  int error = 0;
  PCRE2_SIZE where = 0;
  pcre2_compile_context* context = pcre2_compile_context_create(nullptr);
  pcre2_set_newline(context, PCRE2_NEWLINE_LF);
  compiled_->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                                  PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE, &error, &where, context);
  pcre2_compile_context_free(context);
  if (!compiled_->code)
    fail("tokenizer", "expected a pattern, got '{}' ({} at {}); try a newer tokenizer.json", pattern,
         pcre2_message(error), where);
  pcre2_jit_compile(compiled_->code, PCRE2_JIT_COMPLETE);
}

Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;

std::optional<Regex::Match> Regex::find(std::string_view text, size_t from) const {
  thread_local MatchData match;
  int found = pcre2_match(compiled_->code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from,
                          PCRE2_NO_UTF_CHECK, match.data, match.context);
  if (found == PCRE2_ERROR_NOMATCH) return std::nullopt;
  if (found < 0)
    throw Failure("tokenizer", fmt::format("the pattern '{}' gave up: {}", pattern_, pcre2_message(found)));
  const PCRE2_SIZE* range = pcre2_get_ovector_pointer(match.data);
  return Match{range[0], range[1]};
}

}  // namespace llmbox
