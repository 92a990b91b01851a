// Mixing several sets of rows into one, as LLaMA-Factory's mix_strategy. Rotation takes one row of each set in turn and
// ends between rounds; with probabilities each row's set is drawn (seeded). Two forms that give the same order:
// mix_order() for sets in memory, mix_rows() for streams.
//   concat            one set after another
//   interleave_under  until the first set is exhausted
//   interleave_over   until all are exhausted; exhausted ones start again
//   interleave_once   until all are exhausted; exhausted ones are passed over
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/rng.h"
#include "records/reader.h"

namespace llmbox {

enum class MixStrategy { kConcat, kInterleaveUnder, kInterleaveOver, kInterleaveOnce };

/// The strategies' names in the order of the enum, for FieldTable::choice.
const std::vector<std::string>& mix_strategy_names();

/// Throws Error with the nearest names for an unknown one.
MixStrategy parse_mix_strategy(std::string_view name);

struct MixOptions {
  MixStrategy strategy = MixStrategy::kConcat;
  std::vector<double> probabilities =
      {};  // one per set, in any unit; empty: rotation. Only for the interleaving strategies
  uint64_t seed = 42;
};

/// Row `row` of set `set`.
struct MixedRow {
  size_t set = 0;
  int64_t row = 0;
  bool operator==(const MixedRow&) const = default;
};

/// The order of mixed rows of sets with these sizes. Throws Error for an empty set or wrong probabilities.
std::vector<MixedRow> mix_order(std::span<const int64_t> sizes, const MixOptions& options);

/// A set that can be read again from its start.
using RowSource = std::function<std::unique_ptr<RowReader>()>;

std::unique_ptr<RowReader> mix_rows(std::vector<RowSource> sets, const MixOptions& options);

}  // namespace llmbox
