// What a training step eats: samples (token ids with a loss mask) packed into one flat row with segment borders.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace llmbox {

/// One encoded example. loss_mask[t] = 1: token t is a target (predicted from the tokens before it).
struct Sample {
  std::vector<int32_t> ids;
  std::vector<uint8_t> loss_mask;  // same length
  bool truncated = false;
};

/// One packed row. labels[t] = next token to predict at position t, or -100. Labels never cross a segment border.
struct PackedRow {
  std::vector<int32_t> tokens;
  std::vector<int32_t> positions;
  std::vector<int32_t> labels;
  std::vector<int64_t> segment_starts;  // S + 1
  int64_t n_targets() const;
};

}  // namespace llmbox
