#include "data/encode.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "chat/reference_row.h"

namespace llmbox {
namespace {

// The worked cases of LLaMA-Factory's encoding: eos = 99.
const std::vector<TurnIds> kTurns = {{{1, 2, 3, 4}, {5, 6, 99}}, {{7, 8}, {9, 99}}};

using Ids = std::vector<int32_t>;
constexpr int32_t I = -100;

TEST(Encode, SplitsLengthsAsTheReference) {
  REQUIRE_SHARED();
  std::ifstream file(shared_path("fixtures/llama_factory/sft_encoding.jsonl"));
  int compared = 0;
  for (std::string line; std::getline(file, line);) {
    Json row = parse_json(line, "sft_encoding.jsonl");
    if (row["kind"] != "infer_seqlen") continue;
    auto [source, target] = split_length(row["source_len"], row["target_len"], row["cutoff_len"]);
    EXPECT_EQ(Json::array({source, target}), row["result"]) << line;
    ++compared;
  }
  EXPECT_EQ(compared, 116);
}

TEST(Encode, JoinsTurnsWithinTheCutoff) {
  Sample whole = join_turns(kTurns, {.cutoff_len = 100});
  EXPECT_EQ(whole.ids, (Ids{1, 2, 3, 4, 5, 6, 99, 7, 8, 9, 99}));
  EXPECT_EQ(whole.labels, (Ids{I, I, I, I, 5, 6, 99, I, I, 9, 99}));
  EXPECT_FALSE(whole.prompt_cut || whole.reply_cut);
  Sample eight = join_turns(kTurns, {.cutoff_len = 8});
  EXPECT_EQ(eight.ids, (Ids{1, 2, 3, 4, 5, 6, 99, 7}));
  EXPECT_TRUE(eight.prompt_cut && eight.reply_cut);
  EXPECT_EQ(join_turns(kTurns, {.cutoff_len = 5}).labels, (Ids{I, I, I, 5, 6}));
}

TEST(Encode, TrainsOnThePromptWhenAsked) {
  Sample sample = join_turns(kTurns, {.cutoff_len = 100, .train_on_prompt = true});
  EXPECT_EQ(sample.labels, sample.ids);
}

TEST(Encode, MaskedHistoryGivesTheLastTurnPriority) {
  EXPECT_EQ(join_turns(kTurns, {.cutoff_len = 100, .mask_history = true}).labels,
            (Ids{I, I, I, I, I, I, I, I, I, 9, 99}));
  EXPECT_EQ(join_turns(kTurns, {.cutoff_len = 8, .mask_history = true}).ids, (Ids{1, 2, 3, 5, 7, 8, 9, 99}));
  Sample five = join_turns(kTurns, {.cutoff_len = 5, .mask_history = true});
  EXPECT_EQ(five.ids, (Ids{1, 7, 8, 9, 99}));
  EXPECT_EQ(five.labels, (Ids{I, I, I, 9, 99}));
}

TEST(Encode, EfficientEosEndsTheSampleOnce) {
  const std::vector<TurnIds> turns = {{{1, 2, 3, 4}, {5, 6}}, {{7, 8}, {9}}};
  const Sample whole = join_turns(turns, {.cutoff_len = 100, .closing_eos = 99});
  EXPECT_EQ(whole.ids, (Ids{1, 2, 3, 4, 5, 6, 7, 8, 9, 99}));
  EXPECT_EQ(whole.labels, (Ids{I, I, I, I, 5, 6, 99, I, 9, 99}));
  // The reference puts the eos label on the first token of the sequence here; ours has no such label.
  EXPECT_EQ(join_turns(turns, {.cutoff_len = 100, .mask_history = true, .closing_eos = 99}).labels,
            (Ids{I, I, I, I, I, I, I, I, 9, 99}));
  const Sample six = join_turns(turns, {.cutoff_len = 6, .closing_eos = 99});
  EXPECT_EQ(six.ids, (Ids{1, 2, 3, 5, 6, 99}));
  EXPECT_EQ(six.labels, (Ids{I, I, I, 5, 6, 99}));
}

TEST(Encode, KnowsWhenNothingIsLearned) {
  EXPECT_EQ(n_targets({{1, 2, 3}, {I, I, I}}), 0);
  EXPECT_EQ(n_targets({{1, 2, 3}, {1, I, I}}), 0);  // the first token is never predicted
  EXPECT_EQ(n_targets({{1, 2, 3}, {I, I, 3}}), 1);
}

struct EncodingCase {
  const char* chat_template;
  const char* tokenizer;  // of the fixture's rows
  const char* folder;     // of that tokenizer
};

class EncodeFixture : public testing::TestWithParam<EncodingCase> {};

TEST_P(EncodeFixture, EqualsLlamaFactory) {
  REQUIRE_SHARED();
  const EncodingCase& param = GetParam();
  const auto folder = shared_path("fixtures/tokenizers") / param.folder;
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no tokenizer " << folder;
  auto tokenizer = Tokenizer::load(folder);
  const std::map<std::string, Json> special_tokens = {
      {"llama3", {{"bos_token", "<|begin_of_text|>"}, {"eos_token", "<|end_of_text|>"}}},
      {"qwen2", {{"eos_token", "<|endoftext|>"}}},
      {"llama2", {{"bos_token", "<s>"}, {"eos_token", "</s>"}, {"unk_token", "<unk>"}}}};
  const Json& specials = special_tokens.at(param.tokenizer);
  ChatTemplate chat_template =
      ChatTemplate::from_row(ReferenceRow::row_of(param.chat_template), specials, fixed_clock());
  const std::string& eos = chat_template.eos_replacement();
  tokenizer = tokenizer->with_roles(
      {.eos = eos.empty() ? specials["eos_token"].get<std::string>() : eos, .special = chat_template.stop_words()});
  std::map<std::string, Example> conversations;
  std::ifstream file(shared_path("fixtures/llama_factory/sft_encoding.jsonl"));
  int compared = 0, wrong = 0;
  for (std::string line; std::getline(file, line);) {
    Json row = parse_json(line, "sft_encoding.jsonl");
    if (row["kind"] == "conversation") {
      Example example;
      for (const Json& message : row["_prompt"]) example.prompt.push_back(message);
      for (const Json& message : row["_response"]) example.response.push_back(message);
      example.system = row["_system"];
      example.tools = row["_tools"];
      conversations[row["name"]] = example;
    }
    if (row["kind"] != "supervised" || row["template"] != param.chat_template || row["tokenizer"] != param.tokenizer)
      continue;
    if (!row.contains("input_ids")) continue;
    const Example& example = conversations.at(row["conversation"]);
    const Json& args = row["args"];
    SampleOptions options{.cutoff_len = args["cutoff_len"],
                          .train_on_prompt = args.value("train_on_prompt", false),
                          .mask_history = args.value("mask_history", false)};
    if (chat_template.efficient_eos()) options.closing_eos = tokenizer->eos_id();
    const Json variables = {{"enable_thinking", args.value("enable_thinking", true)},
                            {"preserve_thinking", args.value("preserve_thinking", false)},
                            {"discard_history", options.mask_history}};
    Sample sample = join_turns(encode_turns(example, chat_template, *tokenizer, variables), options);
    // The reference's defect: with mask_history the eos labels of efficient_eos fall on prompts of masked turns.
    if (options.closing_eos && options.mask_history)
      for (size_t t = 0; t < row["labels"].size(); ++t)
        if (row["labels"][t] == *options.closing_eos && row["input_ids"][t] != *options.closing_eos)
          row["labels"][t] = kNoTarget;
    ++compared;
    if (Json(sample.ids) != row["input_ids"] || Json(sample.labels) != row["labels"]) {
      if (++wrong <= 3)
        ADD_FAILURE() << row["conversation"] << " " << args << "\n  ours " << Json(sample.ids) << "\n  ref  "
                      << row["input_ids"] << "\n  ours " << Json(sample.labels) << "\n  ref  " << row["labels"];
    }
  }
  EXPECT_EQ(wrong, 0) << "of " << compared;
  EXPECT_GT(compared, 50);
}

INSTANTIATE_TEST_SUITE_P(
    Templates, EncodeFixture,
    testing::Values(EncodingCase{"llama3", "llama3", "llama3"}, EncodingCase{"qwen", "qwen2", "qwen2"},
                    EncodingCase{"qwen3", "qwen2", "qwen2"}, EncodingCase{"glm4_moe", "llama3", "llama3"},
                    EncodingCase{"solar", "llama3", "llama3"}, EncodingCase{"llama2", "llama2", "llama2"}),
    [](const auto& info) { return std::string(info.param.chat_template); });

}  // namespace
}  // namespace llmbox
