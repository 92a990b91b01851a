// Arrow IPC: the file form (magic "ARROW1"; also Feather 2) and the stream form, which the datasets library caches.
#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>

#include <fstream>

#include "records/arrow_rows.h"
#include "records/formats.h"

namespace llmbox {
namespace {

constexpr const char* kArrowFile = "an Arrow file or stream";

// The batches of a file in their order.
class FileBatches : public arrow::RecordBatchReader {
 public:
  explicit FileBatches(std::shared_ptr<arrow::ipc::RecordBatchFileReader> file) : file_(std::move(file)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return file_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    batch->reset();
    if (at_ == file_->num_record_batches()) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(*batch, file_->ReadRecordBatch(at_++));
    return arrow::Status::OK();
  }

 private:
  std::shared_ptr<arrow::ipc::RecordBatchFileReader> file_;
  int at_ = 0;
};

bool has_file_magic(const std::filesystem::path& path) {
  char magic[6] = {};
  std::ifstream(path, std::ios::binary).read(magic, sizeof magic);
  return std::string_view(magic, sizeof magic) == "ARROW1";
}

}  // namespace

std::unique_ptr<RowReader> open_arrow(const std::filesystem::path& path, const RowOptions&) {
  const std::string file = path.string();
  auto input = arrow::io::ReadableFile::Open(file);
  require_ok(input.status(), file, kArrowFile);
  if (has_file_magic(path)) {
    auto reader = arrow::ipc::RecordBatchFileReader::Open(*input);
    require_ok(reader.status(), file, kArrowFile);
    return rows_of_batches(std::make_shared<FileBatches>(*reader), file, kArrowFile);
  }
  auto reader = arrow::ipc::RecordBatchStreamReader::Open(*input);
  require_ok(reader.status(), file, kArrowFile);
  return rows_of_batches(*reader, file, kArrowFile);
}

}  // namespace llmbox
