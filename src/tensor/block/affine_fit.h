// Scales for runs of values, chosen by their squared error: w ≈ scale · code - minimum, codes 0 … top (Q4_K), and
// w ≈ scale · code with signed codes (Q6_K). Each is a short search over starting scales, refined by least squares.
#pragma once

#include <span>

namespace llmbox {

struct AffineFit {
  float scale = 0, minimum = 0;  // both ≥ 0
};

AffineFit fit_affine(std::span<const float> values, int top);

/// Codes from -bottom to bottom - 1. The scale may be negative: the value of the largest size gets code -bottom.
float fit_symmetric(std::span<const float> values, int bottom);

/// The code from 0 to `top` whose multiple of `scale` is nearest; 0 where scale is 0.
int nearest_code(float value, float scale, int top);

}  // namespace llmbox
