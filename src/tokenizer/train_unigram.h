// Training of unigram pieces (Kudo 2018; the sentencepiece program's order of steps): seeds are the substrings that
// repeat, expectation maximisation weighs them, and the pieces whose loss hurts least go until the wanted number is
// left. Deterministic: nothing depends on threads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace llmbox {

struct CountedText {
  std::string_view text;  // whole characters, no longer than 4 GiB together with the others
  int64_t count;
};

struct ScoredPiece {
  std::string text;
  float score;  // natural logarithm of the probability
};

struct UnigramTrainingOptions {
  int64_t count = 8000;       // pieces to be left, the characters included
  size_t longest_piece = 16;  // characters
  size_t seeds = 1000000;     // pieces to begin with
};

/// Pieces by falling score; each of `characters` is one of them. Requires: count >= characters, and the words hold
/// only these characters. May give fewer than count where the words do not hold so many that repeat.
std::vector<ScoredPiece> train_unigram(const std::vector<CountedText>& words,
                                       const std::vector<std::string>& characters,
                                       const UnigramTrainingOptions& options);

}  // namespace llmbox
