#include "chat/chat_template.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "chat/reference_row.h"

namespace llmbox {
namespace {

TEST(TemplateTable, EveryRowHasItsFileAndEveryFileItsRow) {
  std::set<std::string> rows, files;
  for (const auto& row : template_table()) rows.insert(row.name);
  for (const auto& file : embedded_templates()) files.insert(file.name);
  for (const char* shared : {"turns", "standalone_turns"}) files.erase(shared);
  EXPECT_EQ(rows, files);
}

TEST(ChatTemplate, UnknownNamesNameTheNearest) {
  const std::string message = message_of([] { ChatTemplate::load("lama3"); });
  EXPECT_NE(message.find("expected a template's name, a file or a model folder, got 'lama3'; try 'llama3'"),
            std::string::npos)
      << message;
}

TEST(ChatTemplate, TableEqualsTheReference) {
  REQUIRE_SHARED();
  std::ifstream file(shared_path("fixtures/llama_factory/templates.jsonl"));
  std::map<std::string, int> failures;
  int compared = 0, refused = 0;
  for (std::string line; std::getline(file, line);) {
    const Json one = Json::parse(line);
    const std::string name = one["template"], which = one["case"];
    const ReferenceRow reference(one);
    const auto compare = [&](const char* what, const Json& got, const Json& expected) {
      ++compared;
      if (got != expected && ++failures[name + which.substr(0, 6)] <= 1)
        ADD_FAILURE() << name << " " << which << " " << what << "\n  " << reference.variables << "\n  expected "
                      << expected.dump() << "\n  got      " << got.dump();
    };
    if (one.contains("error")) {
      EXPECT_THROW(reference.turns(), Error) << name << " " << which;
      ++refused;
      continue;
    }
    try {
      if (one.contains("text")) compare("training", reference.turns(), one["text"]);
      if (one.contains("text") || one.contains("oneturn_text"))
        compare("inference", reference.one_turn(), reference.expected_one_turn());
    } catch (const Error& error) {
      compare("thrown", error.what(), "");
    }
  }
  for (const auto& [name, n] : failures) std::cerr << name << ": " << n << " cases differ\n";
  EXPECT_GT(compared, 4000);
  EXPECT_EQ(refused, 158);
}

TEST(ChatTemplate, ArgumentsChangeATemplateAsInTheReference) {
  REQUIRE_SHARED();
  std::ifstream file(shared_path("fixtures/llama_factory/template_args.jsonl"));
  int compared = 0;
  for (std::string line; std::getline(file, line);) {
    const Json one = Json::parse(line);
    if (!one.contains("text") || !one["template"].is_string()) continue;  // refusals; no template named
    const auto made =
        ChatTemplate::from_row(ReferenceRow::row_of(one["template"]), tokens_of(one["tokenizer"]), fixed_clock());
    const Messages messages(one["messages"].begin(), one["messages"].end());
    const Json tools = one["tools"].is_string() ? Json::parse(one["tools"].get<std::string>()) : Json();
    EXPECT_EQ(turns_of(made.encode_pieces(messages, tools, one["args"])), one["text"])
        << one["template"] << one["args"];
    ++compared;
  }
  EXPECT_EQ(compared, 7);
}

/// What we give to programs that know nothing of ours renders plain conversations as the reference does.
TEST(ChatTemplate, StandaloneSourcesRenderTheSameTurns) {
  REQUIRE_SHARED();
  std::ifstream file(shared_path("fixtures/llama_factory/templates.jsonl"));
  int compared = 0;
  for (std::string line; std::getline(file, line);) {
    const Json one = Json::parse(line);
    const std::string which = one["case"];
    if (which != "one_turn" && which != "two_turns" && which != "system") continue;
    const ReferenceRow reference(one);
    Json tokens = tokens_of(one["tokenizer"]);
    if (!reference.made.eos_replacement().empty()) tokens["eos_token"] = reference.made.eos_replacement();
    const auto alone = ChatTemplate::from_source(reference.made.source(), "alone", tokens);
    std::string expected;
    for (const TemplatePiece& piece : reference.made.encode_pieces(reference.messages, {}, {{"enable_thinking", true}}))
      expected += piece.text;
    const TemplateRow& row = ReferenceRow::row_of(one["template"]);
    if (row.has(kReasoning)) continue;  // plain turns have no empty thoughts
    EXPECT_EQ(alone.render(reference.messages), expected) << one["template"] << " " << which;
    ++compared;
  }
  EXPECT_GT(compared, 250);
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
