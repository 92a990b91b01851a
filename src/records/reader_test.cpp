#include "records/reader.h"

#include "core/error.h"
#include "core/test_shared.h"

namespace llmbox {
namespace {

std::string fault_of(const std::filesystem::path& path, const RowOptions& options = {}) {
  return message_of([&] { read_rows(path, options); });
}

bool says(const std::string& message, const std::string& tail) { return message.find(tail) != std::string::npos; }

TEST(Jsonl, ReadsObjectsInOrderAndPassesOverBlankLines) {
  const TempFolder folder;
  const auto rows = read_rows(folder.write("a.jsonl", "\xEF\xBB\xBF{\"b\":1,\"a\":\"é\"}\r\n\n{\"b\":2}"));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].dump(), R"({"b":1,"a":"é"})");
}

TEST(Jsonl, AnInvalidLineNamesFileAndLine) {
  const TempFolder folder;
  const std::string message = fault_of(folder.write("a.jsonl", "{\"a\":1}\n\n{\"a\":2\n{\"a\":3}\n"));
  EXPECT_TRUE(says(message, "a.jsonl] line 3, column 7: expected valid JSON, got")) << message;
  const std::string list = fault_of(folder.write("b.jsonl", "{\"a\":1}\n[1]\n"));
  EXPECT_TRUE(says(list, "b.jsonl] line 2: expected a JSON object, got array [1]")) << list;
}

TEST(Jsonl, PlacesNameTheLine) {
  const TempFolder folder;
  const auto rows = open_rows(folder.write("a.jsonl", "\n{\"a\":1}\n"));
  rows->next();
  EXPECT_TRUE(rows->place().ends_with("a.jsonl line 2"));
}

TEST(JsonRows, ReadsAListAndAnObjectWithOne) {
  const TempFolder folder;
  EXPECT_EQ(read_rows(folder.write("a.json", R"([{"a":1},{"a":2}])")).size(), 2u);
  EXPECT_EQ(read_rows(folder.write("b.json", R"({"canary":"x","tags":["t"],"examples":[{"a":1}]})")).size(), 1u);
  const auto columns = read_rows(folder.write("c.json", R"({"a":[1,2],"b":["x","y"]})"));
  ASSERT_EQ(columns.size(), 2u);
  EXPECT_EQ(columns[1].dump(), R"({"a":2,"b":"y"})");
}

TEST(JsonRows, AKeyChoosesAmongSeveralLists) {
  const TempFolder folder;
  const auto path = folder.write("a.json", R"({"x":[{"a":1}],"y":[{"a":2},{"a":3}]})");
  EXPECT_TRUE(says(fault_of(path), "got an object with 2 of them; try naming 'x' or 'y'")) << fault_of(path);
  EXPECT_EQ(read_rows(path, {.list_key = "y"}).size(), 2u);
  EXPECT_TRUE(says(fault_of(path, {.list_key = "z"}), "expected key 'z', got 'x' and 'y'"));
}

TEST(JsonRows, LinesInAJsonFileAreRead) {
  const TempFolder folder;
  EXPECT_EQ(read_rows(folder.write("dev.json", "{\"a\":1}\n{\"a\":2}\n")).size(), 2u);
}

TEST(JsonRows, BadFilesSayWhatIsWrong) {
  const TempFolder folder;
  EXPECT_TRUE(
      says(fault_of(folder.write("t.json", "[{\"a\":1},\n{\"a\":")), "t.json] line 2, column 6: expected valid JSON"));
  EXPECT_TRUE(
      says(fault_of(folder.write("w.json", "[{\"a\":1}, 5]")), "w.json row 2] expected a JSON object, got number 5"));
  EXPECT_TRUE(says(fault_of(folder.write("s.json", "5")), "s.json] expected a list of objects, got number"));
  EXPECT_TRUE(says(fault_of(folder.write("o.json", "{\"a\":1}")), "got an object with 0 of them"));
}

TEST(Csv, QuotesSeparatorsLineEndsAndMarks) {
  const TempFolder folder;
  const auto rows = read_rows(folder.write(
      "a.csv", "\xEF\xBB\xBFq,\"the, answer\",n\r\n\"say \"\"hi\"\"\",\"two\nlines\",5\r\n\nit's 5\" wide,,\"\""));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].dump(), R"({"q":"say \"hi\"","the, answer":"two\nlines","n":"5"})");
  EXPECT_EQ(rows[1].dump(), R"({"q":"it's 5\" wide","the, answer":"","n":""})");
}

