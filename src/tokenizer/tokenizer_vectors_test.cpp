// Ids, tokens and texts against the reference vectors of ../shared/fixtures/tokenizers.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "core/test_shared.h"
#include "tokenizer/tokenizer.h"

namespace llmbox {
namespace {

struct Case {
  const char* name;
  const char* tokenizer;  // folder or file under fixtures/
  const char* vectors;    // folder under fixtures/tokenizers
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

void expect_encoded(const Tokenizer& tokenizer, const Json& vector, const std::vector<int32_t>& ids) {
  auto text = vector["text"].get<std::string>();
  bool special = vector["add_special_tokens"].get<bool>();
  EncodeOptions options{.add_special = special, .parse_special = special};
  if (vector.contains("text_pair")) {
    EXPECT_EQ(tokenizer.encode_pair(text, vector["text_pair"].get<std::string>(), options), ids) << text;
    return;
  }
  EXPECT_EQ(tokenizer.encode(text, options), ids) << text;
  OffsetEncoding encoding = tokenizer.encode_with_offsets(text, options);
  EXPECT_EQ(encoding.ids, ids) << text;
  ASSERT_EQ(encoding.spans.size(), ids.size());
  uint32_t least = 0;
  for (Span span : encoding.spans) {
    EXPECT_LE(span.begin, span.end);
    EXPECT_LE(span.end, text.size());
    EXPECT_GE(span.end, least) << text << ": spans go from left to right";
    least = span.end;
  }
}

// The token strings leave out the special tokens around the text, and show unknown ones as the text has them.
void expect_tokens(const Tokenizer& tokenizer, const Json& vector, const std::vector<int32_t>& ids) {
  std::vector<std::string> tokens;
  for (int32_t id : ids)
    if (!vector.contains("text_pair") || !tokenizer.is_special(id)) tokens.push_back(tokenizer.id_to_token(id));
  auto expected = vector["tokens"].get<std::vector<std::string>>();
  auto same = [](const std::string& ours, const std::string& theirs) { return ours == theirs || ours == "<unk>"; };
  auto found = std::search(tokens.begin(), tokens.end(), expected.begin(), expected.end(), same);
  EXPECT_TRUE(found != tokens.end() || expected.empty()) << vector.dump();
}

void expect_decoded(const Tokenizer& tokenizer, const Json& vector, const std::vector<int32_t>& ids) {
  for (bool skip : {false, true}) {
    EXPECT_EQ(streamed(tokenizer, ids, skip), tokenizer.decode(ids, skip));
    const char* key = skip ? "decoded_skip_special" : "decoded";
    if (!vector.contains(key)) continue;
    auto decoded = vector[key].get<std::string>();
    EXPECT_EQ(without_spaces_before_marks(tokenizer.decode(ids, skip)), without_spaces_before_marks(decoded));
  }
}

TEST_P(Vectors, EncodeAndDecodeAsTheReference) {
  REQUIRE_SHARED();
  auto tokenizer = Tokenizer::load(shared_path(std::string("fixtures/") + GetParam().tokenizer));
  std::string folder = std::string("fixtures/tokenizers/") + GetParam().vectors;
  int count = 0;
  for (const char* name : {"/vectors.jsonl", "/vectors_questions.jsonl"}) {
    for (const Json& vector : read_vectors((folder + name).c_str())) {
      auto ids = vector["ids"].get<std::vector<int32_t>>();
      expect_encoded(*tokenizer, vector, ids);
      if (vector.contains("tokens")) expect_tokens(*tokenizer, vector, ids);
      expect_decoded(*tokenizer, vector, ids);
      ++count;
    }
  }
  EXPECT_GE(count, 25);
}

INSTANTIATE_TEST_SUITE_P(
    Fixtures, Vectors,
    testing::Values(
        Case{"bert_base_uncased", "tokenizers/bert_base_uncased", "bert_base_uncased"},
        Case{"cl100k_base", "tokenizers/cl100k_base", "cl100k_base"}, Case{"clip", "tokenizers/clip", "clip"},
        Case{"deepseek_coder", "tokenizers/deepseek_coder", "deepseek_coder"},
        Case{"falcon", "tokenizers/falcon", "falcon"},
        Case{"falcon_gguf", "tokenizers/falcon/ggml-vocab-falcon.gguf", "falcon"},
        Case{"gpt2", "tokenizers/gpt2", "gpt2"}, Case{"gpt2_gguf", "tokenizers/gpt2/ggml-vocab-gpt-2.gguf", "gpt2"},
        Case{"gpt2_merges", "tokenizers/gpt2/vocab.json", "gpt2"},
        Case{"gpt_neox_20b", "tokenizers/gpt_neox_20b", "gpt_neox_20b"},
        Case{"internlm", "tokenizers/internlm", "internlm"}, Case{"llama2", "tokenizers/llama2", "llama2"},
        Case{"llama2_model", "tokenizers/llama2/tokenizer.model", "llama2"},
        Case{"llama2_gguf", "tokenizers/llama2/ggml-vocab-llama-spm.gguf", "llama2"},
        Case{"llama2_bin", "tokenizers/llama2/tokenizer.bin", "llama2"}, Case{"llama3", "tokenizers/llama3", "llama3"},
        Case{"llama3_tiktoken", "tokenizers/llama3/tokenizer.model", "llama3"},
        Case{"llama3_merges", "tokenizers/llama3/vocab.json", "llama3"},
        Case{"mistral_v1", "tokenizers/mistral_v1", "mistral_v1"},
        Case{"mistral_v2", "tokenizers/mistral_v2", "mistral_v2"}, Case{"mpt", "tokenizers/mpt", "mpt"},
        Case{"phi3", "tokenizers/phi3", "phi3"}, Case{"phi3_gguf", "tokenizers/phi3/ggml-vocab-phi-3.gguf", "phi3"},
        Case{"qwen2", "tokenizers/qwen2", "qwen2"}, Case{"qwen2_merges", "tokenizers/qwen2/vocab.json", "qwen2"},
        Case{"refact", "tokenizers/refact", "refact"}, Case{"rwkv_world", "tokenizers/rwkv_world", "rwkv_world"},
        Case{"sp_unigram_en", "tokenizers/sp_unigram_en", "sp_unigram_en"},
        Case{"t5_small", "tokenizers/t5_small", "t5_small"}, Case{"tok512", "tokenizers/tok512", "tok512"},
        Case{"tok512_bin", "tokenizers/tok512/tok512.bin", "tok512"},
        Case{"tok512_json", "weights/stories260K/hf", "tok512"}),
    [](const auto& info) { return std::string(info.param.name); });

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
