#include "tokenizer/train_bpe.h"

#include <gtest/gtest.h>

#include "core/rng.h"
#include "core/test_shared.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/utf8.h"

namespace llmbox {
namespace {

WordCounter counted(std::initializer_list<const char*> texts) {
  WordCounter words("gpt2");
  for (const char* text : texts) words.add(text);
  return words;
}

BpeTrainingOptions small_options(int64_t vocab_size) {
  BpeTrainingOptions options;
  options.vocab_size = vocab_size;
  options.special_tokens = {"<unk>"};
  options.bos_token = "<s>";
  options.eos_token = "</s>";
  options.pad_token = "<unk>";
  options.pattern = "gpt2";
  return options;
}

TEST(TrainBpe, MergesTheMostFrequentPairAndTheSmallestAmongEquals) {
  TrainedBpe trained = train_bpe(counted({"ab ab ab cd cd aaaa aaaa"}), small_options(3 + 256 + 4));
  ASSERT_EQ(trained.merges.size(), 4u);
  EXPECT_EQ(trained.merges[0], std::pair(std::string("a"), std::string("a"))) << "six times";
  EXPECT_EQ(trained.merges[1], std::pair(std::string("a"), std::string("b"))) << "three times";
  EXPECT_EQ(trained.merges[2], std::pair(std::string("c"), std::string("d"))) << "twice, as (aa, aa); c is the smaller";
  EXPECT_EQ(trained.vocab.size(), 263u);
  EXPECT_EQ(trained.vocab[0], "<unk>");
  EXPECT_EQ(trained.vocab[1], "<s>");
  EXPECT_EQ(trained.vocab[2], "</s>");
}

TEST(TrainBpe, StopsWhereNothingIsFrequentEnough) {
  BpeTrainingOptions options = small_options(1000);
  EXPECT_EQ(train_bpe(counted({"abc xyz"}), options).merges.size(), 0u);
  options.min_frequency = 1;
  EXPECT_EQ(train_bpe(counted({"abc xyz"}), options).merges.size(), 5u);
}

TEST(TrainBpe, GivesTheSameForTheSameWordsInAnyOrder) {
  TrainedBpe one = train_bpe(counted({"the cat the hat", "that chat"}), small_options(280));
  TrainedBpe other = train_bpe(counted({"that chat", "the cat the hat"}), small_options(280));
  EXPECT_EQ(one.vocab, other.vocab);
  EXPECT_EQ(one.merges, other.merges);
}

TEST(TrainBpe, WritesATokenizerThatKeepsAnyText) {
  TempFolder folder;
  BpeTrainingOptions options = small_options(300);
  options.chat_template = "{{ messages }}";
  save_trained_bpe(train_bpe(counted({"the cat sat on the mat with the hat"}), options), options, folder.path());
  auto tokenizer = Tokenizer::load(folder.path());
  EXPECT_EQ(tokenizer->bos_id(), 1);
  EXPECT_EQ(tokenizer->eos_id(), 2);
  EXPECT_EQ(tokenizer->pad_id(), 0);
  EXPECT_EQ(tokenizer->config()["chat_template"], "{{ messages }}");
  EXPECT_EQ(tokenizer->encode("", {.add_special = true}), (std::vector<int32_t>{1}));
  EXPECT_EQ(tokenizer->encode("</s>", {.parse_special = true}), (std::vector<int32_t>{2}));
  EXPECT_LT(tokenizer->encode("the cat").size(), 5u);
  Rng rng(1);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (uint64_t n = rng.below(20); n > 0; --n) {
      auto c = static_cast<uint32_t>(rng.below(rng.below(2) ? 0x80 : 0x110000));
      if (c < 0xD800 || c >= 0xE000) append_code_point(text, c);
    }
    EXPECT_EQ(tokenizer->decode(tokenizer->encode(text)), text);
  }
}

TEST(TrainBpe, RefusesAVocabularyWithoutRoomForTheBytes) {
  std::string message = message_of([] { train_bpe(counted({"a"}), small_options(100)); });
  EXPECT_NE(message.find("expected vocab_size >= 259 (3 special tokens and 256 bytes), got 100"), std::string::npos)
      << message;
}

TEST(TrainBpe, EqualsTheTokenizersLibrary) {
  // Merges of tokenizers 0.22.1 (BpeTrainer, vocab_size 272, gpt2 pattern) on this text.
  TrainedBpe trained =
      train_bpe(counted({"low lower lowest newer newest widest wider low low slow"}), small_options(272));
  std::vector<std::pair<std::string, std::string>> expected = {{"l", "o"},  {"lo", "w"}, {"Ġ", "low"}, {"e", "r"},
                                                               {"e", "s"},  {"es", "t"}, {"e", "w"},   {"i", "d"},
                                                               {"n", "ew"}, {"w", "id"}, {"Ġ", "new"}, {"Ġ", "wid"}};
  EXPECT_EQ(trained.merges, expected);
}

}  // namespace
}  // namespace llmbox
