// What a template of the table is given to render: messages whose calls are text already, whose thoughts are kept,
// dropped or filled in, and the text of the tools (LLaMA-Factory's formatters and its Reasoning class).
#pragma once

#include <ctime>

#include "chat/message.h"
#include "chat/template_table.h"

namespace llmbox {

/// What the caller wants beyond the messages; LLaMA-Factory's names.
struct TableOptions {
  enum class Thinking { on, off, unset };
  Thinking enable_thinking = Thinking::on;
  bool preserve_thinking = false;  // thoughts of earlier replies stay
  bool every_turn = false;         // all turns are learned: earlier thoughts stay unless discard_history
  bool discard_history = false;    // only the last reply is learned
  std::string tool_format;         // empty: the row's
  std::string default_system;      // with has_default_system: in place of the template's
  bool has_default_system = false;

  /// Reads enable_thinking (true, false or null), preserve_thinking, discard_history, tool_format, default_system.
  static TableOptions from(const Json& variables);
};

/// The variables of turns.jinja but bos and eos. Throws Error for roles, calls or tools that cannot be rendered.
Json table_context(const TemplateRow& row, const Messages& messages, const Json& tools, const TableOptions& options,
                   const std::tm& today);

}  // namespace llmbox
