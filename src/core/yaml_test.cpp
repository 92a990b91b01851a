#include "core/yaml.h"

#include <cmath>

#include "core/test_shared.h"

namespace llmbox {
namespace {

TEST(Yaml, PlainScalarsHaveTheirTypes) {
  const std::pair<const char*, Json> cases[] = {{"1.0e-4", 1.0e-4},
                                                {"1e-4", 1e-4},
                                                {"5E3", 5000.0},
                                                {"-2.5", -2.5},
                                                {".5", 0.5},
                                                {"10", 10},
                                                {"-3", -3},
                                                {"+7", 7},
                                                {"0x1F", 31},
                                                {"true", true},
                                                {"False", false},
                                                {"null", nullptr},
                                                {"~", nullptr},
                                                {"", nullptr},
                                                {"no", "no"},
                                                {"on", "on"},
                                                {"bf16", "bf16"},
                                                {"1.2.3", "1.2.3"},
                                                {"-", "-"},
                                                {"1e", "1e"},
                                                {"10%", "10%"},
                                                {"2024-01-01", "2024-01-01"},
                                                {"infinity", "infinity"},
                                                {".", "."},
                                                {"nan", "nan"},
                                                {"8B", "8B"},
                                                {"--x", "--x"}};
  for (const auto& [text, value] : cases) EXPECT_EQ(plain_scalar(text), value) << text;
  EXPECT_TRUE(std::isinf(plain_scalar("-.inf").get<double>()));
  EXPECT_TRUE(std::isnan(plain_scalar(".nan").get<double>()));
}

TEST(Yaml, QuotedScalarsStayText) {
  EXPECT_EQ(yaml_to_json("a: '1'\nb: \"true\"\nc: !!str 5\nd: |\n  1\n", "x"),
            Json({{"a", "1"}, {"b", "true"}, {"c", "5"}, {"d", "1\n"}}));
}

TEST(Yaml, ReadsARecipeAsLlamaFactoryUsersWriteIt) {
  const char* recipe = R"(
### model
model_name_or_path: meta-llama/Meta-Llama-3-8B-Instruct
trust_remote_code: true
### dataset
dataset: identity,alpaca_en_demo   # two of them
learning_rate: 1.0e-4
lr: 5e-5
resume_from_checkpoint: null
deepspeed:
freeze: [1, 2]
nested:
  list:
    - a
    - b: 2
)";
  EXPECT_EQ(yaml_to_json(recipe, "x").dump(),
            R"({"model_name_or_path":"meta-llama/Meta-Llama-3-8B-Instruct","trust_remote_code":true,)"
            R"("dataset":"identity,alpaca_en_demo","learning_rate":0.0001,"lr":5e-05,"resume_from_checkpoint":null,)"
            R"("deepspeed":null,"freeze":[1,2],"nested":{"list":["a",{"b":2}]}})");
}

TEST(Yaml, MergesAndAliases) {
  const Json json = yaml_to_json("base: &b {x: 1, y: 2}\nmore:\n  <<: *b\n  y: 3\nlist: [*b]\n", "x");
  EXPECT_EQ(json["more"], Json({{"y", 3}, {"x", 1}}));
  EXPECT_EQ(json["list"][0]["x"], 1);
}

TEST(Yaml, OfAKeyGivenTwiceTheLastCounts) { EXPECT_EQ(yaml_to_json("a: 1\na: 2\n", "x"), Json({{"a", 2}})); }

TEST(Yaml, FaultsNameLineAndColumn) {
  const std::string message = message_of([] { yaml_to_json("a: 1\nb: [1, 2\nc: 3\n", "r.yaml"); });
  EXPECT_NE(message.find("[r.yaml] line "), std::string::npos) << message;
  EXPECT_NE(message.find("expected valid YAML"), std::string::npos) << message;
  EXPECT_NE(message_of([] { yaml_to_json("? [a]\n: 1\n", "r.yaml"); }).find("expected a word as key"),
            std::string::npos);
}

}  // namespace
}  // namespace llmbox
