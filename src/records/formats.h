// The openers behind the format table, one file each. Requires: the file exists and is not empty (open_rows checks).
#pragma once

#include "records/reader.h"

namespace llmbox {

std::unique_ptr<RowReader> open_jsonl(const std::filesystem::path& path, const RowOptions& options);
std::unique_ptr<RowReader> open_json(const std::filesystem::path& path, const RowOptions& options);
std::unique_ptr<RowReader> open_csv(const std::filesystem::path& path, const RowOptions& options);
std::unique_ptr<RowReader> open_tsv(const std::filesystem::path& path, const RowOptions& options);
std::unique_ptr<RowReader> open_parquet(const std::filesystem::path& path, const RowOptions& options);
std::unique_ptr<RowReader> open_arrow(const std::filesystem::path& path, const RowOptions& options);
std::unique_ptr<RowReader> open_text(const std::filesystem::path& path, const RowOptions& options);

}  // namespace llmbox
