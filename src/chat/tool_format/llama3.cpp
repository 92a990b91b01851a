// Llama 3.x with the tools in the system text: a JSON object with name and parameters, or a list of them.
#include "chat/tool_format/formats.h"
#include "chat/tool_format/given.h"
#include "chat/tool_format/reply_json.h"

namespace llmbox::tool_text {

std::string llama3_tools(const Json& tools, const std::tm& today) {
  if (!has_tools(tools)) return {};
  char date[64];
  const size_t length = std::strftime(date, sizeof date, "%d %b %Y", &today);
  std::string text = "Cutting Knowledge Date: December 2023\nToday Date: " + std::string(date, length) +
                     "\n\nYou have access to the following functions. To call a function, please respond with JSON for "
                     "a function call. Respond in the format {\"name\": function name, \"parameters\": dictionary of "
                     "argument name and its value}. Do not use variables.\n\n";
  for (const Json& tool : tools) text += indented_dump(wrapped(tool)) + "\n\n";
  return text;
}

std::string llama3_calls(const Json& calls) {
  const Json objects = call_objects(read_calls(calls), "parameters");
  return dump(objects.size() == 1 ? objects[0] : objects);
}

std::optional<Json> llama3_parse(std::string_view output) { return read_call_list(output, "parameters"); }

}  // namespace llmbox::tool_text
