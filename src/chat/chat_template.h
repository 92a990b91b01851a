// How a conversation becomes the text that a model reads: the model's own Jinja template, a template file, or one of
// the table (LLaMA-Factory's names). Immutable, thread-safe, cheap to copy. Training and inference use the same one.
// Messages may have LLaMA-Factory's roles: "function" (calls as JSON text) and "observation" are turned into
// assistant messages with tool_calls and into "tool".
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chat/jinja.h"
#include "chat/message.h"
#include "chat/table_messages.h"

namespace llmbox {

/// A stretch of rendered text that is tokenized by itself. is_target: what the assistant says, its end mark included.
struct TemplatePiece {
  std::string text;
  bool is_target = false;
};

class ChatTemplate {
 public:
  /// A model folder (chat_template.jinja, tokenizer_config.json, chat_template.json), a .jinja or .json file, or a
  /// name of the table. Throws Error, naming the nearest names of the table.
  static ChatTemplate load(const std::string& which);
  /// The same, with the special tokens (bos_token, eos_token …) of a tokenizer_config.json.
  static ChatTemplate load(const std::string& which, const Json& tokenizer_config);
  /// The template in a model folder; none where it has none.
  static std::optional<ChatTemplate> find(const std::filesystem::path& folder);
  static ChatTemplate from_source(std::string source, std::string name, Json tokenizer_config = Json::object(),
                                  JinjaOptions options = {});
  static ChatTemplate from_row(const TemplateRow& row, const Json& tokenizer_config = Json::object(),
                               JinjaOptions options = {});
  /// Names of the table.
  static std::vector<std::string> names();

  /// `variables`: an object of whatever else the template reads; templates of the table know those of TableOptions.
  /// Earlier replies lose their thoughts in templates of the table, as at inference. Throws JinjaError.
  std::string render(const Messages& messages, const Json& tools = nullptr, bool add_generation_prompt = false,
                     const Json& variables = nullptr) const;

  /// The conversation in pieces, every turn as training sees it.
  std::vector<TemplatePiece> encode_pieces(const Messages& messages, const Json& tools = nullptr,
                                           const Json& variables = nullptr) const;

  const std::string& name() const;
  /// Jinja that other programs can render: the model's own, or the table's slots with plain turns (no tools).
  std::string source() const;
  /// Spellings after which generation ends besides eos (of the table's templates).
  const std::vector<std::string>& stop_words() const;
  /// True: a run with this template saves it in place of the tokenizer's own.
  bool replaces_jinja() const;
  /// True: one of the table, whose tools need no wrapping.
  bool of_table() const;
  /// Replies end without eos; a training sample has one eos at its very end.
  bool efficient_eos() const;
  /// The spelling that takes the place of the tokenizer's eos; empty: it keeps its own.
  const std::string& eos_replacement() const;

 private:
  struct State;
  Json row_context(const Messages& messages, const Json& tools, TableOptions options) const;

  std::shared_ptr<const State> state_;
};

}  // namespace llmbox
