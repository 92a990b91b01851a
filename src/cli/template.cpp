// llmbox template render MODEL|FILE|NAME: conversations on stdin, one JSON object a line, to prompt texts on stdout.
#include <fmt/format.h>

#include <cstdio>
#include <iostream>

#include "chat/chat_template.h"
#include "cli/verb.h"
#include "core/error.h"

namespace llmbox {

namespace {

constexpr const char* kTemplateUsage =
    "usage: llmbox template render MODEL|FILE|NAME   stdin {\"messages\", \"tools\", \"add_generation_prompt\", …}\n"
    "                                                stdout {\"text\"} or {\"error\"}, a line each\n"
    "       llmbox template list                     the names of the table\n";

Json render_line(const ChatTemplate& chat_template, const std::string& line, int64_t number) {
  Json row = parse_json(line, fmt::format("stdin:{}", number));
  if (!row.is_object() || !row.contains("messages") || !row["messages"].is_array())
    return {{"error", "expected an object with a list 'messages'"}};
  const Messages messages(row["messages"].begin(), row["messages"].end());
  const Json tools = row.value("tools", Json(nullptr));
  const Json wish = row.value("add_generation_prompt", Json(false));
  if (!wish.is_boolean() && !wish.is_null())
    return {{"error", fmt::format("expected true or false for 'add_generation_prompt', got {}", wish.dump())}};
  const bool add_prompt = wish == true;
  for (const char* key : {"messages", "tools", "add_generation_prompt"}) row.erase(key);
  try {
    return {{"text", chat_template.render(messages, tools, add_prompt, row)}};
  } catch (const JinjaError& error) {
    return {{"error", error.raised() ? error.message() : error.what()}};
  } catch (const Error& error) {
    return {{"error", error.what()}};
  }
}

int render_lines(const std::string& which) {
  const ChatTemplate chat_template = ChatTemplate::load(which);
  int64_t number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    fmt::print("{}\n", render_line(chat_template, line, number).dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  return 0;
}

}  // namespace

int run_template(const std::vector<std::string>& args) {
  if (args.empty() || args[0] == "--help" || args[0] == "-h") {
    fmt::print("{}", kTemplateUsage);
    return args.empty() ? 2 : 0;
  }
  if (args[0] == "list" && args.size() == 1) {
    for (const std::string& name : ChatTemplate::names()) fmt::print("{}\n", name);
    return 0;
  }
  if (args[0] != "render" || args.size() != 2)
    fail("template", "expected 'render MODEL|FILE|NAME' or 'list', got '{}'; try llmbox template --help", args[0]);
  return render_lines(args[1]);
}

}  // namespace llmbox
