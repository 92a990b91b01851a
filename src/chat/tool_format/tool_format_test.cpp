#include "chat/tool_format.h"

#include <gtest/gtest.h>

#include <ctime>
#include <fstream>
#include <map>

#include "chat/tool_format/given.h"
#include "core/error.h"
#include "core/test_shared.h"

namespace llmbox {
namespace {

using tool_text::dump;

std::tm recorded_day() {
  std::tm day{};
  day.tm_year = 125;
  day.tm_mon = 6;
  day.tm_mday = 10;
  return day;
}

/// [[name, arguments as text], …] as the references record it; gemma4 gives text that is no JSON as it is.
Json recorded_form(const Json& calls, bool raw_strings) {
  Json out = Json::array();
  for (const Json& call : calls) {
    const Json& arguments = call["arguments"];
    const bool is_raw = raw_strings && arguments.is_string();
    out.push_back(Json::array({call["name"], is_raw ? arguments.get<std::string>() : dump(arguments)}));
  }
  return out;
}

void check_written(const Json& row, const char* given, const std::function<std::string(const Json&)>& write) {
  const auto run = [&] { return write(parse_json(row[given].get<std::string>(), "row")); };
  if (row.contains("error")) {
    EXPECT_THROW(run(), Error);
  } else {
    EXPECT_EQ(run(), row["text"].get<std::string>());
  }
}

void check_row(const ToolFormat& format, const Json& row) {
  const std::string kind = row["kind"];
  if (kind == "tools") {
    check_written(row, "tools", [&](const Json& tools) { return format.tools_text(tools, recorded_day()); });
  } else if (kind == "function") {
    check_written(row, "calls", [&](const Json& calls) { return format.calls_text(calls); });
  } else {
    ASSERT_EQ(kind, "extract");
    const auto calls = format.parse(row["output"].get_ref<const std::string&>());
    const bool is_text = row.contains("error") || row["is_text"] == true;
    ASSERT_EQ(calls.has_value(), !is_text);
    if (is_text) return;
    EXPECT_EQ(recorded_form(*calls, row["format"] == "gemma4"), row["result"]);
  }
}

TEST(ToolFormat, GivesWhatTheReferenceRecorded) {
  REQUIRE_SHARED();
  std::ifstream file(shared_path("fixtures/llama_factory/tools.jsonl"));
  std::map<std::string, int> rows;
  for (std::string line; std::getline(file, line);) {
    const Json row = Json::parse(line);
    SCOPED_TRACE(line);
    check_row(tool_format(row["format"].get<std::string>()), row);
    ++rows[row["kind"]];
  }
  EXPECT_EQ(rows, (std::map<std::string, int>{{"tools", 104}, {"function", 117}, {"extract", 241}}));
}

const Json kTools = Json::parse(R"([{"name": "f", "description": "d", "parameters": {"type": "object", "properties":
    {"k": {"type": "string", "description": "e"}}, "required": ["k"]}}])");
const Json kCalls =
    Json::parse(R"([{"name": "f", "arguments": {"k": "v", "n": [1, 2.5, {"x": "y"}], "t": true, "z": null}}])");

TEST(ToolFormat, HasThirteenFormatsAndNamesTheNearest) {
  EXPECT_EQ(tool_formats().size(), 13u);
  EXPECT_STREQ(tool_format("qwen3_5").name, "qwen3_5");
  EXPECT_NE(message_of([] { tool_format("lama3"); }).find("'llama3'"), std::string::npos);
}

TEST(ToolFormat, ReadsBackWhatItWrites) {
  for (const ToolFormat& format : tool_formats()) {
    const std::string name = format.name;
    if (name == "glm4_moe" || name == "minimax2") continue;  // the reference cannot either: its reader wants more marks
    SCOPED_TRACE(name);
    const auto calls = format.parse(format.calls_text(kCalls));
    ASSERT_TRUE(calls);
    EXPECT_EQ(*calls, kCalls);
  }
}

