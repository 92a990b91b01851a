// Ids, tokens and texts against the reference vectors of ../shared/fixtures/tokenizers.
#include <gtest/gtest.h>

#include <fstream>

#include "core/test_shared.h"
#include "tokenizer/tokenizer.h"

namespace llmbox {
namespace {

struct Case {
  const char* folder;
  const char* vectors;
};

std::vector<Json> read_vectors(const char* path) {
  std::vector<Json> vectors;
  std::ifstream in(shared_path(path));
  for (std::string line; std::getline(in, line);) vectors.push_back(parse_json(line, path));
  return vectors;
}

std::string streamed(const Tokenizer& tokenizer, const std::vector<int32_t>& ids, bool skip_special) {
  StreamDecoder decoder(tokenizer, skip_special);
  std::string text;
  for (int32_t id : ids) text += decoder.push(id);
  return text + decoder.finish();
}

// The vectors were partly recorded with clean-up on; a folder without tokenizer_config.json says nothing about it.
std::string without_spaces_before_marks(std::string text) {
  for (const char* mark : {" .", " ?", " !", " ,", " n't", " 'm", " 's", " 've", " 're"})
    for (size_t at = 0; (at = text.find(mark, at)) != std::string::npos;) text.erase(at, 1);
  return text;
}

class Vectors : public testing::TestWithParam<Case> {};

TEST_P(Vectors, EncodeAndDecodeAsTheReference) {
  REQUIRE_SHARED();
  auto tokenizer = Tokenizer::load(shared_path(GetParam().folder));
  std::vector<Json> vectors = read_vectors(GetParam().vectors);
  ASSERT_FALSE(vectors.empty());
  for (const Json& vector : vectors) {
    auto ids = vector["ids"].get<std::vector<int32_t>>();
    auto text = vector["text"].get<std::string>();
    bool special = vector["add_special_tokens"].get<bool>();
    EXPECT_EQ(tokenizer->encode(text, {.add_special = special, .parse_special = special}), ids) << text;
    for (bool skip : {false, true}) EXPECT_EQ(streamed(*tokenizer, ids, skip), tokenizer->decode(ids, skip)) << text;
    if (vector.contains("decoded")) {
      auto decoded = vector["decoded"].get<std::string>();
      EXPECT_EQ(without_spaces_before_marks(tokenizer->decode(ids)), without_spaces_before_marks(decoded));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Fixtures, Vectors,
    testing::Values(Case{"fixtures/tokenizers/gpt2", "fixtures/tokenizers/gpt2/vectors.jsonl"},
                    Case{"fixtures/tokenizers/llama2", "fixtures/tokenizers/llama2/vectors.jsonl"},
                    Case{"fixtures/tokenizers/llama3", "fixtures/tokenizers/llama3/vectors.jsonl"},
                    Case{"fixtures/tokenizers/qwen2", "fixtures/tokenizers/qwen2/vectors.jsonl"},
                    Case{"fixtures/tokenizers/falcon", "fixtures/tokenizers/falcon/vectors.jsonl"},
                    Case{"fixtures/tokenizers/gpt_neox_20b", "fixtures/tokenizers/gpt_neox_20b/vectors.jsonl"},
                    Case{"fixtures/tokenizers/phi3", "fixtures/tokenizers/phi3/vectors.jsonl"},
                    Case{"fixtures/tokenizers/clip", "fixtures/tokenizers/clip/vectors.jsonl"},
                    Case{"fixtures/weights/stories260K/hf", "fixtures/tokenizers/tok512/vectors.jsonl"}),
    [](const auto& info) {
      std::string name = std::filesystem::path(info.param.vectors).parent_path().filename();
      return name;
    });

TEST(Folder, NamesTheSpecialTokens) {
  REQUIRE_SHARED();
  auto llama = Tokenizer::load(shared_path("fixtures/tokenizers/llama2"));
  EXPECT_EQ(llama->bos_id(), 1);
  EXPECT_EQ(llama->eos_id(), 2);
  EXPECT_EQ(llama->pad_id(), std::nullopt);
  EXPECT_EQ(llama->vocab_size(), 32000);
  EXPECT_TRUE(llama->is_special(1));
  EXPECT_EQ(llama->token_to_id("▁the"), 278);
  EXPECT_EQ(llama->id_to_token(278), "▁the");
  auto qwen = Tokenizer::load(shared_path("fixtures/tokenizers/qwen2"));
  EXPECT_EQ(qwen->pad_id(), 151643);
  EXPECT_TRUE(qwen->config().contains("chat_template"));
}

TEST(Chatglm, GoesRoundThroughItsOwnNormalizer) {
  REQUIRE_SHARED();
  auto tokenizer = Tokenizer::load(shared_path("fixtures/tokenizers/chatglm"));
  std::string text = "你好 world, 🙂 2 + 2";
  EXPECT_EQ(tokenizer->decode(tokenizer->encode(text)), text);
}

}  // namespace
}  // namespace llmbox
