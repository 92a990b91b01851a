// Hand-written scanners for the split patterns that most byte-level vocabularies share. Each cuts a text exactly as its
// pattern does in Isolated form (every byte belongs to one match); the patterns themselves, run by PCRE2, are the twins
// that the tests compare with. Pure and thread-safe. Requires: valid UTF-8.
#pragma once

#include <string_view>
#include <vector>

#include "tokenizer/span.h"

namespace llmbox {

/// Appends the words of text[span] to words.
using Scanner = void (*)(std::string_view text, Span span, std::vector<Span>& words);

struct ScannerRow {
  std::string_view name;
  std::string_view pattern;
  Scanner scan;
};

extern const std::string_view kGpt2Pattern, kLlama3Pattern, kQwen2Pattern, kCl100kPattern;

const std::vector<ScannerRow>& scanner_table();

/// The scanner for a pattern, or null where only the general engine knows it.
Scanner find_scanner(std::string_view pattern);

}  // namespace llmbox
