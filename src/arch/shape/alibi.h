// Slopes of ALiBi (Press et al. 2022, "Train Short, Test Long"): one a head, a geometric sequence. Families differ in
// what they do where the number of heads is no power of two.
#pragma once

#include <cstdint>
#include <vector>

namespace llmbox {

/// The paper's rule: the sequence of the next lower power of two, then every second one of its double's.
std::vector<double> alibi_slopes(int64_t n_head);

/// MPT's: the sequence of the next higher power of two, its odd places first, cut to n_head. slope 2^-bias_max is the
/// smallest.
std::vector<double> alibi_slopes_from_above(int64_t n_head, double bias_max);

}  // namespace llmbox
