#include "chat/chat_template.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "chat/template_table.h"
#include "core/test_shared.h"

namespace llmbox {
namespace {

JinjaOptions fixed_clock() {
  JinjaOptions options;
  options.clock = [] {
    std::tm time{};
    time.tm_year = 125;
    time.tm_mon = 6;
    time.tm_mday = 10;
    return time;
  };
  return options;
}

std::string joined(const std::vector<TemplatePiece>& pieces) {
  std::string text;
  for (const auto& piece : pieces) text += piece.text;
  return text;
}

/// The bos and eos of the tokenizer that a reference line was made with.
Json tokens_of(const std::string& tokenizer) {
  if (tokenizer == "llama3") return {{"bos_token", "<|begin_of_text|>"}, {"eos_token", "<|end_of_text|>"}};
  if (tokenizer == "llama2") return {{"bos_token", "<s>"}, {"eos_token", "</s>"}};
  return {{"eos_token", "<|endoftext|>"}};
}

TEST(TemplateTable, EveryRowHasItsFileAndEveryFileItsRow) {
  std::set<std::string> rows, files;
  for (const auto& row : template_table()) rows.insert(row.name);
  for (const auto& file : embedded_templates()) files.insert(file.name);
  EXPECT_EQ(rows, files);
}

TEST(ChatTemplate, UnknownNamesNameTheNearest) {
  const std::string message = message_of([] { ChatTemplate::load("lama3"); });
  EXPECT_NE(message.find("expected a template's name, a file or a model folder, got 'lama3'; try 'llama3'"),
            std::string::npos)
      << message;
}

/// Rebuilds the reference's turns from our pieces: what is read, then what is said.
Json turns_of(const std::vector<TemplatePiece>& pieces) {
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

TEST(ChatTemplate, TableEqualsTheReference) {
  REQUIRE_SHARED();
  std::ifstream file(shared_path("fixtures/llama_factory/templates.jsonl"));
  std::map<std::string, int> failures;
  const auto names = ChatTemplate::names();
  int compared = 0;
  for (std::string line; std::getline(file, line);) {
    const Json one = Json::parse(line);
    const std::string name = one["template"], which = one["case"];
    if (!one.contains("text") || std::find(names.begin(), names.end(), name) == names.end()) continue;
    if (which == "pending_answer" || which == "reason_pending" || which == "odd_text") continue;
    if (one.value("discarding_history_cot", false)) continue;
    const Json config = tokens_of(one["tokenizer"]);
    const auto made = ChatTemplate::from_source(ChatTemplate::load(name).source(), name, config, fixed_clock());
    Messages messages(one["messages"].begin(), one["messages"].end());
    if (one["system"].is_string()) messages.insert(messages.begin(), make_message("system", one["system"]));
    const Json tools = one["tools"].is_string() ? Json::parse(one["tools"].get<std::string>()) : Json();
    Json variables = Json::object();
    if (one.contains("enable_thinking")) variables["enable_thinking"] = one["enable_thinking"];
    ++compared;
    Json got;
    try {
      const auto pieces = made.encode_pieces(messages, tools, variables);
      EXPECT_EQ(joined(pieces), made.render(messages, tools, false, variables));
      got = turns_of(pieces);
    } catch (const Error& error) {
      got = error.what();
    }
    if (got != one["text"] && ++failures[name] <= 1)
      ADD_FAILURE() << name << " " << which << "\n  expected " << one["text"].dump() << "\n  got      " << got.dump();
  }
  for (const auto& [name, n] : failures) std::cerr << name << ": " << n << " cases differ\n";
  EXPECT_GT(compared, 1000);
}

TEST(ChatTemplate, FindsTheModelsOwn) {
  const TempFolder folder;
  folder.write(
      "tokenizer_config.json",
      R"({"eos_token": {"content": "</s>"}, "chat_template": [{"name": "default", "template": "D{{ eos_token }}"},
                   {"name": "tool_use", "template": "T"}]})");
  const auto made = ChatTemplate::load(folder.path().string());
  EXPECT_EQ(made.render({}), "D</s>");
  EXPECT_EQ(made.render({}, Json::array({Json::object()})), "T");
}

TEST(ChatTemplate, TargetsOfAnOrdinaryTemplate) {
  const auto made = ChatTemplate::from_source(
      "{% for m in messages %}<{{ m.role }}>{{ m.content }}</>\n{% endfor %}{% if add_generation_prompt "
      "%}<assistant>{% "
      "endif %}",
      "test");
  const auto pieces = made.encode_pieces({make_message("user", "a"), make_message("assistant", "b"),
                                          make_message("user", "c"), make_message("assistant", "d")});
  ASSERT_EQ(pieces.size(), 4U);
  EXPECT_EQ(pieces[0].text, "<user>a</>\n<assistant>");
  EXPECT_EQ(pieces[1].text, "b</>\n");
  EXPECT_TRUE(pieces[1].is_target);
  EXPECT_EQ(pieces[3].text, "d</>\n");
}

}  // namespace
}  // namespace llmbox
