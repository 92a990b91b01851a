// Damaged files of every kind: each gives a tokenizer or one clear Error, never a crash or a large allocation.
#include <gtest/gtest.h>

#include <fstream>

#include "core/error.h"
#include "core/rng.h"
#include "core/test_shared.h"
#include "tokenizer/gguf_metadata.h"
#include "tokenizer/tokenizer.h"

namespace llmbox {
namespace {

// Loads and encodes; true where that went well, and the message is one line naming the file where it did not.
bool loads(const std::filesystem::path& path) {
  try {
    auto tokenizer = Tokenizer::load(path);
    tokenizer->decode(tokenizer->encode("Hello wörld, 你好 \n 123 <s>", {.add_special = true, .parse_special = true}));
    tokenizer->encode_with_offsets("Hello wörld");
    return true;
  } catch (const Error& error) {
    std::string message = error.what();
    EXPECT_NE(message.find(path.filename().string()), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    return false;
  }
}

void expect_survives(const std::filesystem::path& original, const std::string& name) {
  TempFolder folder;
  std::string whole = read_text_file(original);
  Rng rng(whole.size());
  int failed = 0;
  for (int round = 0; round < 60; ++round) {
    std::string damaged = whole;
    if (round % 3 == 0) damaged.resize(rng.below(whole.size()));
    if (round % 3 != 0)
      for (uint64_t n = 1 + rng.below(round % 3 == 1 ? 4 : 400); n > 0; --n)
        damaged[rng.below(std::min<uint64_t>(damaged.size(), round % 2 ? 400 : damaged.size()))] =
            static_cast<char>(rng.below(256));
    failed += !loads(folder.write(name, damaged));
  }
  EXPECT_GT(failed, 5) << "most damage is noticed";
}

TEST(DamagedFile, SentencePieceBpe) {
  REQUIRE_SHARED();
  expect_survives(shared_path("fixtures/tokenizers/tok512/tokenizer.model"), "tokenizer.model");
}

TEST(DamagedFile, SentencePieceUnigram) {
  REQUIRE_SHARED();
  expect_survives(shared_path("fixtures/tokenizers/sp_unigram_en/test_model.model"), "spiece.model");
}

TEST(DamagedFile, Llama2c) {
  REQUIRE_SHARED();
  expect_survives(shared_path("fixtures/tokenizers/tok512/tok512.bin"), "tokenizer.bin");
}

TEST(DamagedFile, TokenizerJson) {
  REQUIRE_SHARED();
  expect_survives(shared_path("fixtures/weights/stories260K/hf/tokenizer.json"), "tokenizer.json");
}

TEST(DamagedFile, Gguf) {
  REQUIRE_SHARED();
  expect_survives(shared_path("fixtures/weights/stories260K/stories260K.f32.gguf"), "model.gguf");
}

struct Text {
  const char *name, *text, *message;
};

TEST(WrongFile, SaysWhereAndWhat) {
  TempFolder folder;
  for (const Text& row : {
           Text{"x.tiktoken", "IQ== 0\nIg== x\n", "expected 'TOKEN-IN-BASE64 RANK' on line 2, got 'Ig== x'"},
           Text{"x.tiktoken", "IQ== 0\nIg== 1\n", "expected a known vocabulary"},
           Text{"x.tiktoken", "I!== 0\n", "on line 1"},
           Text{"x.tiktoken", "IQ== 99999999\n", "expected ids from 0 to"},
           Text{"rwkv_vocab.txt", "1 '\\x00' 1\n2 'ab' 3\n", "rwkv_vocab.txt:2] expected 'ID LITERAL LENGTH'"},
           Text{"rwkv_vocab.txt", "1 '\\q' 1\n", "expected 'ID LITERAL LENGTH', got '1 '\\q' 1'"},
           Text{"vocab.txt", "a\nb\n", "expected '[UNK]' in the WordPiece vocabulary"},
           Text{"vocab.txt", "[UNK]\n\xFF\xFE\n", "expected tokens in UTF-8"},
           Text{"x.gguf", "GGUF\x03", "got the file's end within it"},
           Text{"x.gguf", "GGUG\x03\x00\x00\x00", "expected a GGUF file"},
           Text{"x.bin", "\x05", "got its end within an entry"},
           Text{"x.dat", "hello", "got a file of no known kind"},
           Text{"tokenizer.json", R"({"model":{"type":"BPE","vocab":{"a":4000000000}}})", "expected ids from 0 to"},
           Text{"tokenizer.json", R"({"model":{"type":"BPE","vocab":{"a":-1}}})", "expected ids from 0 to"},
           Text{"tokenizer.json", R"({"model":{"type":"BPE","dropout":2,"vocab":{"a":0}}})", "expected dropout from 0"},
           Text{"tokenizer.json", R"({"model":{"type":"Unigram","unk_id":7,"vocab":[["a",-1]]}})", "expected unk_id"},
           Text{"tokenizer.json", R"({"model":{"type":"Unigram","vocab":[["a","b"]]}})", "expected [piece, score]"},
           Text{"tokenizer.json", R"({"model":{"type":"WordPiece","vocab":{"a":0}}})", "expected '[UNK]'"},
       }) {
    auto path = folder.write(row.name, row.text);
    std::string message = message_of([&] { Tokenizer::load(path); });
    EXPECT_NE(message.find(row.message), std::string::npos) << message;
    EXPECT_NE(message.find(row.name), std::string::npos) << message;
    std::filesystem::remove(path);
  }
}

TEST(DeepJson, IsRefused) {
  TempFolder folder;
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += R"({"type":"Sequence","normalizers":[)";
  EXPECT_FALSE(loads(folder.write("tokenizer.json", R"({"normalizer":)" + deep)));
  std::string closed(deep);
  for (int i = 0; i < 100000; ++i) closed += "]}";
  EXPECT_FALSE(loads(folder.write(
      "tokenizer.json", R"({"normalizer":)" + closed + R"(,"model":{"type":"BPE","vocab":{"a":0},"merges":[]}})")));
}

TEST(MissingPart, NamesWhatIsMissing) {
  TempFolder folder;
  folder.write("vocab.json", R"({"a":0})");
  std::string message = message_of([&] { Tokenizer::load(folder.path()); });
  EXPECT_NE(message.find("expected merges.txt beside vocab.json"), std::string::npos) << message;
  folder.write("merges.txt", "#version: 0.2\na\n");
  message = message_of([&] { Tokenizer::load(folder.path()); });
  EXPECT_NE(message.find("expected 'left right' on line 2, got 'a'"), std::string::npos) << message;
  folder.write("merges.txt", "a b\n");
  message = message_of([&] { Tokenizer::load(folder.path()); });
  EXPECT_NE(message.find("expected token 'b' of merge 0"), std::string::npos) << message;
}

TEST(AddedTokens, MayHoldOneAnother) {
  TempFolder folder;
  // Tokens that begin with, end with and repeat one another, two under one id, and an empty one.
  auto tokenizer = Tokenizer::load(folder.write("tokenizer.json", R"({"added_tokens":[
      {"id":5,"content":"<a>","special":true,"normalized":false},{"id":6,"content":"<a><a>","special":true,"normalized":false},
      {"id":5,"content":"a><","special":true,"normalized":false},{"id":7,"content":"","special":true,"normalized":false}],
      "model":{"type":"BPE","vocab":{"a":0,"<":1,">":2},"merges":[]}})"));
  EXPECT_EQ(tokenizer->encode("<a><a><a>", {.parse_special = true}), (std::vector<int32_t>{6, 5}));
}

}  // namespace
}  // namespace llmbox
