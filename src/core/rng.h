// Random numbers that are the same on every machine: xoshiro256** (Blackman and Vigna) seeded through splitmix64.
// `stream` gives independent sequences for one seed (one per data set, worker or tensor). One draw of every kind
// consumes exactly one next() (below() rarely more), and the whole state is saved and restored as JSON. Not
// thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "core/json.h"

namespace llmbox {

class Rng {
 public:
  explicit Rng(uint64_t seed, uint64_t stream = 0);

  uint64_t next();
  /// Uniform in [0, n), without bias. Requires: n > 0.
  uint64_t below(uint64_t n);
  /// Uniform in [0, 1), 53 bits.
  double uniform();
  /// Standard normal: the inverse distribution function of one uniform (Wichura 1988, AS 241).
  double normal();

  template <class T>
  void shuffle(std::span<T> items) {
    for (size_t i = 0; i + 1 < items.size(); ++i) std::swap(items[i], items[i + below(items.size() - i)]);
  }
  template <class T>
  void shuffle(std::vector<T>& items) {
    shuffle(std::span<T>(items));
  }
  /// 0 … n-1 in random order.
  std::vector<int64_t> permutation(int64_t n);

  Json state() const;
  /// Throws Error where `state` is none of ours.
  void set_state(const Json& state);

 private:
  std::array<uint64_t, 4> words_;
};

}  // namespace llmbox
