#include "tokenizer/train_sentence_piece.h"

#include <gtest/gtest.h>

#include "core/test_shared.h"

namespace llmbox {
namespace {

SentencePieceModel trained(const char* text, SentencePieceTrainingOptions options) {
  PieceWordCounter words(options.user_symbols);
  words.add(text);
  return train_sentence_piece(words, options);
}

TEST(TrainSentencePiece, WritesAModelThatKeepsAnyText) {
  TempFolder folder;
  SentencePieceModel model =
      trained("the cat the hat\n你好你好 abc123", {.vocab_size = 310, .character_coverage = 1, .byte_fallback = true});
  auto tokenizer = Tokenizer::load(folder.write("tokenizer.model", sentence_piece_proto(model)));
  EXPECT_TRUE(tokenizer->token_to_id("▁the").has_value());
  EXPECT_TRUE(tokenizer->token_to_id("你好").has_value());
  EXPECT_FALSE(tokenizer->token_to_id("c1").has_value()) << "letters and digits are of two scripts";
  for (std::string text : {"the hat", "a 🙂 é", "  two"}) EXPECT_EQ(tokenizer->decode(tokenizer->encode(text)), text);
}

TEST(TrainSentencePiece, RefusesAVocabularyWithoutRoomForTheCharacters) {
  std::string message = message_of([] { trained("abc", {.vocab_size = 4}); });
  EXPECT_NE(message.find("expected vocab_size >= 7 (3 special pieces and 4 characters), got 4"), std::string::npos)
      << message;
}

TEST(ExtendSentencePiece, AppendsNewPiecesAndKeepsTheIdsOfOtherText) {
  TempFolder folder;
  auto base = folder.write("base.model", sentence_piece_proto(trained("the cat the hat", {.vocab_size = 30})));
  ExtendedModel extended = extend_sentence_piece(base, trained("zoo zoo zoo", {.vocab_size = 30}));
  EXPECT_FALSE(extended.added.empty());
  auto before = Tokenizer::load(base);
  auto after = Tokenizer::load(folder.write("after.model", extended.proto));
  EXPECT_EQ(after->vocab_size(), before->vocab_size() + static_cast<int32_t>(extended.added.size()));
  EXPECT_EQ(after->encode("the cat"), before->encode("the cat"));
  EXPECT_EQ(after->encode("zoo").size(), 1u);
}

}  // namespace
}  // namespace llmbox
