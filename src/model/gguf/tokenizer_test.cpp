#include "model/gguf/tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/test_shared.h"
#include "model/gguf/tokenizer_rules.h"

namespace llmbox {
namespace {

std::map<std::string, GgufValue> metadata_of(const std::filesystem::path& folder, int64_t vocab_size) {
  const GgufEntries entries = gguf_tokenizer(folder, vocab_size);
  return {entries.begin(), entries.end()};
}

TEST(GgufTokenizer, EqualsTheReferenceFileOfSentencePiece) {
  REQUIRE_SHARED();
  const auto folder = shared_path("fixtures/weights/stories260K");
  const Json expected = GgufFile::open(folder / "stories260K.f32.gguf").metadata();
  auto ours = metadata_of(folder / "hf", 512);
  EXPECT_EQ(Json(std::get<std::vector<std::string>>(ours["tokenizer.ggml.tokens"])), expected["tokenizer.ggml.tokens"]);
  EXPECT_EQ(Json(std::get<std::vector<int32_t>>(ours["tokenizer.ggml.token_type"])),
            expected["tokenizer.ggml.token_type"]);
  for (const std::string key : {"bos_token_id", "eos_token_id", "unknown_token_id"})
    EXPECT_EQ(std::get<uint32_t>(ours["tokenizer.ggml." + key]), expected["tokenizer.ggml." + key]) << key;
  EXPECT_EQ(std::get<std::string>(ours["tokenizer.ggml.model"]), "llama");
  EXPECT_TRUE(std::get<bool>(ours["tokenizer.ggml.add_bos_token"]));
  // Scores differ by a scale that does not matter: their order is what joins pieces.
  const auto scores = std::get<std::vector<float>>(ours["tokenizer.ggml.scores"]);
  const auto reference = expected["tokenizer.ggml.scores"].get<std::vector<float>>();
  ASSERT_EQ(scores.size(), reference.size());
  for (size_t i = 260; i < scores.size(); ++i)
    if (scores[i] != scores[i - 1]) {
      EXPECT_EQ(scores[i] < scores[i - 1], reference[i] < reference[i - 1]) << i;
    }
}

TEST(GgufTokenizer, ByteLevelVocabulariesKeepTheirMerges) {
  const TempFolder folder;
  folder.write("tokenizer.json", R"({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2},
      "merges": [["a", "b"]]}, "pre_tokenizer": {"type": "ByteLevel"}, "added_tokens":
      [{"id": 3, "content": "<end>", "special": true}, {"id": 4, "content": "word", "special": false}]})");
  folder.write("tokenizer_config.json", R"({"eos_token": {"content": "<end>"}, "chat_template": "{{ x }}"})");
  auto ours = metadata_of(folder.path(), 6);
  EXPECT_EQ(std::get<std::string>(ours["tokenizer.ggml.model"]), "gpt2");
  EXPECT_EQ(std::get<std::vector<std::string>>(ours["tokenizer.ggml.merges"]), std::vector<std::string>{"a b"});
  EXPECT_EQ(std::get<std::vector<std::string>>(ours["tokenizer.ggml.tokens"]),
            (std::vector<std::string>{"a", "b", "ab", "<end>", "word", "[PAD5]"}));
  EXPECT_EQ(std::get<std::vector<int32_t>>(ours["tokenizer.ggml.token_type"]),
            (std::vector<int32_t>{1, 1, 1, 3, 4, 5}));
  EXPECT_EQ(std::get<uint32_t>(ours["tokenizer.ggml.eos_token_id"]), 3u);
  EXPECT_EQ(std::get<std::string>(ours["tokenizer.chat_template"]), "{{ x }}");
}

