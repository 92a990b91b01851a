#include "data/example.h"

#include <array>

#include "chat/tool_format/given.h"
#include "core/error.h"

namespace llmbox {
namespace {

std::string where_of(const DatasetEntry& entry, int64_t row_number) {
  return fmt::format("dataset {}, row {}", entry.name, row_number);
}

/// The value of a column, null where the set has no such column. `needed`: an absent key is the user's fault.
Json column(const Json& row, const std::string& name, bool needed, const std::string& where) {
  if (name.empty()) return nullptr;
  if (row.contains(name)) return row[name];
  if (!needed) return nullptr;
  std::string have;
  for (const auto& [key, value] : row.items()) have += (have.empty() ? "" : ", ") + key;
  fail(where, "expected a column '{}', got only {}; try \"columns\" in dataset_info.json", name,
       have.empty() ? "none" : have);
}

/// Text of a cell: "" for null, the JSON text of what is not a string.
std::string cell_text(const Json& cell) {
  if (cell.is_null()) return "";
  return cell.is_string() ? cell.get<std::string>() : tool_text::dump(cell);
}

/// Text that a person or the model wrote: as cell_text, but a list must be OpenAI's parts with text and an object is no
/// text at all.
std::string written_text(const Json& cell, const std::string& where) {
  if (!cell.is_structured()) return cell_text(cell);
  std::string text;
  for (const Json& part : cell.is_array() ? cell : Json::array({cell})) {
    const bool has_text = cell.is_array() && part.is_object() && part.contains("text") && part["text"].is_string();
    if (!has_text) fail(where, "expected text, got {}", cell.dump());
    text += part["text"].get<std::string>();
  }
  return text;
}

bool is_empty(const Json& cell) {
  return cell.is_null() || (cell.is_string() && cell.get_ref<const std::string&>().empty());
}

/// Two replies with the preferred first, as the reference keeps them for preference stages.
void set_kto(Example& out, const std::string& role, const std::string& content, bool desirable) {
  Message reply = make_message(role, content), blank = make_message("assistant", "");
  out.response = desirable ? Messages{reply, blank} : Messages{blank, reply};
}

Example from_alpaca(const DatasetEntry& entry, const Json& row, const std::string& where) {
  const DatasetColumns& c = entry.columns;
  Example out;
  Json history = column(row, c.history, entry.named_columns, where);
  if (!history.is_array() && !is_empty(history))
    fail(where, "expected pairs in column '{}', got {}", c.history, history.dump());
  if (history.is_array())
    for (const Json& turn : history) {
      if (!turn.is_array() || turn.size() != 2)
        fail(where, "expected pairs in column '{}', got {}", c.history, turn.dump());
      out.prompt.push_back(make_message("user", written_text(turn[0], where)));
      out.prompt.push_back(make_message("assistant", written_text(turn[1], where)));
    }
  std::string text;
  for (const Json& part : {column(row, c.prompt, true, where), column(row, c.query, entry.named_columns, where)})
    if (!is_empty(part)) text += (text.empty() ? "" : "\n") + written_text(part, where);
  out.prompt.push_back(make_message("user", text));

  Json response = column(row, c.response, true, where), tag = column(row, c.kto_tag, true, where);
  Json chosen = column(row, c.chosen, true, where), rejected = column(row, c.rejected, true, where);
  if (tag.is_boolean())
    set_kto(out, "assistant", cell_text(response), tag);
  else if (entry.ranking && chosen.is_string() && rejected.is_string())
    out.response = {make_message("assistant", chosen), make_message("assistant", rejected)};
  else if (response.is_string())
    out.response = {make_message("assistant", response)};
  out.system = cell_text(column(row, c.system, entry.named_columns, where));
  out.tools = cell_text(column(row, c.tools, entry.named_columns, where));
  return out;
}

/// The role of our own that a tag stands for; "" for none.
std::string role_of(const DatasetTags& tags, const std::string& tag) {
  const std::array<std::pair<const std::string*, const char*>, 5> table = {{{&tags.user, "user"},
                                                                            {&tags.assistant, "assistant"},
                                                                            {&tags.observation, "observation"},
                                                                            {&tags.function, "function"},
                                                                            {&tags.system, "system"}}};
  for (const auto& [name, role] : table)
    if (!name->empty() && *name == tag) return role;
  return "";
}

struct Turn {
  std::string role, content;
};

Turn read_turn(const DatasetEntry& entry, const Json& message, const std::string& where) {
  const DatasetTags& tags = entry.tags;
  if (!message.is_object()) fail(where, "expected a message object, got {}", message.dump());
  for (const std::string& key : {tags.role, tags.content})
    if (!message.contains(key))
      fail(where, "expected key '{}' in a message, got {}; try \"tags\" in dataset_info.json", key, message.dump());
  const std::string role = role_of(tags, cell_text(message[tags.role]));
  const Json& content = message[tags.content];
  const bool is_tool = role == "function" || role == "observation";  // JSON as it is, too
  return {role, is_tool ? cell_text(content) : written_text(content, where)};
}

/// openai: tool_calls become function messages, runs of tool messages one observation.
std::vector<Turn> read_openai_turns(const DatasetEntry& entry, const Json& messages, const std::string& where) {
  std::vector<Turn> turns;
  bool in_observation = false;
  for (const Json& message : messages) {
    Json plain = message;
    if (plain.is_object() && !plain.contains(entry.tags.content)) plain[entry.tags.content] = nullptr;
    Turn turn = read_turn(entry, plain, where);
    if (turn.role == "assistant" && message.contains("tool_calls") && message["tool_calls"].is_array() &&
        !message["tool_calls"].empty()) {
      Json calls = Json::array();
      for (const Json& call : message["tool_calls"]) {
        if (!call.is_object()) fail(where, "expected objects in 'tool_calls', got {}", call.dump());
        calls.push_back(call.value("function", call));
      }
      turn = {"function", tool_text::dump(calls)};
    }
    if (turn.role == "observation" && in_observation)
      turns.back().content += "\n</tool_response>\n<tool_response>\n" + turn.content;
    else
      turns.push_back(turn);
    in_observation = turn.role == "observation";
  }
  return turns;
}

/// Odd places hold user or observation, even ones assistant or function; "" where the order is right.
std::string order_fault(const std::vector<Turn>& turns, bool ranking) {
  for (size_t i = 0; i < turns.size(); ++i) {
    const std::string& role = turns[i].role;
    bool fits = i % 2 == 0 ? role == "user" || role == "observation" : role == "assistant" || role == "function";
    if (!fits) return fmt::format("message {} has the role '{}' out of order", i + 1, role.empty() ? "unknown" : role);
  }
  if (turns.size() % 2 != (ranking ? 1u : 0u)) return fmt::format("{} messages do not end with a reply", turns.size());
  return turns.empty() ? "no messages" : "";
}

void set_ranking(Example& out, const DatasetEntry& entry, const Json& row, const std::string& where) {
  for (const std::string& name : {entry.columns.chosen, entry.columns.rejected}) {
    const Json message = column(row, name, true, where);
    if (!message.is_object()) {
      out.broken = fmt::format("'{}' is no message", name);
      out.prompt.clear();
      return;
    }
    Turn turn = read_turn(entry, message, where);
    out.response.push_back(make_message(turn.role, turn.content));
  }
}

Example from_messages(const DatasetEntry& entry, const Json& row, const std::string& where) {
  const DatasetColumns& c = entry.columns;
  Json messages = column(row, c.messages, true, where);
  if (!messages.is_array()) fail(where, "expected a list in column '{}', got {}", c.messages, messages.dump());
  Example out;
  const bool needed = entry.named_columns && entry.format != DatasetFormat::kOpenai;
  out.system = cell_text(column(row, c.system, needed, where));
  out.tools = cell_text(column(row, c.tools, needed, where));
  std::vector<Turn> turns;
  if (entry.format == DatasetFormat::kOpenai)
    turns = read_openai_turns(entry, messages, where);
  else
    for (const Json& message : messages) turns.push_back(read_turn(entry, message, where));
  if (!turns.empty() && turns[0].role == "system") {
    out.system = turns[0].content;
    turns.erase(turns.begin());
  }
  Json tag = column(row, c.kto_tag, true, where);
  bool pair = entry.ranking && !tag.is_boolean();
  out.broken = order_fault(turns, pair);
  if (!out.broken.empty()) return out;
  for (const Turn& turn : turns) out.prompt.push_back(make_message(turn.role, turn.content));
  if (pair) {
    set_ranking(out, entry, row, where);
    return out;
  }
  Message last = out.prompt.back();
  out.prompt.pop_back();
  out.response = {last};
  if (tag.is_boolean()) set_kto(out, last["role"], last["content"], tag);
  return out;
}

}  // namespace

Messages Example::conversation() const {
  Messages out;
  if (!system.empty()) out.push_back(make_message("system", system));
  Messages turns = prompt;
  if (!response.empty()) turns.push_back(response[0]);
  out.insert(out.end(), turns.begin(), turns.end());
  return out;
}

Json Example::tool_list(bool wrapped) const {
  if (tools.empty()) return nullptr;
  Json list = Json::parse(tools, nullptr, false);
  if (list.is_object()) list = Json::array({list});
  if (!list.is_array()) fail("dataset", "expected JSON in the tools column, got {}", tools);
  if (list.empty()) return nullptr;
  for (Json& tool : list)
    if (wrapped && !tool.contains("function")) tool = {{"type", "function"}, {"function", tool}};
  return list;
}

Example make_example(const DatasetEntry& entry, const Json& row, int64_t row_number) {
  const std::string where = where_of(entry, row_number);
  if (!row.is_object()) fail(where, "expected an object, got {}", row.dump());
  return entry.format == DatasetFormat::kAlpaca ? from_alpaca(entry, row, where) : from_messages(entry, row, where);
}

}  // namespace llmbox
