// The table of chat templates: names are LLaMA-Factory's, the text is templates/<name>.jinja, embedded at build time.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace llmbox {

enum TemplateFlags {
  kReplacesEos = 1,   // the first stop word becomes the tokenizer's eos
  kEfficientEos = 2,  // replies end without eos; a training sample has one eos at its very end
};

struct TemplateRow {
  const char* name;
  std::array<const char*, 3> stop_words;  // generation ends at these besides eos; null where there are fewer
  int flags = 0;
};

/// Every row, in order.
std::span<const TemplateRow> template_table();

struct EmbeddedTemplate {
  const char* name;
  std::string_view source;
};
/// The files of templates/ (made by embed_templates.cmake).
std::span<const EmbeddedTemplate> embedded_templates();

}  // namespace llmbox
