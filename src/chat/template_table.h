// The table of chat templates: names and texts are LLaMA-Factory's. templates/<name>.jinja holds a template's slots,
// its row here what the slots cannot say. Both are part of the program.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace llmbox {

enum TemplateFlags {
  kPlain = 0,
  kReplacesEos = 1,         // the first stop word becomes the tokenizer's eos
  kEfficientEos = 2,        // replies end without eos; a training sample has one eos at its very end
  kSystemInFirstTurn = 4,   // the system text is put in front of the first turn's content; calls are JSON and no more
  kReasoning = 8,           // replies may begin with a thought; one without gets an empty thought
  kShortEmptyThought = 16,  // the empty thought is its closing word alone
  kReplacesJinja = 64,      // stands in for a chat template that the tokenizer already has
  kBareTools = 32,          // tools without a system text lose their leading newlines
};

struct TemplateRow {
  const char* name;
  std::array<const char*, 3> stop_words{};  // generation ends at these besides eos; null where there are fewer
  int flags = kPlain;
  const char* tool_format = "default";                                           // a row of chat/tool_format/table.cpp
  std::array<std::string_view, 2> thought_words{"<think>\n", "\n</think>\n\n"};  // open, close
  std::array<std::string_view, 2> call_words{"<tool_call>", "</tool_call>"};

  bool has(TemplateFlags flag) const { return (flags & flag) != 0; }
};

/// Every row, in order.
std::span<const TemplateRow> template_table();

struct EmbeddedTemplate {
  const char* name;
  std::string_view source;
};
/// The files of templates/, and `turns` and `standalone_turns`, which they include (made by embed_templates.cmake).
std::span<const EmbeddedTemplate> embedded_templates();

}  // namespace llmbox
