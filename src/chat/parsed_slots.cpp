#include "chat/parsed_slots.h"

#include "chat/chat_template.h"
#include "core/error.h"

namespace llmbox {

namespace {

constexpr std::string_view kMark = "{{content}}";

size_t character_length(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

/// The characters of the longer text that the shorter one does not match, in order.
std::string unmatched(std::string_view shorter, std::string_view longer) {
  std::string out;
  size_t i = 0;
  for (size_t j = 0; i < shorter.size() && j < longer.size();) {
    const std::string_view a = shorter.substr(i, character_length(shorter[i])),
                           b = longer.substr(j, character_length(longer[j]));
    j += b.size();
    if (a == b)
      i += a.size();
    else
      out += b;
  }
  return out;
}

size_t n_characters(std::string_view text) {
  size_t n = 0;
  for (size_t i = 0; i < text.size(); i += character_length(text[i])) ++n;
  return n;
}

std::string replaced(std::string text, std::string_view what, std::string_view by, bool all) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
    if (!all) break;
  }
  return text;
}

std::string behind(const std::string& text, size_t n) { return n < text.size() ? text.substr(n) : ""; }

void require_mark(const ChatTemplate& chat_template, const std::string& slot, const char* part) {
  if (slot.find(kMark) == std::string::npos)
    fail(chat_template.name(), "expected the content of a message in the text of {}, got '{}'", part, slot);
}

}  // namespace

ParsedSlots parse_slots(const ChatTemplate& chat_template, const std::string& prefix) {
  const std::string mark(kMark);
  const auto rendered = [&](const Messages& messages, bool prompt) {
    return behind(chat_template.render(messages, nullptr, prompt), prefix.size());
  };
  ParsedSlots slots;
  slots.prefix = prefix;
  slots.system = rendered({make_message("system", mark)}, false);
  const std::string bare = rendered({make_message("system", ""), make_message("user", mark)}, true);
  slots.user = rendered({make_message("user", mark)}, true);
  slots.assistant =
      behind(rendered({make_message("user", mark), make_message("assistant", mark)}, false), slots.user.size());
  slots.reasoning = slots.assistant.find("<think>") != std::string::npos;
  slots.assistant = replaced(replaced(slots.assistant, "<think>", "", true), "</think>", "", true);
  slots.assistant = behind(slots.assistant, std::min(slots.assistant.find_first_not_of('\n'), slots.assistant.size()));
  if (n_characters(slots.user) > n_characters(bare)) {
    slots.default_system = unmatched(bare, slots.user);
    slots.user = behind(slots.user, replaced(slots.system, kMark, slots.default_system, false).size());
  }
  require_mark(chat_template, slots.user, "a user message");
  require_mark(chat_template, slots.assistant, "a reply");
  require_mark(chat_template, slots.system, "a system message");
  return slots;
}

std::vector<TemplatePiece> slot_pieces(const ParsedSlots& slots, const Messages& messages) {
  const auto content = [](const Message& message) {
    return message.contains("content") && message["content"].is_string() ? message["content"].get<std::string>() : "";
  };
  const bool given = !messages.empty() && messages[0]["role"] == "system";
  const std::string system = given ? content(messages[0]) : slots.default_system;
  std::string read = slots.prefix;
  if (!system.empty()) read += replaced(slots.system, kMark, system, false);
  std::vector<TemplatePiece> pieces;
  for (size_t i = given ? 1 : 0; i < messages.size(); ++i) {
    const bool reply = messages[i]["role"] == "assistant" || messages[i]["role"] == "function";
    if (!reply) {
      read += replaced(slots.user, kMark, content(messages[i]), false);
      continue;
    }
    pieces.push_back({std::exchange(read, ""), false});
    pieces.push_back({replaced(slots.assistant, kMark, content(messages[i]), false), true});
  }
  if (!read.empty()) pieces.push_back({read, false});
  return pieces;
}

}  // namespace llmbox
