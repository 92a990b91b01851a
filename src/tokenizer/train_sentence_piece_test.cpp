#include "tokenizer/train_sentence_piece.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

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

// Text of which unigram pieces can be told apart.
std::string repeated_text() {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "the cat sat on the mat\nthat hat is the cat's hat\n你好世界 你好\n";
  return text;
}

TEST(TrainUnigram, WritesAModelThatKeepsAnyText) {
  TempFolder folder;
  SentencePieceModel model = trained(repeated_text().c_str(), {.algorithm = SentencePieceModel::Algorithm::kUnigram,
                                                               .vocab_size = 300,
                                                               .character_coverage = 1,
                                                               .byte_fallback = true});
  double probability = 0;
  for (const auto& piece : model.pieces)
    if (piece.kind == PieceKind::kNormal) probability += std::exp(piece.score);
  EXPECT_NEAR(probability, 1, 0.1);
  auto tokenizer = Tokenizer::load(folder.write("tokenizer.model", sentence_piece_proto(model)));
  EXPECT_TRUE(tokenizer->token_to_id("▁the").has_value());
  EXPECT_TRUE(tokenizer->token_to_id("▁你好").has_value());
  auto same = Tokenizer::load(folder.write("tokenizer.json", unigram_tokenizer_json(model).dump()));
  for (std::string text : {"the hat", "a 🙂 é", "  two", "that cat's mat 世界"}) {
    EXPECT_EQ(tokenizer->decode(tokenizer->encode(text)), text);
    EXPECT_EQ(same->encode(text), tokenizer->encode(text)) << text;
  }
}

TEST(TrainUnigram, GivesTheWantedNumberOfPieces) {
  for (int64_t size : {40, 45, 60}) {
    SentencePieceModel model =
        trained(repeated_text().c_str(),
                {.algorithm = SentencePieceModel::Algorithm::kUnigram, .vocab_size = size, .character_coverage = 1});
    EXPECT_EQ(model.pieces.size(), static_cast<size_t>(size));
  }
}

TEST(TrainUnigram, CutsAsItsProbabilitiesSay) {
  // Two words of one stem each: the stem and the endings come cheaper than their letters.
  std::string text;
  for (int i = 0; i < 100; ++i) text += "walking talking walked talked\n";
  SentencePieceModel model = trained(
      text.c_str(), {.algorithm = SentencePieceModel::Algorithm::kUnigram, .vocab_size = 17, .character_coverage = 1});
  auto has = [&](std::string_view piece) {
    return std::any_of(model.pieces.begin(), model.pieces.end(), [&](const auto& p) { return p.text == piece; });
  };
  EXPECT_TRUE(has("alk") || has("▁walk") || has("alking") || has("▁walking"));
}

TEST(ExtendSentencePiece, AppendsNewPiecesAndKeepsTheIdsOfOtherText) {
  TempFolder folder;
  auto base = folder.write("base.model", sentence_piece_proto(trained("the cat the hat", {.vocab_size = 30})));
  ExtendedModel extended = extend_sentence_piece(base, trained("zoo zoo zoo", {.vocab_size = 30}));
  EXPECT_FALSE(extended.added.empty());
  ASSERT_EQ(extended.spelled.size(), extended.added.size());
  auto before = Tokenizer::load(base);
  auto after = Tokenizer::load(folder.write("after.model", extended.proto));
  EXPECT_EQ(extended.first, before->vocab_size());
  for (size_t i = 0; i < extended.added.size(); ++i)
    EXPECT_EQ(after->id_to_token(extended.first + static_cast<int32_t>(i)), extended.added[i]);
  EXPECT_EQ(after->vocab_size(), before->vocab_size() + static_cast<int32_t>(extended.added.size()));
  EXPECT_EQ(after->encode("the cat"), before->encode("the cat"));
  EXPECT_EQ(after->encode("zoo").size(), 1u);
}

}  // namespace
}  // namespace llmbox
