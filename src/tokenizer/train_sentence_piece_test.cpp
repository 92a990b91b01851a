#include "tokenizer/train_sentence_piece.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "core/test_shared.h"
#include "tokenizer/extend_vocabulary.h"

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

// Words of syllables, so that there is something to be found.
std::string syllable_text() {
  std::mt19937 random(5);
  std::string text;
  for (int line = 0; line < 400; ++line) {
    for (int word = 0; word < 6; ++word) {
      for (uint32_t i = 0, n = 1 + random() % 3; i < n; ++i)
        text += std::array{"the", "cat", "ing", "walk", "sun", "ed", "你好", "世界", "ha"}[random() % 9];
      text += ' ';
    }
    text += '\n';
  }
  return text;
}

SentencePieceTrainingOptions unigram(int64_t vocab_size, bool byte_fallback = false) {
  return {.algorithm = SentencePieceModel::Algorithm::kUnigram,
          .vocab_size = vocab_size,
          .character_coverage = 1,
          .byte_fallback = byte_fallback};
}

TEST(TrainUnigram, WritesAModelThatKeepsAnyText) {
  TempFolder folder;
  SentencePieceModel model = trained(syllable_text().c_str(), unigram(340, true));
  double probability = 0;
  for (const auto& piece : model.pieces)
    if (piece.kind == PieceKind::kNormal) probability += std::exp(piece.score);
  EXPECT_NEAR(probability, 1, 0.1);
  auto tokenizer = Tokenizer::load(folder.write("tokenizer.model", sentence_piece_proto(model)));
  auto same = Tokenizer::load(folder.write("tokenizer.json", unigram_tokenizer_json(model).dump()));
  for (std::string text : {"the hat", "a 🙂 é", "  two", "walking thecat 世界"}) {
    EXPECT_EQ(tokenizer->decode(tokenizer->encode(text)), text);
    EXPECT_EQ(same->encode(text), tokenizer->encode(text)) << text;
  }
}

TEST(TrainUnigram, GivesTheWantedNumberOfPieces) {
  for (int64_t size : {40, 45, 60})
    EXPECT_EQ(trained(syllable_text().c_str(), unigram(size)).pieces.size(), static_cast<size_t>(size));
}

TEST(TrainUnigram, FindsWhatWordsAreMadeOf) {
  TempFolder folder;
  SentencePieceModel model = trained(syllable_text().c_str(), unigram(60));
  auto tokenizer = Tokenizer::load(folder.write("tokenizer.model", sentence_piece_proto(model)));
  for (std::string piece : {"cat", "ing", "walk", "sun", "你好", "世界"})
    EXPECT_TRUE(tokenizer->token_to_id(piece).has_value() || tokenizer->token_to_id("▁" + piece)) << piece;
  EXPECT_LE(tokenizer->encode("walking sunwalkha").size(), 8u);
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
