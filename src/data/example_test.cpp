#include "data/example.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/error.h"
#include "core/test_shared.h"

namespace llmbox {
namespace {

DatasetEntry entry_of(Json info) {
  info["file_name"] = "rows.json";
  return DatasetEntry::parse("set", info, "folder");
}

/// null where the reference keeps an empty cell as null: ours is empty text.
Json without_nulls(Json value) {
  if (value.is_null()) return "";
  if (value.is_structured())
    for (Json& part : value) part = without_nulls(part);
  return value;
}

TEST(Example, EqualsTheReferencesConverters) {
  REQUIRE_SHARED();
  std::ifstream file(shared_path("fixtures/llama_factory/converters.jsonl"));
  int compared = 0;
  for (std::string line; std::getline(file, line);) {
    Json row = parse_json(line, "converters.jsonl");
    if (!row.contains("aligned") || !row.contains("row")) continue;
    Example example = make_example(entry_of(row["dataset_info"]), row["row"], 1);
    // Tool messages at the end of a conversation are lost in the reference; here the row is broken.
    if (row["case"] == "openai_ends_with_tool") continue;
    EXPECT_EQ(Json(example.prompt), without_nulls(row["aligned"]["_prompt"])) << line;
    if (row["aligned"]["_prompt"].empty()) {
      EXPECT_NE(example.broken, "") << line;
      continue;
    }
    EXPECT_EQ(Json(example.response), without_nulls(row["aligned"]["_response"])) << line;
    if (row["dataset_info"].value("formatting", "") != "openai") {
      EXPECT_EQ(example.system, without_nulls(row["aligned"]["_system"]))
          << line;  // openai: the reference changes the text unseen
      EXPECT_EQ(example.tools, without_nulls(row["aligned"]["_tools"])) << line;
    }
    ++compared;
  }
  EXPECT_GE(compared, 30);
}

TEST(Example, ParsesRegistryEntriesAsTheReference) {
  REQUIRE_SHARED();
  std::ifstream file(shared_path("fixtures/llama_factory/converters.jsonl"));
  int compared = 0;
  auto text = [](const Json& value) { return value.is_null() ? std::string() : value.get<std::string>(); };
  for (std::string line; std::getline(file, line);) {
    Json row = parse_json(line, "converters.jsonl");
    if (!row.contains("attributes") || !row.contains("name")) continue;
    DatasetEntry entry = DatasetEntry::parse(row["name"], row["dataset_info"], "folder");
    const Json& a = row["attributes"];
    EXPECT_EQ(entry.ranking, a["ranking"].get<bool>());
    EXPECT_EQ(entry.split, a["split"]);
    EXPECT_EQ(entry.columns.prompt, text(a["prompt"])) << line;
    EXPECT_EQ(entry.columns.response, text(a["response"])) << line;
    EXPECT_EQ(entry.columns.messages, text(a["messages"])) << line;
    EXPECT_EQ(entry.columns.system, text(a["system"])) << line;
    EXPECT_EQ(entry.tags.role, text(a["role_tag"])) << line;
    EXPECT_EQ(entry.tags.system, text(a["system_tag"])) << line;
    ++compared;
  }
  EXPECT_GE(compared, 5);
}

TEST(Example, MissingColumnNamesSetRowAndColumn) {
  const std::string message = message_of([] { make_example(entry_of({}), {{"question", "Q"}, {"answer", "A"}}, 7); });
  EXPECT_NE(message.find("dataset set, row 7"), std::string::npos) << message;
  EXPECT_NE(message.find("'instruction'"), std::string::npos) << message;
  EXPECT_NE(message.find("question"), std::string::npos) << message;
}

TEST(Example, BadRowsNameTheirFault) {
  const Json sharegpt{{"formatting", "sharegpt"}};
  EXPECT_NE(message_of([&] {
              make_example(entry_of(sharegpt), {{"messages", Json::array()}}, 1);
            }).find("'conversations'"),
            std::string::npos);
  const Json no_value{{"conversations", {{{"from", "human"}, {"content", "1"}}}}};
  EXPECT_NE(message_of([&] { make_example(entry_of(sharegpt), no_value, 1); }).find("'value'"), std::string::npos);
  Example odd =
      make_example(entry_of(sharegpt),
                   {{"conversations", {{{"from", "gpt"}, {"value", "1"}}, {{"from", "human"}, {"value", "2"}}}}}, 1);
  EXPECT_NE(odd.broken.find("message 1"), std::string::npos) << odd.broken;
}

TEST(Example, UnknownRegistryKeyNamesTheNearest) {
  const std::string message = message_of([] { entry_of({{"formating", "alpaca"}}); });
  EXPECT_NE(message.find("'formatting'"), std::string::npos) << message;
  EXPECT_NE(message_of([] { entry_of({{"formatting", "sharegtp"}}); }).find("'sharegpt'"), std::string::npos);
  EXPECT_NE(message_of([] { entry_of({{"num_samples", "many"}}); }).find("num_samples"), std::string::npos);
}

TEST(Example, ConversationIsTheSystemTextThenTheTurns) {
  Example example;
  example.system = "S";
  example.prompt = {make_message("user", "1"),
                    make_message("function", R"([{"name": "f", "arguments": "{\"x\": 1}"}])"),
                    make_message("observation", "2")};
  example.response = {make_message("assistant", "3")};
  Messages messages = example.conversation();
  ASSERT_EQ(messages.size(), 5u);
  EXPECT_EQ(messages[0], make_message("system", "S"));
  EXPECT_EQ(messages[2], example.prompt[1]);
  EXPECT_EQ(messages[3]["role"], "observation");
  EXPECT_EQ(messages[4], example.response[0]);
}

}  // namespace
}  // namespace llmbox
