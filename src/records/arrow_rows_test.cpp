#include <arrow/builder.h>
#include <arrow/io/file.h>
#include <arrow/ipc/writer.h>
#include <arrow/table.h>
#include <parquet/arrow/writer.h>

#include "core/test_shared.h"
#include "records/reader.h"

namespace llmbox {
namespace {

template <class T>
T value_of(arrow::Result<T> result) {
  EXPECT_TRUE(result.ok()) << result.status().ToString();
  return std::move(result).ValueUnsafe();
}

std::shared_ptr<arrow::Array> finished(arrow::ArrayBuilder& builder) { return value_of(builder.Finish()); }

// Rows {"id": 0, "text": "row 0", "score": 0, "tags": [], "meta": {"label": null, "n": 0}}, {"id": 1, …}, …
std::shared_ptr<arrow::Table> nested_table(int64_t n) {
  arrow::Int64Builder id;
  arrow::StringBuilder text;
  arrow::DoubleBuilder score;
  auto tag = std::make_shared<arrow::StringBuilder>();
  arrow::ListBuilder tags(arrow::default_memory_pool(), tag);
  auto label = std::make_shared<arrow::BooleanBuilder>();
  auto number = std::make_shared<arrow::Int32Builder>();
  const auto meta_type = arrow::struct_({arrow::field("label", arrow::boolean()), arrow::field("n", arrow::int32())});
  arrow::StructBuilder meta(meta_type, arrow::default_memory_pool(), {label, number});
  arrow::StringDictionaryBuilder subject;
  for (int64_t i = 0; i < n; ++i) {
    EXPECT_TRUE(id.Append(i).ok() && text.Append(fmt::format("row {}", i)).ok());
    EXPECT_TRUE((i % 2 == 0 ? score.Append(0.5 * static_cast<double>(i)) : score.AppendNull()).ok());
    EXPECT_TRUE(tags.Append().ok() && meta.Append().ok());
    for (int64_t t = 0; t < i % 3; ++t) EXPECT_TRUE(tag->Append(fmt::format("t{}", t)).ok());
    EXPECT_TRUE((i == 0 ? label->AppendNull() : label->Append(i % 2 == 1)).ok() &&
                number->Append(static_cast<int>(i)).ok());
    EXPECT_TRUE(subject.Append(i % 2 == 0 ? "even" : "odd").ok());
  }
  const auto subject_array = finished(subject);
  const auto schema =
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("text", arrow::utf8()),
                     arrow::field("score", arrow::float64()), arrow::field("tags", arrow::list(arrow::utf8())),
                     arrow::field("meta", meta_type), arrow::field("subject", subject_array->type())});
  return arrow::Table::Make(
      schema, {finished(id), finished(text), finished(score), finished(tags), finished(meta), subject_array});
}

std::filesystem::path write_parquet(const TempFolder& folder, int64_t n, int64_t rows_per_group) {
  const std::filesystem::path path = folder.path() / "rows.parquet";
  const auto sink = value_of(arrow::io::FileOutputStream::Open(path.string()));
  EXPECT_TRUE(parquet::arrow::WriteTable(*nested_table(n), arrow::default_memory_pool(), sink, rows_per_group).ok());
  EXPECT_TRUE(sink->Close().ok());
  return path;
}

void expect_nested_rows(const std::vector<Row>& rows, size_t n) {
  ASSERT_EQ(rows.size(), n);
  EXPECT_EQ(rows[0].dump(),
            R"({"id":0,"text":"row 0","score":0.0,"tags":[],"meta":{"label":null,"n":0},"subject":"even"})");
  EXPECT_EQ(rows[5].dump(),
            R"({"id":5,"text":"row 5","score":null,"tags":["t0","t1"],"meta":{"label":true,"n":5},"subject":"odd"})");
  EXPECT_EQ(rows.back()["id"], n - 1);
}

TEST(Parquet, ReadsNestedColumnsAcrossRowGroups) {
  const TempFolder folder;
  expect_nested_rows(read_rows(write_parquet(folder, 100, 30)), 100);
}

TEST(Parquet, PlacesNameTheRow) {
  const TempFolder folder;
  const auto rows = open_rows(write_parquet(folder, 5, 2));
  for (int i = 0; i < 3; ++i) rows->next();
  EXPECT_TRUE(rows->place().ends_with("rows.parquet row 3")) << rows->place();
}

TEST(Parquet, ATruncatedOrForeignFileIsAClearError) {
  const TempFolder folder;
  const auto path = write_parquet(folder, 100, 100);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  EXPECT_NE(message_of([&] { read_rows(path); }).find("rows.parquet] expected a Parquet file, got '"),
            std::string::npos);
  const auto foreign = folder.write("x.parquet", "{\"a\": 1}");
  EXPECT_NE(message_of([&] { read_rows(foreign); }).find("x.parquet] expected a Parquet file, got '"),
            std::string::npos);
}

TEST(Parquet, BytesThatAreNoTextNameRowAndColumn) {
  const TempFolder folder;
  arrow::BinaryBuilder image;
  EXPECT_TRUE(image.Append("text").ok() && image.Append("\xFF\xD8").ok());
  const auto table = arrow::Table::Make(arrow::schema({arrow::field("image", arrow::binary())}), {finished(image)});
  const std::filesystem::path path = folder.path() / "b.parquet";
  const auto sink = value_of(arrow::io::FileOutputStream::Open(path.string()));
  EXPECT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink).ok() && sink->Close().ok());
  const std::string message = message_of([&] { read_rows(path); });
  EXPECT_NE(message.find("b.parquet row 2] column 'image': expected UTF-8 text"), std::string::npos) << message;
}

TEST(Arrow, ReadsFileAndStreamForms) {
  const TempFolder folder;
  const auto table = nested_table(40);
  for (const bool is_stream : {false, true}) {
    const std::filesystem::path path = folder.path() / (is_stream ? "stream.arrow" : "file.arrow");
    const auto sink = value_of(arrow::io::FileOutputStream::Open(path.string()));
    const auto writer = is_stream ? value_of(arrow::ipc::MakeStreamWriter(sink, table->schema()))
                                  : value_of(arrow::ipc::MakeFileWriter(sink, table->schema()));
    EXPECT_TRUE(writer->WriteTable(*table, 16).ok() && writer->Close().ok() && sink->Close().ok());
    expect_nested_rows(read_rows(path), 40);
  }
  const auto foreign = folder.write("x.arrow", "no arrow at all");
  EXPECT_NE(message_of([&] { read_rows(foreign); }).find("x.arrow] expected an Arrow file or stream, got '"),
            std::string::npos);
}

}  // namespace
}  // namespace llmbox
