// A model's own chat template read as slots, as LLaMA-Factory does where no template is named: rendered on marks, the
// text around them is the slot. Wrong for templates that treat tools, dates or the last turn specially, so it is only
// what ChatTemplate falls back on where the replies cannot be found in the rendered text.
#pragma once

#include <string>
#include <vector>

#include "chat/message.h"

namespace llmbox {

class ChatTemplate;
struct TemplatePiece;

struct ParsedSlots {
  std::string prefix, system, user, assistant;  // each but the prefix with one {{content}}
  std::string default_system;
  bool reasoning = false;  // replies begin with <think>
};

/// `prefix`: what the tokenizer puts before every text (bos). Throws Error where a slot does not show its content.
ParsedSlots parse_slots(const ChatTemplate& chat_template, const std::string& prefix);

/// The conversation through these slots; replies are targets. Roles other than system and assistant count as user.
std::vector<TemplatePiece> slot_pieces(const ParsedSlots& slots, const Messages& messages);

}  // namespace llmbox
