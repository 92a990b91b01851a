#include "core/json.h"

#include "core/test_shared.h"

namespace llmbox {
namespace {

TEST(Json, KeepsTheOrderOfKeys) { EXPECT_EQ(parse_json(R"({"b":1,"a":2})", "x").dump(), R"({"b":1,"a":2})"); }

TEST(Json, AFaultNamesLineAndColumn) {
  const std::string message = message_of([] { parse_json("{\n  \"a\": 1,\n  \"b\" 2\n}", "config.json"); });
  EXPECT_NE(message.find("[config.json] line 3, column 7: expected valid JSON, got"), std::string::npos) << message;
}

TEST(Json, ATruncatedTextNamesItsEnd) {
  const std::string message = message_of([] { parse_json("{\"a\": [1, 2", "x.json"); });
  EXPECT_NE(message.find("line 1, column 12"), std::string::npos) << message;
  EXPECT_NE(message.find("unexpected end of input"), std::string::npos) << message;
}

TEST(Json, LinesCountFromTheGivenFirst) {
  EXPECT_NE(message_of([] { parse_json("{]", "x.jsonl", 12); }).find("[x.jsonl] line 12, column 2"), std::string::npos);
}

TEST(Json, AFileIsNamedInItsFaults) {
  const TempFolder folder;
  const auto bad = folder.write("bad.json", "[1,]");
  EXPECT_NE(message_of([&] { read_json_file(bad); }).find("bad.json] line 1, column 4"), std::string::npos);
  const std::string missing = message_of([&] { read_json_file(folder.path() / "none.json"); });
  EXPECT_NE(missing.find("none.json] expected a readable file, got 'No such file or directory'"), std::string::npos)
      << missing;
  EXPECT_NE(message_of([&] { read_text_file(folder.path()); }).find("got a folder"), std::string::npos);
}

TEST(Json, AnEmptyFileIsAFaultAndAMarkIsNot) {
  const TempFolder folder;
  EXPECT_NE(message_of([&] { read_json_file(folder.write("e.json", "")); }).find("unexpected end"), std::string::npos);
  EXPECT_EQ(read_json_file(folder.write("m.json", "\xEF\xBB\xBF{\"a\":1}"))["a"], 1);
}

TEST(Json, NumbersBeyondADoubleAreAFault) {
  EXPECT_EQ(message_of([] { parse_json("[1,\n1e999]", "x"); }),
            "[x] line 1: expected numbers that a double holds, got '1e999'");
}

TEST(Json, DepthIsBounded) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(parse_json(nested(512), "x").dump(), nested(512));
  EXPECT_EQ(message_of([&] { parse_json(nested(1'000'000), "x"); }),
            "[x] expected JSON at most 512 levels deep, got deeper at byte 512");
  EXPECT_NO_THROW(parse_json("\"" + std::string(1000, '[') + "\\\"[\"", "x"));
}

}  // namespace
}  // namespace llmbox
