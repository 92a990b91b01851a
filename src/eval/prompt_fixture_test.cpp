// LLMBox's recorded requests (shared fixtures): the same rows must give the same prompts, continuations and references.
#include "core/test_shared.h"
#include "eval/mock_model.h"
#include "eval/numpy_choice.h"
#include "eval/prompt.h"
#include "eval/task_library.h"

namespace llmbox {
namespace {

std::vector<Json> lines_of(const std::string& name) {
  std::vector<Json> lines;
  const std::string text = read_text_file(shared_path("fixtures/llmbox/" + name));
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(parse_json(text.substr(begin, end - begin), name));
    begin = end + 1;
  }
  return lines;
}

/// The prompt of a case: its segments joined, those named by another case looked up.
std::string prompt_of(const Json& recorded, const std::map<std::string, Json>& cases) {
  std::string prompt;
  for (const Json& segment : recorded["segments"])
    prompt += segment.is_string()
                  ? segment.get<std::string>()
                  : cases.at(segment["same_as"])["segments"][segment["segment"].get<size_t>()].get<std::string>();
  return prompt;
}

/// Checks every case of a file that a base model gets; returns how many.
int check_file(const std::string& task_name, const std::string& fixture, const std::vector<std::string>& strategies) {
  MockModel model;
  const PromptMaker prompts(model, {});
  std::map<std::string, Json> cases;
  Json rows;
  int n = 0;
  for (const Json& line : lines_of("prompts/" + fixture + ".jsonl")) {
    if (line["kind"] == "rows") {
      rows = line;
      continue;
    }
    cases[line["id"]] = line;
    const std::string cot = line["cot"].is_null() ? "" : line["cot"].get<std::string>();
    if (line["chat_template"] != "base" || line.contains("error")) continue;
    if (!cot.empty() && std::find(strategies.begin(), strategies.end(), cot) == strategies.end()) continue;
    const TaskSpec task = TaskLibrary().load(task_name, cot);
    const std::string subset = line["subset"].is_null() ? "" : line["subset"].get<std::string>();
    const Ranking ranking =
        parse_ranking(line["ranking_type"].is_null() ? "" : line["ranking_type"].get<std::string>());
    const RecordMaker maker(task, subset, ranking);
    std::vector<Record> examples;
    for (const Json& i : line.value("examples", Json::array())) {
      const size_t at = i.get<size_t>();
      examples.push_back(
          maker.make(task.examples.empty() ? rows["example_rows"][std::to_string(at)] : task.examples[at], 0));
    }
    const size_t index = line["instance"].get<size_t>();
    const Record record = maker.make(rows["rows"][std::to_string(index)], index);
    const auto recorded = line.value("continuations", std::vector<std::string>{});
    const Prompt prompt =
        prompts.make(examples, record.source, recorded.empty() ? std::vector<std::string>{} : record.continuations);
    EXPECT_EQ(prompt.context, prompt_of(line, cases)) << line["id"];
    EXPECT_EQ(prompt.continuations, recorded) << line["id"];
    if (record.answer >= 0) {
      EXPECT_EQ(record.answer, line["reference"].get<int>()) << line["id"];
    } else {
      EXPECT_EQ(record.references[0], line["reference"].get<std::string>()) << line["id"];
    }
    if (line.contains("labels")) {
      EXPECT_EQ(record.continuations, line["labels"].get<std::vector<std::string>>()) << line["id"];
    }
    if (line.contains("normalization") && !recorded.empty()) {
      const Prompt free = prompts.make({}, maker.content_free(record).value(), record.continuations);
      EXPECT_EQ(free.context, line["normalization"]["prompt"]) << line["id"];
      EXPECT_EQ(free.continuations, line["normalization"]["continuations"].get<std::vector<std::string>>());
    }
    ++n;
  }
  return n;
}

TEST(PromptFixture, mmlu_requests_equal_llmboxs) {
  REQUIRE_SHARED();
  EXPECT_GT(check_file("mmlu", "mmlu", {}), 20);
}
TEST(PromptFixture, hellaswag_requests_equal_llmboxs) {
  REQUIRE_SHARED();
  EXPECT_GT(check_file("hellaswag", "hellaswag", {}), 10);
}
TEST(PromptFixture, arc_requests_equal_llmboxs) {
  REQUIRE_SHARED();
  EXPECT_GT(check_file("arc", "arc", {}), 10);
}
TEST(PromptFixture, piqa_requests_equal_llmboxs) {
  REQUIRE_SHARED();
  EXPECT_GT(check_file("piqa", "piqa", {}), 10);
}
TEST(PromptFixture, gsm8k_requests_equal_llmboxs) {
  REQUIRE_SHARED();
  EXPECT_GT(check_file("gsm8k", "gsm8k", {"base", "least_to_most"}), 8);
}

TEST(NumpyChoice, draws_llmboxs_examples) {
  EXPECT_EQ(numpy_choice(2023, 6, 3), (std::vector<int64_t>{4, 2, 3}));
  EXPECT_EQ(numpy_choice(2023, 8, 3), (std::vector<int64_t>{5, 2, 0}));
  EXPECT_EQ(numpy_choice(2023, 20, 3), (std::vector<int64_t>{11, 10, 15}));
}

}  // namespace
}  // namespace llmbox
