// Parts of a set of rows as users write them: "test[:100]", "[10%:]", "train[5:20]", "[-5:]", "[:-10%]".
// Bounds beyond the set are cut to it, as in Python; shares are rounded to the nearest row.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "records/reader.h"

namespace llmbox {

/// Rows begin … end-1.
struct RowRange {
  int64_t begin = 0, end = 0;
  int64_t size() const { return end - begin; }
  bool operator==(const RowRange&) const = default;
};

/// A name and its slice: "test[:100]" → {"test", "[:100]"}; "test" → {"test", ""}.
struct NamedSlice {
  std::string name, slice;
};

/// Throws Error where the brackets are wrong.
NamedSlice split_slice(std::string_view text);

/// The rows that `slice` ("" = all) means of n. Throws Error where it is no slice.
RowRange apply_slice(std::string_view slice, int64_t n);

/// Only the rows of `range`, reading no further than its end.
std::unique_ptr<RowReader> slice_rows(std::unique_ptr<RowReader> rows, RowRange range);

}  // namespace llmbox