TEST(GgufTokenizer, UnigramVocabulariesKeepTheirScoresAndCharacters) {
  const TempFolder folder;
  folder.write("tokenizer.json", R"({"model": {"unk_id": 1, "vocab": [["<pad>", 0], ["<unk>", 0], ["▁a", -1.5]]},
      "normalizer": {"type": "Precompiled", "precompiled_charsmap": "AQL/"},
      "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, {"type": "Metaspace"}]},
      "post_processor": {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A"}},
                         {"SpecialToken": {"id": "</s>"}}]},
      "added_tokens": [{"id": 3, "content": "</s>", "special": true}]})");
  auto ours = metadata_of(folder.path(), 4);
  EXPECT_EQ(std::get<std::string>(ours["tokenizer.ggml.model"]), "t5");
  EXPECT_EQ(std::get<std::vector<float>>(ours["tokenizer.ggml.scores"]), (std::vector<float>{0, 0, -1.5, 0}));
  EXPECT_EQ(std::get<std::vector<int32_t>>(ours["tokenizer.ggml.token_type"]), (std::vector<int32_t>{1, 2, 1, 3}));
  EXPECT_EQ(std::get<std::vector<uint8_t>>(ours["tokenizer.ggml.precompiled_charsmap"]),
            (std::vector<uint8_t>{1, 2, 255}));
  EXPECT_EQ(std::get<uint32_t>(ours["tokenizer.ggml.eos_token_id"]), 3u);
  EXPECT_EQ(std::get<uint32_t>(ours["tokenizer.ggml.unknown_token_id"]), 1u);
  EXPECT_TRUE(std::get<bool>(ours["tokenizer.ggml.add_eos_token"]));
  EXPECT_FALSE(std::get<bool>(ours["tokenizer.ggml.add_bos_token"]));
  EXPECT_TRUE(std::get<bool>(ours["tokenizer.ggml.add_space_prefix"]));
  EXPECT_TRUE(std::get<bool>(ours["tokenizer.ggml.remove_extra_whitespaces"]));
}

TEST(GgufTokenizer, ThePatternsGiveTheSplittingRule) {
  const auto rule = [](const char* pre, bool ignore_merges = false) {
    return splitting_rule({{"pre_tokenizer", parse_json(pre, "test")}, {"model", {{"ignore_merges", ignore_merges}}}});
  };
  EXPECT_EQ(rule(R"({"type": "ByteLevel"})"), "gpt-2");
  EXPECT_EQ(rule(R"({"pattern": {"Regex": "x|\\p{N}|y"}})"), "qwen2");
  EXPECT_EQ(rule(R"({"pattern": {"Regex": "x|\\p{N}{1,3}|y"}})", true), "llama-bpe");
  EXPECT_EQ(rule(R"({"pattern": {"Regex": "x|\\p{N}{1,3}|y"}})"), "smaug-bpe");
  EXPECT_EQ(rule(R"([{"type": "Digits", "individual_digits": true}])"), "starcoder");
  EXPECT_EQ(rule(R"([{"type": "Digits", "individual_digits": false}, {"Regex": "[0-9][0-9][0-9]"}])"), "falcon");
}

TEST(GgufTokenizer, OneTokenBeforeAndOneBehindATextAreSaid) {
  const auto around = [](const char* single) {
    return surrounding_of(
        {{"post_processor", {{"type", "TemplateProcessing"}, {"single", parse_json(single, "test")}}}});
  };
  const char* kOne = R"([{"SpecialToken": {"id": "<s>"}}, {"Sequence": {}}])";
  EXPECT_EQ(around(kOne).before, "<s>");
  EXPECT_EQ(around(kOne).after, std::nullopt);
  const char* kTwo = R"([{"SpecialToken": {"id": "[gMASK]"}}, {"SpecialToken": {"id": "sop"}}, {"Sequence": {}}])";
  EXPECT_EQ(around(kTwo).before, std::nullopt);
}

TEST(GgufTokenizer, WhatGgufHasNoNameForIsLeftOut) {
  const TempFolder folder;
  EXPECT_TRUE(gguf_tokenizer(folder.path(), 4).empty());
  folder.write("tokenizer.json", R"({"model": {"type": "WordPiece", "vocab": {"a": 0}}})");
  EXPECT_TRUE(gguf_tokenizer(folder.path(), 4).empty());
}

TEST(GgufTokenizer, ABrokenFileIsNamed) {
  const TempFolder folder;
  const auto fault = [&](const char* text) {
    folder.write("tokenizer.json", text);
    return message_of([&] { gguf_tokenizer(folder.path(), 2); });
  };
  EXPECT_NE(fault(R"({"model": {"vocab": [["a", 0]], "unk_id": 0},
                      "normalizer": {"type": "Precompiled", "precompiled_charsmap": "?"}})")
                .find("tokenizer.json] expected base64"),
            std::string::npos);
  EXPECT_NE(fault("{}").find("expected an object 'model'"), std::string::npos);
  EXPECT_NE(fault(R"({"model": {"vocab": {"a": 7}}, "decoder": {"type": "ByteLevel"}})").find("2 rows, got 7"),
            std::string::npos);
}

}  // namespace
}  // namespace llmbox
