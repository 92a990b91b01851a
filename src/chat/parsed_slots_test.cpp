#include "chat/parsed_slots.h"

#include <gtest/gtest.h>

#include <fstream>

#include "chat/chat_template.h"
#include "core/error.h"
#include "core/test_shared.h"

namespace llmbox {
namespace {

JinjaOptions july_2025() {
  JinjaOptions options;
  options.clock = [] {
    std::tm time{};
    time.tm_year = 125, time.tm_mon = 6, time.tm_mday = 10;
    return time;
  };
  return options;
}

Json list_of(const std::string& slot) { return slot.empty() ? Json::array() : Json::array({slot}); }

TEST(ParsedSlots, EqualTheReference) {
  REQUIRE_SHARED();
  const std::map<std::string, Json> tokens = {
      {"llama3", {{"bos_token", "<|begin_of_text|>"}, {"eos_token", "<|end_of_text|>"}}},
      {"qwen2", {{"eos_token", "<|endoftext|>"}, {"pad_token", "<|endoftext|>"}}},
      {"llama2", {{"bos_token", "<s>"}, {"eos_token", "</s>"}, {"unk_token", "<unk>"}}}};
  std::ifstream file(shared_path("fixtures/llama_factory/parsed_templates.jsonl"));
  int compared = 0, refused = 0;
  for (std::string line; std::getline(file, line);) {
    const Json row = Json::parse(line);
    const std::string name = row["chat_template"], tokenizer = row["tokenizer"];
    const Json& specials = tokens.at(tokenizer);
    const auto parse = [&] {
      const std::string source = read_text_file(shared_path("fixtures/chat_templates/templates/" + name));
      const auto chat_template = ChatTemplate::from_source(source, name, specials, july_2025());
      return parse_slots(chat_template, specials.value("bos_token", ""));
    };
    if (row.contains("error")) {
      EXPECT_THROW(parse(), Error) << name;
      ++refused;
      continue;
    }
    const ParsedSlots slots = parse();
    EXPECT_EQ(list_of(slots.prefix), row["format_prefix"]) << name;
    EXPECT_EQ(list_of(slots.system), row["format_system"]) << name;
    EXPECT_EQ(list_of(slots.user), row["format_user"]) << name;
    EXPECT_EQ(list_of(slots.assistant), row["format_assistant"]) << name;
    EXPECT_EQ(slots.default_system, row["default_system"]) << name;
    EXPECT_EQ(slots.reasoning, row["class"] == "ReasoningTemplate") << name;
    ++compared;
  }
  EXPECT_GE(compared + refused, 46);
}

TEST(ParsedSlots, AreTheFallbackWhereATemplateHidesItsReplies) {
  // Replies are written backwards: no rendering of a prefix shows where they stand.
  const auto hiding = ChatTemplate::from_source(
      "{% for m in messages %}{{ m.role }}:{{ m.content if m.role != 'assistant' or messages | length < 3 else "
      "m.content[::-1] }};{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}",
      "hiding");
  const Messages messages = {make_message("user", "a"), make_message("assistant", "bc"), make_message("user", "d"),
                             make_message("assistant", "ef")};
  const auto pieces = hiding.encode_pieces(messages);
  ASSERT_EQ(pieces.size(), 4U);
  EXPECT_EQ(pieces[0].text, "user:a;assistant:");
  EXPECT_EQ(pieces[1].text, "bc;");
  EXPECT_TRUE(pieces[1].is_target);
  EXPECT_EQ(pieces[3].text, "ef;");
}

}  // namespace
}  // namespace llmbox
