#include "core/fields.h"

#include "core/test_shared.h"

namespace llmbox {
namespace {

enum class Schedule { kLinear, kCosine };

struct Lora {
  int rank = 8;
  template <class V>
  void fields(V& v) {
    v("lora_rank", rank, "rank of the update");
    v.alias("lora_rank", "r");
  }
};

struct Config {
  bool packing = false;
  bool shuffle = true;
  int64_t steps = 100;
  double rate = 5e-5;
  std::string model = "none";
  std::vector<std::string> dataset;
  std::vector<double> probs;
  std::optional<int64_t> most;
  uint64_t seed = 42;
  Schedule schedule = Schedule::kLinear;
  std::string stage = "sft";
  Json extra;
  Lora lora;
  template <class V>
  void fields(V& v) {
    v("packing", packing, "join samples");
    v("shuffle", shuffle, "random order");
    v("max_steps", steps, "steps to train; 0: by epochs");
    v("learning_rate", rate, "peak rate");
    v("model_name_or_path", model, "model folder");
    v.alias("model_name_or_path", "m");
    v("dataset", dataset, "names of data sets");
    v("interleave_probs", probs, "shares of the sets");
    v("max_samples", most, "rows of each set");
    v("seed", seed, "of everything");
    v.choice("lr_scheduler_type", schedule, {"linear", "cosine"}, "form of the schedule");
    v.choice("stage", stage, {"pt", "sft"}, "what to train");
    v("extra", extra, "anything");
    lora.fields(v);
  }
};

Config loaded(std::string_view json) {
  Config config;
  load_fields(config, parse_json(json, "test"), "run.yaml");
  return config;
}

std::string load_message(std::string_view json) {
  return message_of([&] { loaded(json); });
}

TEST(Fields, LoadsEveryType) {
  const Config config = loaded(R"({"packing": true, "max_steps": 1e3, "learning_rate": 1, "model_name_or_path": "m",
    "dataset": "a, b", "interleave_probs": [0.5, 1], "max_samples": 7, "seed": 18446744073709551615,
    "lr_scheduler_type": "cosine", "stage": "pt", "extra": {"x": [1]}, "lora_rank": 16})");
  EXPECT_TRUE(config.packing);
  EXPECT_EQ(config.steps, 1000);
  EXPECT_EQ(config.rate, 1.0);
  EXPECT_EQ(config.dataset, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(config.probs, (std::vector<double>{0.5, 1}));
  EXPECT_EQ(config.most, 7);
  EXPECT_EQ(config.seed, UINT64_MAX);
  EXPECT_EQ(config.schedule, Schedule::kCosine);
  EXPECT_EQ(config.stage, "pt");
  EXPECT_EQ(config.extra.dump(), R"({"x":[1]})");
  EXPECT_EQ(config.lora.rank, 16);
}

TEST(Fields, NullKeepsADefaultAndEmptiesAnOptional) {
  Config config;
  config.most = 3;
  load_fields(config, parse_json(R"({"model_name_or_path": null, "max_samples": null, "dataset": null})", "x"), "x");
  EXPECT_EQ(config.model, "none");
  EXPECT_FALSE(config.most.has_value());
}

TEST(Fields, AnUnknownKeyNamesTheNearest) {
  const std::string message = load_message(R"({"learning_rte": 1})");
  EXPECT_TRUE(message.starts_with("[run.yaml] expected a known key, got 'learning_rte'; try 'learning_rate'"))
      << message;
}

TEST(Fields, AWrongTypeNamesKeyTypeAndValue) {
  EXPECT_EQ(load_message(R"({"max_steps": "ten"})"), "[run.yaml] expected an integer for 'max_steps', got 'ten'");
  EXPECT_EQ(load_message(R"({"max_steps": 1.5})"), "[run.yaml] expected an integer for 'max_steps', got 1.5");
  EXPECT_EQ(load_message(R"({"packing": "maybe"})"), "[run.yaml] expected true or false for 'packing', got 'maybe'");
  EXPECT_EQ(load_message(R"({"learning_rate": [1]})"), "[run.yaml] expected a number for 'learning_rate', got [1]");
  EXPECT_EQ(load_message(R"({"seed": -1})"), "[run.yaml] expected a non-negative integer for 'seed', got -1");
  EXPECT_EQ(load_message(R"({"lora_rank": 5000000000})"),
            "[run.yaml] expected an integer for 'lora_rank', got 5000000000");
  EXPECT_EQ(load_message("[1]"), "[run.yaml] expected keys and values, got array");
}

TEST(Fields, AnUnknownChoiceNamesTheChoices) {
  EXPECT_EQ(load_message(R"({"lr_scheduler_type": "cosin"})"),
            "[run.yaml] expected 'linear' or 'cosine' for 'lr_scheduler_type', got 'cosin'; try 'cosine'");
  EXPECT_EQ(load_message(R"({"stage": "sftt"})"),
            "[run.yaml] expected 'pt' or 'sft' for 'stage', got 'sftt'; try 'sft'");
}

TEST(Fields, OverridesReadTheirTextByType) {
  Config config;
  for (const char* word : {"learning_rate=1e-4", "model_name_or_path=0123", "dataset=a,b", "interleave_probs=[0.1,0.9]",
                           "packing=true", "extra={x: 1}", "max_samples=5", "r=4", "lr_scheduler_type=cosine"})
    apply_override(config, word);
  EXPECT_EQ(config.rate, 1e-4);
  EXPECT_EQ(config.model, "0123");
  EXPECT_EQ(config.dataset.size(), 2u);
  EXPECT_EQ(config.probs[1], 0.9);
  EXPECT_EQ(config.extra["x"], 1);
  EXPECT_EQ(config.lora.rank, 4);
  apply_override(config, "max_samples=null");
  EXPECT_FALSE(config.most.has_value());
  EXPECT_EQ(message_of([&] { apply_override(config, "packing"); }), "[command line] expected key=value, got 'packing'");
}

TEST(Fields, ArgumentsOfEveryForm) {
  Config config;
  const std::vector<std::string> rest = apply_args(
      config, {"run.yaml", "max_steps=5", "--learning-rate", "1e-3", "--packing", "--no_shuffle", "-m", "path/x=1",
               "--dataset", "a", "b,c", "--seed=7", "--interleave_probs", "0.5", "0.5", "-r", "2", "./a=b"});
  EXPECT_EQ(rest, (std::vector<std::string>{"run.yaml", "./a=b"}));
  EXPECT_EQ(config.steps, 5);
  EXPECT_EQ(config.rate, 1e-3);
  EXPECT_TRUE(config.packing);
  EXPECT_FALSE(config.shuffle);
  EXPECT_EQ(config.model, "path/x=1");
  EXPECT_EQ(config.dataset, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(config.seed, 7u);
  EXPECT_EQ(config.lora.rank, 2);
  EXPECT_EQ(config.probs.size(), 2u);
}

TEST(Fields, AFlagTakesAWordOnlyWhereItIsTrueOrFalse) {
  Config config;
  EXPECT_EQ(apply_args(config, {"--packing", "data.json"}), (std::vector<std::string>{"data.json"}));
  EXPECT_TRUE(config.packing);
  apply_args(config, {"--packing", "false", "--max_steps", "-1"});
  EXPECT_FALSE(config.packing);
  EXPECT_EQ(config.steps, -1);
}

TEST(Fields, WrongArgumentsSayWhatIsMissing) {
  Config config;
  EXPECT_NE(
      message_of([&] { apply_args(config, {"--learning_rate"}); }).find("expected a number after '--learning_rate'"),
      std::string::npos);
  EXPECT_NE(message_of([&] {
              apply_args(config, {"--lerning_rate", "1"});
            }).find("try 'learning_rate'"),
            std::string::npos);
  EXPECT_NE(message_of([&] { apply_args(config, {"max_stps=1"}); }).find("try 'max_steps'"), std::string::npos);
}

TEST(Fields, DumpLoadsBackAsTheSame) {
  const Config config = loaded(R"({"learning_rate": 1e-4, "dataset": ["a"], "lr_scheduler_type": "cosine"})");
  const Json dump = dump_fields(config);
  EXPECT_EQ(dump["lr_scheduler_type"], "cosine");
  EXPECT_EQ(dump["max_samples"], nullptr);
  EXPECT_EQ(dump_fields(loaded(dump.dump())), dump);
}

TEST(Fields, HelpHasTypesChoicesAndDefaults) {
  const std::string help = help_text(Config{});
  EXPECT_NE(help.find("steps to train; 0: by epochs (an integer; default 100)"), std::string::npos) << help;
  EXPECT_NE(help.find("form of the schedule (linear | cosine; default linear)"), std::string::npos) << help;
  EXPECT_NE(help.find("names of data sets (a list of words)"), std::string::npos) << help;
  EXPECT_NE(help.find("; also -m"), std::string::npos) << help;
}

TEST(Fields, AFileBuildsOnItsBase) {
  const TempFolder folder;
  folder.write("base.yaml", "max_steps: 5\nlearning_rate: 1e-3\n");
  const auto run = folder.write("run.yaml", "base: base.yaml\nmax_steps: 6\n");
  Config config;
  load_yaml_file(config, run);
  EXPECT_EQ(config.steps, 6);
  EXPECT_EQ(config.rate, 1e-3);
  const auto circle = folder.write("circle.yaml", "base: circle.yaml\n");
  EXPECT_NE(message_of([&] { load_yaml_file(config, circle); }).find("circle of 'base:'"), std::string::npos);
}

}  // namespace
}  // namespace llmbox
