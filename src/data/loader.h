// The order of the data: units (samples or packed rows) shuffled anew each epoch from the seed, handed out in batches.
// The whole state is {epoch, position}: a restored loader goes on at the exact unit. Not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "core/json.h"

namespace llmbox {

struct LoaderOptions {
  int64_t n_units = 0;
  int64_t batch_size = 1;    // units a batch; the last batch of an epoch may be smaller
  int64_t accumulation = 1;  // batches a step; the last step of an epoch may have fewer
  uint64_t seed = 42;
  bool shuffle = true;
};

class DataLoader {
 public:
  /// Requires: n_units ≥ 1.
  explicit DataLoader(const LoaderOptions& options);
  /// The batches (lists of unit numbers) of the next optimizer step. Steps never span two epochs.
  std::vector<std::vector<int64_t>> next_step();
  int64_t steps_per_epoch() const;
  /// Epochs done, with the fraction of the running one.
  double epoch() const;
  Json state() const;
  /// Throws Error where the state was written for other data (n_units, batch size or seed differ).
  void set_state(const Json& state);

 private:
  void start_epoch(int64_t epoch);

  LoaderOptions options_;
  int64_t epoch_ = 0;
  int64_t position_ = 0;  // units of this epoch handed out
  std::vector<int64_t> order_;
};

}  // namespace llmbox