TEST(ToolFormat, WritesNothingForNoTools) {
  for (const ToolFormat& format : tool_formats()) {
    EXPECT_EQ(format.tools_text(Json::array(), recorded_day()), "") << format.name;
    EXPECT_EQ(format.tools_text(nullptr, recorded_day()), "") << format.name;
    EXPECT_NE(format.tools_text(kTools, recorded_day()), "") << format.name;
  }
}

TEST(ToolFormat, RefusesWhatIsNoListOfToolsOrCalls) {
  for (const ToolFormat& format : tool_formats()) {
    SCOPED_TRACE(format.name);
    for (const char* tools : {"{}", "3", "[3]", "[{}]", R"([{"name": 3}])", R"([{"type": "function", "function": 3}])"})
      EXPECT_THROW(format.tools_text(Json::parse(tools), recorded_day()), Error) << tools;
    for (const char* calls : {"3", "[3]", "[{}]", R"([{"name": 3, "arguments": {}}])", "null"})
      EXPECT_THROW(format.calls_text(Json::parse(calls)), Error) << calls;
  }
}

std::string repeated(std::string_view text, size_t bytes) {
  std::string out;
  while (out.size() < bytes) out += text;
  return out;
}

/// A JSON value of nested lists and objects.
Json nested(int levels) {
  Json value = 1;
  for (int i = 0; i < levels; ++i) {
    Json outer = i % 2 ? Json::array() : Json::object();
    (i % 2 ? outer.emplace_back(nullptr) : outer["k"]) = std::move(value);
    value = std::move(outer);
  }
  return value;
}

