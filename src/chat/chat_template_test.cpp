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
  for (const char* shared : {"turns", "standalone_turns"}) files.erase(shared);
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

/// What the reference makes of a conversation in training and at inference, against ours.
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
