// For tests only: a line of templates.jsonl, what LLaMA-Factory makes of a conversation, against ours.
#pragma once

#include <gtest/gtest.h>

#include "chat/chat_template.h"
#include "chat/fixed_clock.h"
#include "chat/template_table.h"
#include "core/test_shared.h"

namespace llmbox {

/// The bos and eos of the tokenizer that a reference line was made with.
inline Json tokens_of(const std::string& tokenizer) {
  if (tokenizer == "llama3") return {{"bos_token", "<|begin_of_text|>"}, {"eos_token", "<|end_of_text|>"}};
  if (tokenizer == "llama2") return {{"bos_token", "<s>"}, {"eos_token", "</s>"}};
  return {{"eos_token", "<|endoftext|>"}};
}

/// Rebuilds the reference's turns from our pieces: what is read, then what is said.
inline Json turns_of(const std::vector<TemplatePiece>& pieces) {
  Json turns = Json::array();
  bool last_target = true;
  for (const auto& piece : pieces) {
    if (last_target && !piece.is_target) turns.push_back({"", ""});
    if (turns.empty()) turns.push_back({"", ""});
    Json& side = turns.back()[piece.is_target ? 1 : 0];
    side = side.get<std::string>() + piece.text;
    last_target = piece.is_target;
  }
  return turns;
}

/// A conversation in training and at inference.
struct ReferenceRow {
  const Json& row;
  ChatTemplate made;
  Messages messages;
  Json tools, variables = Json::object();

  explicit ReferenceRow(const Json& given)
      : row(given),
        made(ChatTemplate::from_row(row_of(given["template"]), tokens_of(given["tokenizer"]), fixed_clock())) {
    messages.assign(row["messages"].begin(), row["messages"].end());
    if (row["system"].is_string()) messages.insert(messages.begin(), make_message("system", row["system"]));
    if (row["tools"].is_string()) tools = Json::parse(row["tools"].get<std::string>());
    for (const char* key : {"enable_thinking", "preserve_thinking"})
      if (row.contains(key)) variables[key] = row[key];
    if (row.contains("discarding_history_cot")) variables["discard_history"] = row["discarding_history_cot"];
  }

  static const TemplateRow& row_of(const std::string& name) {
    for (const TemplateRow& row : template_table())
      if (name == row.name) return row;
    throw Error("test", "no template " + name);
  }

  /// The turns in training.
  Json turns() const { return turns_of(made.encode_pieces(messages, tools, variables)); }
  /// The whole text at inference, and what is sent where the reply is still to come.
  Json one_turn() const {
    const Messages before(messages.begin(), messages.end() - 1);
    const bool pending = messages.back()["content"] == "";
    return {made.render(messages, tools, false, variables),
            pending ? Json(made.render(before, tools, true, variables)) : Json()};
  }
  /// The same by the reference.
  Json expected_one_turn() const {
    std::string prompt, reply;
    if (row.contains("oneturn_text")) {
      prompt = row["oneturn_text"][0], reply = row["oneturn_text"][1];
    } else {
      for (const Json& turn : row["text"]) {
        prompt += reply + turn[0].get<std::string>();
        reply = turn[1];
      }
    }
    return {prompt + reply, messages.back()["content"] == "" ? Json(prompt) : Json()};
  }
};

}  // namespace llmbox
