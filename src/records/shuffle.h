// Random order of rows that one seed fixes. A set that is in memory takes Rng::permutation or Rng::shuffle; a stream
// goes through a buffer, which gives the same order as the set in memory where the buffer holds all of it.
#pragma once

#include <memory>

#include "core/rng.h"
#include "records/reader.h"

namespace llmbox {

/// Draws each row from a buffer of `buffer_size` rows that is refilled from `rows`. Requires: buffer_size > 0.
std::unique_ptr<RowReader> shuffle_rows(std::unique_ptr<RowReader> rows, int64_t buffer_size, Rng rng);

}  // namespace llmbox
