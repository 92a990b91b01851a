// Parquet, read by Arrow one record batch at a time.
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <parquet/arrow/reader.h>

#include "records/arrow_rows.h"
#include "records/formats.h"

namespace llmbox {
namespace {

constexpr const char* kParquetFile = "a Parquet file";

// Keeps the file reader alive beside the batches that read through it.
class ParquetRows : public RowReader {
 public:
  explicit ParquetRows(const std::string& file) {
    auto input = arrow::io::ReadableFile::Open(file);
    require_ok(input.status(), file, kParquetFile);
    auto reader = parquet::arrow::OpenFile(*input, arrow::default_memory_pool());
    require_ok(reader.status(), file, kParquetFile);
    reader_ = std::move(*reader);
    auto batches = reader_->GetRecordBatchReader();
    require_ok(batches.status(), file, kParquetFile);
    rows_ = rows_of_batches(std::move(*batches), file, kParquetFile);
  }

  std::optional<Row> next() override { return rows_->next(); }
  std::string place() const override { return rows_->place(); }

 private:
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::unique_ptr<RowReader> rows_;
};

}  // namespace

std::unique_ptr<RowReader> open_parquet(const std::filesystem::path& path, const RowOptions&) {
  return std::make_unique<ParquetRows>(path.string());
}

}  // namespace llmbox