TEST(Csv, TsvSplitsAtTabs) {
  const TempFolder folder;
  EXPECT_EQ(read_rows(folder.write("a.tsv", "id\tsentence\n1\ta, b\n")).at(0).dump(),
            R"({"id":"1","sentence":"a, b"})");
}

TEST(Csv, NamesForAFileWithoutAHeaderAndForNamelessColumns) {
  const TempFolder folder;
  EXPECT_EQ(read_rows(folder.write("a.csv", "2+2?,4,B\n"), {.columns = {"question", "a", "answer"}}).at(0)["answer"],
            "B");
  EXPECT_EQ(read_rows(folder.write("b.csv", ",Question\n0,why\n")).at(0).dump(),
            R"({"Unnamed: 0":"0","Question":"why"})");
}

TEST(Csv, BadFilesNameTheLine) {
  const TempFolder folder;
  const std::string cells = fault_of(folder.write("a.csv", "a,b\n1,\"2\n2\"\n1,2,3\n"));
  EXPECT_TRUE(says(cells, "a.csv line 4] expected 2 cells ('a' and 'b'), got 3")) << cells;
  EXPECT_TRUE(says(fault_of(folder.write("b.csv", "a,b\n1,\"2\n3\n")), "b.csv line 2] expected the closing quote"));
  EXPECT_TRUE(says(fault_of(folder.write("c.csv", "a,a\n1,2\n")), "got 'a' twice"));
  EXPECT_TRUE(says(fault_of(folder.write("d.csv", "a\nok\n\xFF\xFE\n")), "d.csv line 3] expected UTF-8 text"));
}

TEST(Text, LinesOrTheWholeFile) {
  const TempFolder folder;
  const auto path = folder.write("a.txt", "one\n\ntwo\n");
  const auto lines = read_rows(path);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[2]["text"], "two");
  EXPECT_EQ(read_rows(path, {.whole_file = true}).at(0)["text"], "one\n\ntwo\n");
}

TEST(Rows, MissingEmptyAndUnknownFilesAreClear) {
  const TempFolder folder;
  EXPECT_TRUE(says(fault_of(folder.path() / "no.jsonl"), "no.jsonl] expected a data file, found none"));
  for (const char* name : {"e.jsonl", "e.json", "e.csv", "e.parquet", "e.txt"})
    EXPECT_TRUE(says(fault_of(folder.write(name, "")), "expected rows, got an empty file")) << name;
  EXPECT_TRUE(says(fault_of(folder.write("a.jsnl", "x")), "got extension '.jsnl'"));
  EXPECT_TRUE(
      says(fault_of(folder.write("a.src", "x"), {.format = "txt"}), "expected a row format, got 'txt'; try 'text'"));
  EXPECT_EQ(read_rows(folder.write("a.src", "x"), {.format = "text"}).size(), 1u);
}

// Row counts of ../shared/data/INDEX.md, one file of every form.
TEST(Rows, ReadsTheSharedData) {
  REQUIRE_SHARED();
  const std::pair<const char*, size_t> files[] = {{"alpaca/alpaca_5000.json", 5000},
                                                  {"llama_factory/c4_demo.jsonl", 300},
                                                  {"llama_factory/wiki_demo.txt", 30},
                                                  {"adgen/dev.json", 1070},
                                                  {"aqua/test.json", 254},
                                                  {"piqa/valid.jsonl", 1838},
                                                  {"truthfulqa/TruthfulQA.csv", 20},
                                                  {"winogender/all_sentences.tsv", 720},
                                                  {"bbh/bbh/snarks.json", 178},
                                                  {"wikitext2/test.txt", 4358},
                                                  {"realtoxicityprompts/toxic.jsonl", 1196}};
  for (const auto& [file, count] : files) EXPECT_EQ(read_rows(shared_path("data") / file).size(), count) << file;
  EXPECT_TRUE(read_rows(shared_path("data/truthfulqa/TruthfulQA.csv")).at(0).contains("Type"));
}

}  // namespace
}  // namespace llmbox
