// Whole evaluations with a mock model: files, resume, independence of order, subsets, bad input.
#include "eval/runner.h"

#include "core/test_shared.h"
#include "eval/mock_model.h"
#include "eval/task_library.h"

namespace llmbox {
namespace {

constexpr const char* kTask = R"(
kind: choice
files: ["rows_{subset}.jsonl"]
subsets: {letters: [a, b], rest: [c]}
example_set: test
prompt: "Q: {{ q }}{{ '\n' + options if options }}\nA:"
options: o
answer: a
)";

struct World {
  TempFolder folder;
  EvalOptions options;

  World() {
    folder.write("toy.yaml", kTask);
    for (const char* subset : {"a", "b", "c"}) {
      std::string rows;
      for (int i = 0; i < 12; ++i)
        rows += fmt::format("{{\"q\": \"{}{}\", \"o\": [\"one\", \"two\", \"three\"], \"a\": {}}}\n", subset, i, i % 3);
      folder.write(fmt::format("rows_{}.jsonl", subset), rows);
    }
    options.tasks = {"toy"};
    options.data_dir = folder.path();
    options.tasks_dir = folder.path();
    options.output = folder.path() / "out";
    options.model_name = "mock";
  }
  std::string file(const std::string& name) const { return read_text_file(options.output / name); }
};

TEST(Runner, writes_results_and_an_instance_a_line) {
  World world;
  MockModel model;
  const Json results = run_evaluation(model, world.options);
  EXPECT_EQ(results["toy"]["accuracy"]["n"], 36);
  EXPECT_EQ(results["toy:b"]["accuracy"]["n"], 12);
  EXPECT_TRUE(results.contains("toy[Letters]"));
  const std::string lines = world.file("toy.jsonl");
  const Json first = parse_json(lines.substr(0, lines.find('\n')), "toy.jsonl");
  EXPECT_EQ(first["prompt"], "Q: a0\nA:");
  EXPECT_EQ(first["options"], Json({" one", " two", " three"}));
  EXPECT_EQ(first["reference"], 0);
  EXPECT_EQ(first["logprobs"].size(), 3);
  EXPECT_EQ(model.n_scored, 108);
}

TEST(Runner, killed_and_resumed_equals_uninterrupted) {
  World whole, killed;
  MockModel steady;
  run_evaluation(steady, whole.options);
  MockModel dying;
  dying.dies_after = 50;
  EXPECT_THROW(run_evaluation(dying, killed.options), std::runtime_error);
  EXPECT_FALSE(std::filesystem::exists(killed.options.output / "results.json"));
  const std::string journal = killed.file("journal.jsonl");
  write_file_atomically(killed.options.output / "journal.jsonl", journal.substr(0, journal.size() - 9));  // torn
  MockModel again;
  run_evaluation(again, killed.options);
  EXPECT_EQ(again.n_scored, 108 - 49);
  EXPECT_EQ(killed.file("toy.jsonl"), whole.file("toy.jsonl"));
  EXPECT_EQ(killed.file("results.json"), whole.file("results.json"));
}

TEST(Runner, a_subset_alone_scores_as_among_others) {
  World world;
  MockModel model;
  const Json all = run_evaluation(model, world.options);
  world.options.output.clear();
  world.options.tasks = {"toy:c,a"};
  const Json some = run_evaluation(model, world.options);
  EXPECT_EQ(some["toy:a"], all["toy:a"]);
  EXPECT_EQ(some["toy:c"], all["toy:c"]);
}

TEST(Runner, another_models_journal_is_refused) {
  World world;
  MockModel model;
  run_evaluation(model, world.options);
  world.options.model_name = "other";
  EXPECT_NE(message_of([&] { run_evaluation(model, world.options); }).find("--overwrite"), std::string::npos);
  world.options.overwrite = true;
  run_evaluation(model, world.options);
}

TEST(Runner, chat_models_get_conversations) {
  World world;
  MockModel model;
  world.options.chat = true;
  world.options.num_shots = 1;
  world.options.shots_from = "first";
  world.options.tasks = {"toy:a"};
  run_evaluation(model, world.options);
  EXPECT_NE(world.file("toy.jsonl").find(R"("prompt":"<user>Q: a0\nA:<assistant>one<user>Q: a0\nA:<assistant>")"),
            std::string::npos);
}

TEST(Runner, wrong_input_is_told) {
  World world;
  MockModel model;
  const auto told = [&] { return message_of([&] { run_evaluation(model, world.options); }); };
  world.options.tasks = {"mmul"};
  EXPECT_NE(told().find("'mmlu'"), std::string::npos);
  world.options.tasks = {"mmlu:anatomi"};
  EXPECT_NE(told().find("'anatomy'"), std::string::npos);
  world.options.tasks = {"gsm8k"};
  EXPECT_NE(told().find("gsm8k/test.jsonl"), std::string::npos);
  world.options.tasks = {"toy:a"};
  world.folder.write("rows_a.jsonl", R"({"q": "x", "o": ["one"], "a": 4})");
  EXPECT_NE(told().find("row 0"), std::string::npos);
  world.folder.write("toy.yaml", "kind: choice\nfils: [x]\n");
  EXPECT_NE(told().find("'files'"), std::string::npos);
}

TEST(TaskLibrary, every_embedded_task_parses) {
  const TaskLibrary library;
  for (const std::string& name : library.names()) EXPECT_EQ(library.load(name).name, name);
  EXPECT_EQ(library.load("mmlu").subsets().size(), 57);
  EXPECT_EQ(library.choose({"mmlu:[stem],anatomy"})[0].subsets.size(), 19);
}

}  // namespace
}  // namespace llmbox
