// Rows of a data set → examples: a prompt conversation and its reply, whatever the row's format. The rules are
// LLaMA-Factory's (its converter.py): roles are user, assistant, observation and function; a row whose roles or counts
// are broken gives no example but a reason. A row that lacks a needed column is an Error naming set, row and column.
#pragma once

#include <optional>
#include <string>

#include "chat/message.h"
#include "data/dataset_info.h"

namespace llmbox {

struct Example {
  Messages prompt;     // {role, content}, ends with user or observation; pre-training: one user message, the text
  Messages response;   // SFT: one message; preference data: two; none where the row has no reply
  std::string system;  // "" if none
  std::string tools;   // JSON text, "" if none

  std::string broken;  // why the row is unusable; "" if it is not

  /// The conversation as chat templates read it: the system text first, then prompt and reply with the roles user,
  /// assistant, function (calls as JSON text) and observation.
  Messages conversation() const;
  /// The tools as a list for the template, null if none; wrapped: {"type": "function", "function": …} as Hugging Face's
  /// templates expect. Throws Error where they are not JSON.
  Json tool_list(bool wrapped) const;
};

/// `row_number` counts from 1 and is only for messages.
Example make_example(const DatasetEntry& entry, const Json& row, int64_t row_number);

}  // namespace llmbox
