// Arrow's record batches as rows, for the formats that Arrow reads. Lists become lists, structs and maps with text keys
// objects, dictionaries their values, dates, times and decimals text, null null; binary must be UTF-8.
#pragma once

#include <memory>
#include <string>

#include "records/reader.h"

namespace arrow {
class RecordBatchReader;
class Status;
}  // namespace arrow

namespace llmbox {

/// Throws Error naming the file where `status` is not OK: "expected a parquet file, got …".
void require_ok(const arrow::Status& status, const std::string& file, const char* expected);

/// Rows of `batches`, read one batch at a time. `expected` names the format in error lines: "a Parquet file".
std::unique_ptr<RowReader> rows_of_batches(std::shared_ptr<arrow::RecordBatchReader> batches, std::string file,
                                           const char* expected);

}  // namespace llmbox