TEST(ToolFormat, RefusesToWriteADeepValue) {
  for (const ToolFormat& format : tool_formats()) {
    SCOPED_TRACE(format.name);
    Json tools = kTools, calls = kCalls;
    tools[0]["parameters"]["properties"]["k"]["x"] = nested(100'000);
    calls[0]["arguments"]["k"] = nested(100'000);
    EXPECT_THROW(format.tools_text(tools, recorded_day()), Error);
    EXPECT_THROW(format.calls_text(calls), Error);
  }
}

/// The format's call with `inside` in the place of its argument's value.
std::string call_around(const ToolFormat& format, const std::string& inside) {
  std::string text = format.calls_text(Json::parse(R"([{"name": "f", "arguments": {"k": 12345}}])"));
  const size_t at = text.find("12345");
  return text.replace(at, 5, inside);
}

TEST(ToolFormat, TakesADeepReplyForText) {
  for (const ToolFormat& format : tool_formats()) {
    SCOPED_TRACE(format.name);
    for (const char* open : {"[", "{\"k\":", "(", "{\"k\":[", "<"}) {
      const auto calls = format.parse(call_around(format, repeated(open, 300'000)));
      if (!calls || calls->empty()) continue;
      EXPECT_LT((*calls)[0]["arguments"].dump().size(), 700'000u);
    }
    const std::string closed = repeated("[", 100'000) + repeated("]", 100'000);
    if (const auto calls = format.parse(call_around(format, closed)); calls && !calls->empty()) {
      const Json& arguments = (*calls)[0]["arguments"];  // formats of marked pairs keep it as a string
      EXPECT_TRUE(arguments.is_string() || arguments["k"].is_string());
    }
  }
}

TEST(ToolFormat, ReadsAHostileReplyInLinearTime) {
  std::vector<std::string> units = {"<tool_call>",
                                    "</tool_call>",
                                    "<tool_call><function=f",
                                    "<function=f</function>",
                                    "<parameter=",
                                    "<parameter=k>1</parameter>",
                                    "<|tool_call>call:",
                                    "<|tool_call>call:f{",
                                    "<|tool_call_start|>",
                                    "<|\"|>",
                                    "<seed:tool_call>",
                                    "<tool_calls>",
                                    "<minimax:tool_call>",
                                    "<invoke name=\"",
                                    "Action: f",
                                    "Action: f\nAction Input:",
                                    "Action:",
                                    " ",
                                    "\n",
                                    "a",
                                    "\\",
                                    "\"",
                                    "{",
                                    "f(",
                                    "-",
                                    "é",
                                    "\xff",
                                    "<tool_call> </tool_call> "};
  for (const ToolFormat& format : tool_formats()) {
    const std::string call = format.calls_text(kCalls);
    for (const std::string& unit : units) {
      const std::string run = repeated(unit, 50'000);
      const std::clock_t start = std::clock();
      for (const std::string& text : {run, call + run, run + call, call_around(format, run)}) format.parse(text);
      const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
      EXPECT_LT(seconds, 0.5) << format.name << " with " << unit;
    }
  }
}

TEST(ToolFormat, ReadsManyKeysAndCallsInLinearTime) {
  std::string keys = "0", parameters;
  for (int i = 0; i < 50'000; ++i) {
    keys += ", \"k" + std::to_string(i) + "\": 1";
    parameters += "<parameter=k" + std::to_string(i) + ">1</parameter>";
  }
  const std::clock_t start = std::clock();
  const auto qwen = tool_format("qwen").parse(call_around(tool_format("qwen"), keys));
  const auto marked = tool_format("qwen3_5").parse("<tool_call><function=f>" + parameters + "</function></tool_call>");
  const auto calls = tool_format("qwen").parse(repeated(tool_format("qwen").calls_text(kCalls), 1'000'000));
  EXPECT_LT(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC, 1.5);
  ASSERT_TRUE(qwen && marked && calls);
  EXPECT_EQ((*qwen)[0]["arguments"].size(), 50'001u);
  EXPECT_EQ((*marked)[0]["arguments"].size(), 50'000u);
  EXPECT_GT(calls->size(), 8'000u);
}

Json arguments_in(const char* format, const std::string& output) {
  const auto calls = tool_format(format).parse(output);
  return calls && calls->size() == 1 ? (*calls)[0]["arguments"] : Json("no call");
}

TEST(ToolFormat, TheLastOfEqualKeysCounts) {
  const std::string output = R"({"name": "f", "parameters": {"a": 1, "b": 2, "a": 3}})";
  EXPECT_EQ(dump(arguments_in("llama3", output)), R"({"a": 3, "b": 2})");
}

TEST(ToolFormat, JsonEndsWithTheText) {
  EXPECT_FALSE(tool_format("mistral").parse(std::string_view("[]\0 Done.", 9)));
  EXPECT_FALSE(tool_format("mistral").parse("[] Done."));
  EXPECT_TRUE(tool_format("mistral").parse(" [] \n"));
}

TEST(ToolFormat, ANameMayBeGluedToActionInput) {
  EXPECT_EQ(arguments_in("default", "Action: fAction Input: {\"a\": 1}"), Json({{"a", 1}}));
  EXPECT_FALSE(tool_format("default").parse("Action: Action Input: {}"));
  EXPECT_FALSE(tool_format("default").parse("Action: f\nAction Input:"));
}

struct Literal {
  const char* python;
  const char* json;  // null: no call
};

TEST(ToolFormat, Lfm2ReadsPythonLiterals) {
  for (const auto& [python, json] : std::initializer_list<Literal>{
           {R"('it\'s "x"' "\u00e9\x41\n\101\q")", R"("it's \"x\"éA\nA\\q")"},
           {"(1, 2)", "[1, 2]"},
           {"(1)", "1"},
           {"(1,)", "[1]"},
           {"()", "[]"},
           {"{1: 2, 'a': (True, None), None: False,}", R"({"1": 2, "a": [true, null], "null": false})"},
           {"[-1, +2, 1_000, 0x1F, 0o17, -0b11, 1., .5, 1e3, 00]", "[-1, 2, 1000, 31, 15, -3, 1.0, 0.5, 1000.0, 0]"},
           {"18446744073709551615", "18446744073709551615"},
           {"True", "true"},
           {"null", "null"},
           {"[null]", nullptr},
           {"truex", nullptr},
           {"1j", nullptr},
           {"007", nullptr},
           {"1__0", nullptr},
           {"1_", nullptr},
           {"0x", nullptr},
           {"--1", nullptr},
           {"1e999", nullptr},
           {"{1, 2}", nullptr},
           {"{[]: 1}", nullptr},
           {"[1 2]", nullptr},
           {"[,]", nullptr},
           {"r'x'", nullptr},
           {"'a\nb'", nullptr},
           {"'\\ud800'", nullptr},
           {"'\\N{DASH}'", nullptr},
           {"'\\x4", nullptr},
           {"g()", nullptr},
           {"1 + 1", nullptr},
       }) {
    SCOPED_TRACE(python);
    const auto calls =
        tool_format("lfm2").parse(std::string("<|tool_call_start|>[f(a=") + python + ")]<|tool_call_end|>");
    ASSERT_EQ(calls.has_value(), json != nullptr);
    if (!json) continue;
    EXPECT_EQ((*calls)[0]["arguments"]["a"], Json::parse(json));
  }
  EXPECT_FALSE(tool_format("lfm2").parse("<|tool_call_start|>f(a=1, 2)<|tool_call_end|>"));
  EXPECT_FALSE(tool_format("lfm2").parse("<|tool_call_start|>[f() g()]<|tool_call_end|>"));
  EXPECT_FALSE(tool_format("lfm2").parse("<|tool_call_start|>[None(a=1)]<|tool_call_end|>"));
  EXPECT_FALSE(tool_format("lfm2").parse("<|tool_call_start|>[f(True=1)]<|tool_call_end|>"));
  EXPECT_TRUE(tool_format("lfm2").parse("<|tool_call_start|>[f(x, 2, a=1,), ]<|tool_call_end|>"));
}

TEST(ToolFormat, Gemma4KeepsWhatItCannotRead) {
  const auto read = [](const std::string& inside) {
    return arguments_in("gemma4", "<|tool_call>call:f{" + inside + "}<tool_call|>");
  };
  EXPECT_EQ(read(R"(a-b: {c.d:<|"|>{x:1}<|"|>})"), Json::parse(R"({"a-b": {"c.d": "{x:1}"}})"));
  EXPECT_EQ(read(R"("q": "a,b:c\"")"), Json::parse(R"({"q": "a,b:c\""})"));
  EXPECT_EQ(read(R"(größe:<|"|>a\b<|"|>)"), Json::parse(R"({"größe": "a\\b"})"));
  EXPECT_EQ(read("a:[b:1]"), "a:[b:1]");
  EXPECT_EQ(read("a:<|\"|>b"), "a:<|\"|>b");
  EXPECT_EQ(read("\""), "\"");
}

TEST(ToolFormat, Gemma4ListsSeveralTypes) {
  Json tools = kTools;
  tools[0]["parameters"]["properties"]["k"] = {{"type", {"string", "null"}}};
  const std::string text = tool_format("gemma4").tools_text(tools, recorded_day());
  EXPECT_NE(text.find(R"(k:{type:[<|"|>STRING<|"|>,<|"|>NULL<|"|>]})"), std::string::npos) << text;
}

TEST(ToolFormat, NumbersAreWrittenAsPythonDoes) {
  const Json calls = Json::parse(R"([{"name": "f", "arguments": [1e15, 1e16, 1e-4, 1e-5, 0.1, 1.0, -0.0, 1e22]}])");
  EXPECT_EQ(tool_format("mistral").calls_text(calls),
            R"([{"name": "f", "arguments": [1000000000000000.0, 1e+16, 0.0001, 1e-05, 0.1, 1.0, -0.0, 1e+22]}])");
}

TEST(ToolFormat, JsonIsWrittenAsPythonWritesIt) {
  const Json value = Json::parse(R"({"b":[1,2.5,"é\n"],"a":{},"c":[],"d":null,"e":1e15,"f":1e16})");
  EXPECT_EQ(tool_text::dump(value),
            R"({"b": [1, 2.5, "é\n"], "a": {}, "c": [], "d": null, "e": 1000000000000000.0, "f": 1e+16})");
}

}  // namespace
}  // namespace llmbox
