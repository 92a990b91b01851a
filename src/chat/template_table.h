// The table of chat templates: names are LLaMA-Factory's, the text is templates/<name>.jinja, embedded at build time.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace llmbox {

struct TemplateRow {
  const char* name;
  bool replaces_eos;                    // the first stop word becomes the tokenizer's eos
  std::vector<std::string> stop_words;  // generation ends at these besides eos
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
