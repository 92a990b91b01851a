// tests/cases/task: a row of every task to its prompt, continuations and reference; a model's output to its score.
// And the tasks' real data files (shared data): read by the program they give the prompts of LLMBox's recorded rows.
#include "core/test_shared.h"
#include "eval/instance.h"
#include "eval/mock_model.h"
#include "eval/task_library.h"
#include "eval/task_rows.h"
#include "records/reader.h"

namespace llmbox {
namespace {

std::string text_of(const Json& object, const char* key) {
  return object.contains(key) && object[key].is_string() ? object[key].get<std::string>() : "";
}

void check_scores(const Json& entry, const TaskSpec& task, Record record) {
  MockModel model;
  model.answer = entry["output"];
  RequestSet requests;
  Instance instance;
  instance.record = std::move(record);
  instance.completions = {requests.add(GenerateRequest{"prompt", {}, nullptr, {}})};
  requests.run(model, {});
  Scoring scoring{task.kind, Ranking::kPplNoOption, make_filters(task.filters, "test"), {}};
  for (const NamedStep& step : task.metrics) scoring.metrics.emplace_back(step.name, make_metric(step, "test"));
  const Json line = score_instance(instance, scoring, requests).line;
  EXPECT_EQ(line["prediction"], entry["prediction"]) << entry.dump();
  for (const auto& [name, value] : entry["metrics"].items())
    EXPECT_DOUBLE_EQ(line["metrics"][name].get<double>(), value.get<double>()) << entry.dump();
}

TEST(TaskCases, rows_become_the_prompts_and_scores_written_there) {
  const auto path = std::filesystem::path(LLMBOX_SOURCE_DIR) / "tests/cases/task/cases.jsonl";
  MockModel model;
  const PromptMaker prompts(model, {});
  for (const Json& entry : read_rows(path)) {
    const TaskSpec task = TaskLibrary().load(entry["task"]);
    const RecordMaker maker(task, text_of(entry, "subset"), parse_ranking(text_of(entry, "ranking_type")));
    const Record record = maker.make(entry["row"], 0);
    const Prompt prompt = prompts.make({}, record.source, record.continuations);
    EXPECT_EQ(prompt.context, entry["prompt"]) << entry.dump();
    EXPECT_EQ(prompt.continuations, entry.value("continuations", std::vector<std::string>{})) << entry.dump();
    if (record.answer >= 0) {
      EXPECT_EQ(record.answer, entry["reference"].get<int>()) << entry.dump();
    } else {
      EXPECT_EQ(record.references[0], entry["reference"]) << entry.dump();
    }
    if (entry.contains("output")) check_scores(entry, task, record);
  }
}

void check_data(const std::string& name, const std::string& subset) {
  const TaskSpec task = TaskLibrary().load(name);
  const RecordMaker maker(task, subset, Ranking::kPpl);
  const auto rows = load_task_rows(task, {subset, task.evaluation_set}, shared_path("data"));
  int n = 0;
  for (const Json& line : read_rows(shared_path("fixtures/llmbox/prompts/" + name + ".jsonl"))) {
    if (line["kind"] != "rows" || text_of(line, "subset") != subset) continue;
    for (const auto& [index, row] : line["rows"].items()) {
      const Record ours = maker.make(rows.at(std::stoul(index)), 0), recorded = maker.make(row, 0);
      EXPECT_EQ(ours.source, recorded.source);
      EXPECT_EQ(ours.continuations, recorded.continuations);
      EXPECT_EQ(ours.answer, recorded.answer);
      ++n;
    }
  }
  EXPECT_GT(n, 0) << name;
}

TEST(TaskData, files_give_the_rows_that_llmbox_recorded) {
  REQUIRE_SHARED();
  for (const char* subset : {"abstract_algebra", "high_school_european_history", "us_foreign_policy"})
    check_data("mmlu", subset);
  check_data("arc", "ARC-Challenge");
  check_data("hellaswag", "");
  check_data("piqa", "");
  check_data("gsm8k", "");
}

TEST(TaskData, every_mmlu_subset_reads_with_all_its_options_as_written) {
  REQUIRE_SHARED();
  const TaskSpec task = TaskLibrary().load("mmlu");
  for (const std::string& subset : task.subsets()) {
    const RecordMaker maker(task, subset, Ranking::kPplNoOption);
    const auto rows = load_task_rows(task, {subset, "test"}, shared_path("data"));
    EXPECT_EQ(rows.size(), 100) << subset;
    for (size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(maker.make(rows[i], i).options.size(), 4) << subset;
  }
}

}  // namespace
}  // namespace llmbox
