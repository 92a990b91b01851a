// Metric values, extracted answers and ranking decisions recorded from LLMBox, and values computed by hand.
#include "core/test_shared.h"
#include "core/yaml.h"
#include "eval/filters/filter.h"
#include "eval/metrics/metric.h"
#include "eval/ranking.h"
#include "eval/statistics.h"

namespace llmbox {
namespace {

template <class Check>
int for_each_line(const std::string& name, Check check) {
  int n = 0;
  const std::string text = read_text_file(shared_path("fixtures/llmbox/" + name));
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    n += check(parse_json(text.substr(begin, end - begin), name));
    begin = end + 1;
  }
  return n;
}

TEST(MetricFixture, exact_match_and_f1_equal_llmboxs) {
  REQUIRE_SHARED();
  const int n = for_each_line("metrics.jsonl", [](const Json& line) {
    const bool exact = line["metric"] == "EM", overlap = line["metric"] == "F1";
    if ((!exact && !overlap) || line.contains("defect")) return 0;
    const Json& options = line["options"];
    if (options.value("normalize_level", "") == "token" && !options.contains("word_tokenize")) return 0;
    const Metric metric = make_metric({exact ? "exact_match" : "f1", options}, "test");
    double sum = 0;
    for (size_t i = 0; i < line["predictions"].size(); ++i)
      sum += metric(line["predictions"][i], line["references"][i].get<std::vector<std::string>>());
    const double value = 100 * sum / static_cast<double>(line["predictions"].size());
    EXPECT_NEAR(value, line["value"].begin().value().get<double>(), 1e-9) << line.dump();
    return 1;
  });
  EXPECT_GT(n, 300);
}

TEST(MetricFixture, numbers_are_read_as_llmbox_reads_them) {
  REQUIRE_SHARED();
  const Filter number = make_number({});
  const int n = for_each_line("postprocess.jsonl", [&](const Json& line) {
    if (line["kind"] != "text" || line["dataset"] != "gsm8k" || line["cot"] == "pal") return 0;
    EXPECT_EQ(number(line["input"]), line["output"]) << line.dump();
    return 1;
  });
  EXPECT_GT(n, 10);
}

TEST(MetricFixture, decisions_equal_llmboxs) {
  REQUIRE_SHARED();
  const auto losses = [](const Json& pairs) {
    std::vector<Loss> all;
    for (const Json& pair : pairs) all.push_back({pair[0].get<double>(), pair[1].get<int>()});
    return all;
  };
  const int n = for_each_line("postprocess.jsonl", [&](const Json& line) {
    const std::string kind = line["kind"];
    if (line.contains("error")) return 0;
    if (kind == "option_letter") {
      EXPECT_EQ(option_in_text(line["input"], line["option_num"]), line["output"].get<int>()) << line.dump();
    } else if (kind == "ppl") {
      EXPECT_EQ(smallest_loss_per_token(losses(line["input"])), line["output"].get<int>()) << line.dump();
    } else if (kind == "ppl_normalised") {
      EXPECT_EQ(smallest_normalised_loss(losses(line["input"]), losses(line["content_free"])),
                line["output"].get<int>());
    } else if (kind == "prob") {
      EXPECT_EQ(largest_label_score(line["input"].is_null() ? std::vector<double>()
                                                            : line["input"].get<std::vector<double>>()),
                line["output"].get<int>())
          << line.dump();
    } else {
      return 0;
    }
    return 1;
  });
  EXPECT_GT(n, 80);
}

TEST(Statistics, values_and_errors_equal_those_by_hand) {
  const std::vector<double> half = {1, 0, 1, 0};
  EXPECT_DOUBLE_EQ(mean_of(half).value, 0.5);
  EXPECT_NEAR(mean_of(half).error, std::sqrt(1.0 / 3 / 4), 1e-12);
  const std::vector<double> losses = {2, 3};
  EXPECT_NEAR(exponential(mean_of(losses)).value, 12.182493960703473, 1e-12);
  const std::vector<double> nats = {4, 9}, tokens = {2, 3};
  EXPECT_DOUBLE_EQ(ratio_of(nats, tokens).value, 13.0 / 5);
  EXPECT_TRUE(to_json(mean_of(std::vector<double>{1}))["stderr"].is_null());
}

TEST(Metrics, leave_one_out_weighs_the_two_best) {
  EXPECT_DOUBLE_EQ(aggregate_references({0.5, 1.0, 0.0}, "leave_one_out"), (2 * 1.0 + 0.5) / 3);
  EXPECT_DOUBLE_EQ(aggregate_references({0.5, 1.0, 0.0}, "max"), 1.0);
}

TEST(Filters, steps_run_in_order_and_unknown_ones_name_the_nearest) {
  const Json steps = yaml_to_json("[drop_thinking, {regex: {pattern: 'is (\\w+)', group: 1}}, lower]", "test");
  std::vector<NamedStep> named = {{"drop_thinking"}, {"regex", steps[1]["regex"]}, {"lower"}};
  EXPECT_EQ(make_filters(named, "test")("<think>it is No</think>it is YES."), "yes");
  EXPECT_NE(message_of([] { make_filters({{"numbr"}}, "task t"); }).find("'number'"), std::string::npos);
}

}  // namespace
}  // namespace llmbox
