// What a training step eats: samples (token ids with a loss mask) packed into one flat row with segment borders.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace llmbox {

/// The label of a token that is not learned.
inline constexpr int32_t kNoTarget = -100;

/// One encoded example. labels[t]: what the tokens before t are taught to say next, mostly ids[t], or kNoTarget.
struct Sample {
  std::vector<int32_t> ids;
  std::vector<int32_t> labels;                 // same length
  bool prompt_cut = false, reply_cut = false;  // tokens were left out to fit cutoff_len
};

/// One packed row. labels[t] = next token to predict at position t, or kNoTarget. Labels never cross a segment border.
struct PackedRow {
  std::vector<int32_t> tokens;
  std::vector<int32_t> positions;
  std::vector<int32_t> labels;
  std::vector<int64_t> segment_starts;  // S + 1
  int64_t n_targets() const;
};

}  // namespace llmbox
