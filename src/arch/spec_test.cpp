#include "arch/spec.h"

#include <gtest/gtest.h>

#include "arch/family.h"
#include "arch/shape/rope.h"
#include "core/test_shared.h"

namespace llmbox {
namespace {

Json llama_config() {
  return {{"model_type", "llama"},    {"hidden_size", 64},        {"intermediate_size", 112}, {"vocab_size", 256},
          {"num_attention_heads", 4}, {"num_key_value_heads", 2}, {"num_hidden_layers", 3}};
}

std::string message_without(Json config, const std::string& key) {
  config.erase(key);
  return message_of([&] { parse_model_spec(config, "config.json"); });
}

TEST(ModelSpec, EveryFamilyReadsItsFixture) {
  REQUIRE_SHARED();
  for (const Family& family : families()) {
    const std::string type = family.model_type;
    if (type == "kimi_k2") continue;  // DeepSeek V3 under another type
    const std::string name = type == "llama" ? "llama2" : type;
    auto path = shared_path("fixtures/architectures/" + name + "/config.json");
    if (!std::filesystem::exists(path))
      path = std::filesystem::path(LLMBOX_SOURCE_DIR) / "tests/parity" / name / "config.json";
    const ModelSpec spec = parse_model_spec(read_json_file(path), path.string());
    if (spec.model_type != "chatglm") {
      EXPECT_EQ(spec.architecture, read_json_file(path)["architectures"][0]) << name;
    }
    EXPECT_GT(parameter_count(spec), 10'000) << name;
  }
}

TEST(ModelSpec, AnUnknownModelTypeListsOursAndTheNearest) {
  Json config = llama_config();
  config["model_type"] = "lama";
  const std::string message = message_of([&] { parse_model_spec(config, "config.json"); });
  for (const Family& family : families()) EXPECT_NE(message.find(family.model_type), std::string::npos) << message;
  EXPECT_TRUE(message.starts_with("[config.json] expected a model_type that llmbox knows (")) << message;
  EXPECT_TRUE(message.ends_with("got 'lama'; try 'llama'")) << message;
}

TEST(ModelSpec, EachNeededKeyIsNamedWhereItIsMissing) {
  for (const char* key :
       {"model_type", "hidden_size", "intermediate_size", "vocab_size", "num_attention_heads", "num_hidden_layers"}) {
    EXPECT_NE(message_without(llama_config(), key).find(std::string("expected the key '") + key), std::string::npos);
  }
}

TEST(ModelSpec, AWrongTypeNamesKeyAndValue) {
  Json config = llama_config();
  config["hidden_size"] = "64";
  EXPECT_EQ(message_of([&] { parse_model_spec(config, "c"); }),
            "[c] expected an integer for 'hidden_size', got \"64\"");
  config = llama_config();
  config["num_key_value_heads"] = 3;
  EXPECT_NE(message_of([&] { parse_model_spec(config, "c"); }).find("got 4 and 3"), std::string::npos);
  config = llama_config();
  config["rope_scaling"] = {{"rope_type", "yarm"}, {"factor", 2}};
  EXPECT_NE(message_of([&] { parse_model_spec(config, "c"); }).find("try 'yarn'"), std::string::npos);
}

TEST(ModelSpec, ImpossibleSizesAreRefusedBeforeAnythingIsBuilt) {
  const auto message_with = [](const char* key, const Json& value) {
    Json config = llama_config();
    config[key] = value;
    return message_of([&] { parse_model_spec(config, "c"); });
  };
  EXPECT_EQ(message_with("num_hidden_layers", 1'000'000), "[c] expected at most 1000 layers, got 1000000");
  EXPECT_EQ(message_with("hidden_size", 18'446'744'073'709'551'615u),
            "[c] expected at most 16777216 for 'hidden_size', got 18446744073709551615");
  EXPECT_EQ(message_with("vocab_size", 0), "[c] expected a positive integer for 'vocab_size', got 0");
  EXPECT_EQ(message_with("vocab_size", -5), "[c] expected 0 or more for 'vocab_size', got -5");
  Json config = read_json_file(std::filesystem::path(LLMBOX_SOURCE_DIR) / "tests/parity/deepseek/config.json");
  config["n_routed_experts"] = 1'000'000;
  EXPECT_EQ(message_of([&] { parse_model_spec(config, "c"); }), "[c] expected at most 1024 experts, got 1000000");
  config["n_routed_experts"] = 1;
  EXPECT_NE(message_of([&] { parse_model_spec(config, "c"); }).find("at most the number of experts, got 2 and 1"),
            std::string::npos);
}

TEST(ModelSpec, RecurrentAndMixedFamiliesRefuseWhatDoesNotFitTogether) {
  struct Fault {
    const char *family, *key;
    Json value;
    const char* message;
  };
  const std::vector<Fault> faults = {
      {"bamba", "mamba_n_heads", 5, "expected mamba_n_heads · mamba_d_head to be 64"},
      {"bamba", "time_step_limit", "none", "expected two numbers for 'time_step_limit', got \"none\""},
      {"falcon_h1", "ssm_multipliers", {1, 2}, "expected 5 numbers for 'ssm_multipliers', got 2"},
      {"gemma3n_text", "intermediate_size", {24, 24}, "expected a positive integer for each layer"},
      {"gemma3n_text", "num_kv_shared_layers", 6, "expected a layer of the same kind before the 6 shared ones"},
      {"gemma3n_text", "altup_active_idx", 3, "expected altup_active_idx below altup_num_inputs, got 3 and 3"},
      {"llama4_text", "num_experts_per_tok", 9, "at most the number of experts, got 9 and 3"},
      {"minimax", "num_attention_heads", 1 << 20, "expected at most 16384 for 'num_attention_heads'"},
      {"rwkv5", "head_size", 7, "to be a multiple of head_size, got 32 and 7"},
      {"rwkv7", "attn", {{"layers", {1}}}, "expected RWKV layers only"},
      {"rwkv7", "head_dim", 5, "to be a multiple of head_dim, got 32 and 5"},
      {"chatglm1", "num_attention_heads", 3, "expected hidden_size to be a multiple of 4 · num_attention_heads"},
  };
  for (const Fault& fault : faults) {
    const std::filesystem::path parity = std::filesystem::path(LLMBOX_SOURCE_DIR) / "tests/parity";
    Json config = read_json_file(parity / fault.family / "config.json");
    config[fault.key] = fault.value;
    const std::string message = message_of([&] { parse_model_spec(config, "c"); });
    EXPECT_NE(message.find(fault.message), std::string::npos) << fault.family << ": " << message;
  }
}

TEST(ModelSpec, WindowsFollowTheFamilysRule) {
  Json config = llama_config();
  config["model_type"] = "mistral";
  EXPECT_EQ(parse_model_spec(config, "c").layers[0].attention.window, 4096);
  config["sliding_window"] = nullptr;
  EXPECT_EQ(parse_model_spec(config, "c").layers[0].attention.window, 0);
  config["model_type"] = "qwen2";
  config["use_sliding_window"] = true;
  config["sliding_window"] = 10;
  config["max_window_layers"] = 1;
  const ModelSpec spec = parse_model_spec(config, "c");
  EXPECT_EQ(spec.layers[0].attention.window, 0);
  EXPECT_EQ(spec.layers[2].attention.window, 10);
  config["layer_types"] = {"sliding_attention", "full_attention", "full_attention"};
  EXPECT_EQ(parse_model_spec(config, "c").layers[0].attention.window, 10);
}

TEST(ModelSpec, BiasesAndTyingShowInTheParameterTable) {
  Json config = llama_config();
  const size_t plain = parameter_table(parse_model_spec(config, "c")).size();
  EXPECT_EQ(plain, 3u * 9 + 3);
  config["tie_word_embeddings"] = true;
  EXPECT_EQ(parameter_table(parse_model_spec(config, "c")).size(), plain - 1);
  config["attention_bias"] = config["mlp_bias"] = true;
  EXPECT_EQ(parameter_table(parse_model_spec(config, "c")).size(), plain - 1 + 3 * 7);
}

TEST(Falcon, AddsTheBiasAsTheWriterOfTheFolderDid) {
  Json config = {{"model_type", "falcon"}, {"alibi", true},     {"hidden_size", 64},   {"num_attention_heads", 4},
                 {"num_hidden_layers", 1}, {"vocab_size", 100}, {"multi_query", false}};
  const auto slope = [&] { return parse_model_spec(config, "c").layers[0].attention.slopes.at(0); };
  const double once = slope();
  EXPECT_DOUBLE_EQ(once, 0.25 / 4);  // 2^-2 of the first of four heads, scaled as the scores
  config["transformers_version"] = "4.27.4";
  EXPECT_DOUBLE_EQ(slope(), once);
  config["transformers_version"] = "5.0.0";
  EXPECT_DOUBLE_EQ(slope(), 2 * once);
}

TEST(Rope, LinearDividesEveryFrequency) {
  const RopeSpec plain{.dim = 8}, scaled{.dim = 8, .scaling = RopeScaling::linear, .factor = 4};
  for (size_t i = 0; i < 4; ++i) EXPECT_FLOAT_EQ(rope_frequencies(scaled, 0)[i], rope_frequencies(plain, 0)[i] / 4);
}

TEST(Rope, Llama3KeepsFastAndDividesSlowFrequencies) {
  const RopeSpec plain{.dim = 16},
      scaled{.dim = 16, .scaling = RopeScaling::llama3, .factor = 8, .original_length = 64};
  EXPECT_FLOAT_EQ(rope_frequencies(scaled, 0)[0], rope_frequencies(plain, 0)[0]);
  EXPECT_FLOAT_EQ(rope_frequencies(scaled, 0)[7], rope_frequencies(plain, 0)[7] / 8);
}

TEST(Rope, DynamicChangesNothingUpToTheOriginalLength) {
  const RopeSpec plain{.dim = 16},
      scaled{.dim = 16, .scaling = RopeScaling::dynamic, .factor = 2, .original_length = 32};
  EXPECT_EQ(rope_frequencies(scaled, 32), rope_frequencies(plain, 32));
  EXPECT_LT(rope_frequencies(scaled, 40)[3], rope_frequencies(plain, 40)[3]);
}

}  // namespace
}  // namespace llmbox
