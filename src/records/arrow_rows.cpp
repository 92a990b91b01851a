#include "records/arrow_rows.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/util/float16.h>

#include "core/error.h"
#include "records/line_reader.h"

namespace llmbox {
namespace {

Json value_at(const arrow::Array& array, int64_t i);

template <class ArrayType>
Json plain_value(const arrow::Array& array, int64_t i) {
  return static_cast<const ArrayType&>(array).Value(i);
}

template <class ArrayType>
Json text_value(const arrow::Array& array, int64_t i) {
  const std::string_view text = static_cast<const ArrayType&>(array).GetView(i);
  require_utf8(text, array.type()->ToString() + " column");
  return std::string(text);
}

template <class ArrayType>
Json list_value(const arrow::Array& array, int64_t i) {
  const auto& lists = static_cast<const ArrayType&>(array);
  Json list = Json::array();
  for (int64_t at = 0; at < lists.value_length(i); ++at)
    list.push_back(value_at(*lists.values(), lists.value_offset(i) + at));
  return list;
}

Json struct_value(const arrow::Array& array, int64_t i) {
  const auto& structs = static_cast<const arrow::StructArray&>(array);
  Json object = Json::object();
  for (int f = 0; f < structs.num_fields(); ++f)
    object[structs.struct_type()->field(f)->name()] = value_at(*structs.field(f), i);
  return object;
}

// Keys that are text make an object, others a list of [key, value].
Json map_value(const arrow::Array& array, int64_t i) {
  const auto& maps = static_cast<const arrow::MapArray&>(array);
  const arrow::Type::type key = maps.map_type()->key_type()->id();
  const bool is_object = key == arrow::Type::STRING || key == arrow::Type::LARGE_STRING;
  Json map = is_object ? Json::object() : Json::array();
  for (int64_t at = maps.value_offset(i); at < maps.value_offset(i + 1); ++at) {
    Json name = value_at(*maps.keys(), at), value = value_at(*maps.items(), at);
    if (is_object) map[name.get<std::string>()] = std::move(value);
    if (!is_object) map.push_back(Json::array({std::move(name), std::move(value)}));
  }
  return map;
}

Json dictionary_value(const arrow::Array& array, int64_t i) {
  const auto& coded = static_cast<const arrow::DictionaryArray&>(array);
  return value_at(*coded.dictionary(), coded.GetValueIndex(i));
}

// Dates, times, decimals and whatever is rarer: as Arrow writes them.
Json written_value(const arrow::Array& array, int64_t i) {
  const auto scalar = array.GetScalar(i);
  if (!scalar.ok())
    fail("arrow", "expected a value of type {}, got {}", array.type()->ToString(), scalar.status().message());
  return (*scalar)->ToString();
}

struct TypeRow {
  arrow::Type::type type;
  Json (*value)(const arrow::Array&, int64_t);
};

constexpr TypeRow kTypes[] = {
    {arrow::Type::BOOL, plain_value<arrow::BooleanArray>},
    {arrow::Type::INT8, plain_value<arrow::Int8Array>},
    {arrow::Type::INT16, plain_value<arrow::Int16Array>},
    {arrow::Type::INT32, plain_value<arrow::Int32Array>},
    {arrow::Type::INT64, plain_value<arrow::Int64Array>},
    {arrow::Type::UINT8, plain_value<arrow::UInt8Array>},
    {arrow::Type::UINT16, plain_value<arrow::UInt16Array>},
    {arrow::Type::UINT32, plain_value<arrow::UInt32Array>},
    {arrow::Type::UINT64, plain_value<arrow::UInt64Array>},
    {arrow::Type::FLOAT, plain_value<arrow::FloatArray>},
    {arrow::Type::DOUBLE, plain_value<arrow::DoubleArray>},
    {arrow::Type::STRING, text_value<arrow::StringArray>},
    {arrow::Type::LARGE_STRING, text_value<arrow::LargeStringArray>},
    {arrow::Type::STRING_VIEW, text_value<arrow::StringViewArray>},
    {arrow::Type::BINARY, text_value<arrow::BinaryArray>},
    {arrow::Type::LARGE_BINARY, text_value<arrow::LargeBinaryArray>},
    {arrow::Type::BINARY_VIEW, text_value<arrow::BinaryViewArray>},
    {arrow::Type::LIST, list_value<arrow::ListArray>},
    {arrow::Type::LARGE_LIST, list_value<arrow::LargeListArray>},
    {arrow::Type::FIXED_SIZE_LIST, list_value<arrow::FixedSizeListArray>},
    {arrow::Type::STRUCT, struct_value},
    {arrow::Type::MAP, map_value},
    {arrow::Type::DICTIONARY, dictionary_value},
};

Json value_at(const arrow::Array& array, int64_t i) {
  if (array.IsNull(i) || array.type_id() == arrow::Type::NA) return nullptr;
  for (const TypeRow& row : kTypes)
    if (row.type == array.type_id()) return row.value(array, i);
  return written_value(array, i);
}

class BatchRows : public RowReader {
 public:
  BatchRows(std::shared_ptr<arrow::RecordBatchReader> batches, std::string file, const char* expected)
      : batches_(std::move(batches)), file_(std::move(file)), expected_(expected) {}

  std::optional<Row> next() override {
    while (batch_ == nullptr || at_ == batch_->num_rows()) {
      require_ok(batches_->ReadNext(&batch_), file_, expected_);
      at_ = 0;
      if (batch_ == nullptr) return std::nullopt;
    }
    ++row_;
    Row row = Row::object();
    for (int c = 0; c < batch_->num_columns(); ++c) row[batch_->column_name(c)] = cell(c);
    ++at_;
    return row;
  }
  std::string place() const override { return fmt::format("{} row {}", file_, row_); }

 private:
  Json cell(int column) const {
    try {
      return value_at(*batch_->column(column), at_);
    } catch (const Error& error) {
      fail(place(), "column '{}': {}", batch_->column_name(column), error.message());
    }
  }

  std::shared_ptr<arrow::RecordBatchReader> batches_;
  std::string file_;
  const char* expected_;
  std::shared_ptr<arrow::RecordBatch> batch_;
  int64_t at_ = 0, row_ = 0;
};

}  // namespace

void require_ok(const arrow::Status& status, const std::string& file, const char* expected) {
  if (!status.ok()) fail(file, "expected {}, got '{}'", expected, status.message());
}

std::unique_ptr<RowReader> rows_of_batches(std::shared_ptr<arrow::RecordBatchReader> batches, std::string file,
                                           const char* expected) {
  return std::make_unique<BatchRows>(std::move(batches), std::move(file), expected);
}

}  // namespace llmbox
