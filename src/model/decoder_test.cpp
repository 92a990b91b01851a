#include "model/decoder.h"

#include <gtest/gtest.h>

#include "model/fixture_model.h"
#include "model/reference_gradients.h"

namespace llmbox {
namespace {

const std::vector<std::string> kFamilies = {"bloom",
                                            "cohere",
                                            "cohere_plus",
                                            "deepseek_v2",
                                            "deepseek_v3",
                                            "falcon",
                                            "falcon_new",
                                            "falcon_rw",
                                            "gemma",
                                            "gemma2",
                                            "gemma3_new_form",
                                            "gemma3_text",
                                            "glm",
                                            "glm4",
                                            "gpt2",
                                            "gpt_bigcode",
                                            "gpt_neox",
                                            "gpt_oss",
                                            "gptj",
                                            "granite",
                                            "llama2",
                                            "llama3_1",
                                            "llama_dynamic_ntk",
                                            "llama_linear_rope",
                                            "llama_yarn",
                                            "mamba",
                                            "mistral",
                                            "mixtral",
                                            "mpt",
                                            "nemotron",
                                            "olmo2",
                                            "olmoe",
                                            "opt",
                                            "opt_post_norm",
                                            "phi",
                                            "phi3",
                                            "phi3_longrope",
                                            "qwen2",
                                            "qwen2_moe",
                                            "qwen3",
                                            "qwen3_moe",
                                            "qwen3_next",
                                            "smollm3",
                                            "stablelm",
                                            "stablelm2_12b",
                                            "starcoder2"};

class Architecture : public ::testing::TestWithParam<std::string> {
 protected:
  SafetensorsFile reference() const {
    return SafetensorsFile::open(architecture(GetParam()) / "reference.safetensors");
  }
};

INSTANTIATE_TEST_SUITE_P(Fixtures, Architecture, ::testing::ValuesIn(kFamilies),
                         [](const auto& instance) { return instance.param; });

TEST_P(Architecture, LogitsEqualTheReference) {
  REQUIRE_SHARED();
  const c10::InferenceMode inference;
  const auto model = Decoder::load(architecture(GetParam()));
  const SafetensorsFile expected = reference();
  const at::Tensor logits = logits_of(*model, batch_of_rows(expected.tensor("input_ids")));
  EXPECT_LT(max_difference(logits, expected.tensor("logits").flatten(0, 1)), 1e-4);
}

TEST_P(Architecture, LogitsInBfloat16AreNearTheReference) {
  REQUIRE_SHARED();
  const c10::InferenceMode inference;
  const auto model = Decoder::load(architecture(GetParam()), {.dtype = at::kBFloat16});
  const SafetensorsFile expected = reference();
  const at::Tensor truth = expected.tensor("logits").flatten(0, 1);
  const at::Tensor logits = logits_of(*model, batch_of_rows(expected.tensor("input_ids")));
  // A rounding may send a token to another expert: the error is taken over all rows.
  EXPECT_LT((logits - truth).norm().item<double>(), 0.1 * truth.norm().item<double>());
}

TEST_P(Architecture, RowsWithoutTheirPadsEqualThePaddedReference) {
  REQUIRE_SHARED();
  const c10::InferenceMode inference;
  const auto model = Decoder::load(architecture(GetParam()));
  const SafetensorsFile expected = reference();
  for (int64_t row = 0; row < 2; ++row) {
    const at::Tensor real = expected.tensor("padded_attention_mask")[row] == 1;
    const at::Tensor ids = expected.tensor("padded_input_ids")[row].index({real}).unsqueeze(0);
    const at::Tensor logits = logits_of(*model, batch_of_rows(ids));
    EXPECT_LT(max_difference(logits, expected.tensor("padded_logits")[row].index({real})), 1e-4);
  }
}

TEST_P(Architecture, LossAndGradientsEqualTheReference) {
  REQUIRE_SHARED();
  const Json expected = read_json_file(architecture(GetParam()) / "reference.json");
  for (const bool recompute : {false, true}) {
    const auto model = Decoder::load(architecture(GetParam()), {.checkpoint_activations = recompute});
    for (const auto& [name, tensor] : model->parameters()) at::Tensor(tensor).requires_grad_(true);
    const TokenBatch batch = batch_of_rows(reference().tensor("input_ids"));
    SegmentContext context(batch.segment_starts);
    const at::Tensor loss = mean_loss(*model, batch, context);
    EXPECT_NEAR(loss.item<double>(), expected["loss"].get<double>(), 1e-4);
    loss.backward();
    expect_gradients(*model, expected["gradients"]);
  }
}

TEST_P(Architecture, RecomputedGradientsAreTheSameBits) {
  REQUIRE_SHARED();
  std::vector<at::Tensor> gradients[2];
  for (const bool recompute : {false, true}) {
    const auto model = Decoder::load(architecture(GetParam()), {.checkpoint_activations = recompute});
    for (const auto& [name, tensor] : model->parameters()) at::Tensor(tensor).requires_grad_(true);
    const TokenBatch batch = batch_of_rows(reference().tensor("input_ids"));
    SegmentContext context(batch.segment_starts);
    mean_loss(*model, batch, context).backward();
    for (const auto& [name, tensor] : model->parameters()) gradients[recompute].push_back(tensor.grad());
  }
  for (size_t i = 0; i < gradients[0].size(); ++i) EXPECT_TRUE(at::equal(gradients[0][i], gradients[1][i])) << i;
}

TEST_P(Architecture, PackedSegmentsEqualSeparateOnes) {
  REQUIRE_SHARED();
  const c10::InferenceMode inference;
  const auto model = Decoder::load(architecture(GetParam()));
  const at::Tensor ids = reference().tensor("input_ids");
  const at::Tensor packed = logits_of(*model, batch_of_rows(ids));
  const at::Tensor first = logits_of(*model, batch_of_rows(ids.slice(0, 0, 1)));
  const at::Tensor second = logits_of(*model, batch_of_rows(ids.slice(0, 1, 2)));
  EXPECT_LT(max_difference(packed, at::cat({first, second})), 1e-5);
}

TEST_P(Architecture, SavedEqualsLoadedBitForBit) {
  REQUIRE_SHARED();
  for (const int64_t shard_bytes : {int64_t{5'000'000'000}, int64_t{30'000}}) {
    const TempFolder folder;
    const auto model = Decoder::load(architecture(GetParam()), {.dtype = at::kBFloat16});
    model->save(folder.path(), shard_bytes);
    EXPECT_EQ(std::filesystem::exists(folder.path() / "model.safetensors.index.json"), shard_bytes < 1'000'000);
    EXPECT_FALSE(std::filesystem::exists(folder.path() / ".saving"));
    const auto again = Decoder::load(folder.path(), {.dtype = at::kBFloat16});
    const auto before = model->parameters(), after = again->parameters();
    ASSERT_EQ(before.size(), after.size());
    for (size_t i = 0; i < before.size(); ++i) {
      EXPECT_EQ(before[i].first, after[i].first);
      EXPECT_TRUE(at::equal(before[i].second, after[i].second)) << before[i].first;
    }
    EXPECT_EQ(read_json_file(folder.path() / "config.json")["model_type"], model->spec().model_type);
  }
}

TEST_P(Architecture, GreedyContinuationEqualsTheReference) {
  REQUIRE_SHARED();
  const c10::InferenceMode inference;
  const auto model = Decoder::load(architecture(GetParam()));
  const Json greedy = read_json_file(architecture(GetParam()) / "reference.json")["greedy"];
  auto ids = greedy["prompt"].get<std::vector<int32_t>>();
  std::vector<int32_t> answer;
  while (answer.size() < greedy["tokens"].size()) {
    const at::Tensor logits = logits_of(*model, TokenBatch::from_segments({ids}))[-1];
    answer.push_back(static_cast<int32_t>(logits.argmax().item<int64_t>()));
    ids.push_back(answer.back());
  }
  EXPECT_EQ(answer, greedy["tokens"].get<std::vector<int32_t>>());
}

TEST(Decoder, LastLogitsOfATrainedModelEqualTheReference) {
  REQUIRE_SHARED();
  const c10::InferenceMode inference;
  for (const std::string name : {"stories260K", "aidreams260K"}) {
    const auto folder = shared_path("fixtures/weights/" + name);
    const auto model = Decoder::load(folder / "hf");
    const Json reference = read_json_file(folder / "reference.json");
    ASSERT_FALSE(reference["score"].empty());
    for (const Json& row : reference["score"]) {
      const TokenBatch batch = TokenBatch::from_segments({row["ids"].get<std::vector<int32_t>>()});
      const auto expected = row["last_logits"].get<std::vector<float>>();
      EXPECT_LT(max_difference(logits_of(*model, batch)[-1], at::tensor(expected)), 1e-4);
    }
  }
}

TEST(Decoder, TheSameSeedGivesTheSameWeights) {
  REQUIRE_SHARED();
  const Json config = read_json_file(architecture("qwen3") / "config.json");
  const auto a = Decoder::create(config, 7), b = Decoder::create(config, 7), c = Decoder::create(config, 8);
  EXPECT_TRUE(at::equal(a->parameters()[0].second, b->parameters()[0].second));
  EXPECT_FALSE(at::equal(a->parameters()[0].second, c->parameters()[0].second));
  EXPECT_NEAR(a->parameters()[0].second.std().item<double>(), 0.02, 0.001);
}

TEST(Decoder, WeightsOfTheComputeTypeAreViewsOfTheFile) {
  REQUIRE_SHARED();
  const auto model = Decoder::load(architecture("llama3_1"), {.dtype = at::kBFloat16});
  const SafetensorsFile file = SafetensorsFile::open(architecture("llama3_1") / "model.safetensors");
  for (const auto& [name, tensor] : model->parameters()) {
    EXPECT_FALSE(tensor.storage().resizable()) << name << " was copied";
    EXPECT_TRUE(at::equal(tensor, file.tensor(name)));
  }
}

// ---- wrong input

/// The message of loading a copy of llama3_1 after `damage`.
template <class Damage>
std::string message_after(const std::string& name, const Damage& damage) {
  const TempFolder folder;
  copy_folder(architecture(name), folder.path() / "m");
  damage(folder.path() / "m");
  return message_of([&] { Decoder::load(folder.path() / "m"); });
}

TEST(BadModel, ATruncatedFileIsNamed) {
  REQUIRE_SHARED();
  const std::string message = message_after(
      "llama3_1", [](const auto& folder) { std::filesystem::resize_file(folder / "model.safetensors", 200'000); });
  EXPECT_NE(message.find("model.safetensors"), std::string::npos) << message;
  EXPECT_NE(message.find("truncated"), std::string::npos) << message;
}

TEST(BadModel, AMissingShardIsNamed) {
  REQUIRE_SHARED();
  const std::string message = message_after(
      "llama2", [](const auto& folder) { std::filesystem::remove(folder / "model-00002-of-00003.safetensors"); });
  EXPECT_NE(message.find("expected the shard 'model-00002-of-00003.safetensors'"), std::string::npos) << message;
}

TEST(BadModel, AFolderWithoutWeightsSaysWhatItWants) {
  REQUIRE_SHARED();
  const std::string message =
      message_after("llama3_1", [](const auto& folder) { std::filesystem::remove(folder / "model.safetensors"); });
  EXPECT_NE(message.find("expected model.safetensors"), std::string::npos) << message;
}

TEST(BadModel, AWrongShapeNamesTheTensor) {
  REQUIRE_SHARED();
  const std::string message = message_after("llama3_1", [](const auto& folder) {
    Json config = read_json_file(folder / "config.json");
    config["intermediate_size"] = 96;
    write_file_atomically(folder / "config.json", config.dump());
  });
  EXPECT_NE(message.find("mlp.gate_proj.weight] expected shape [96, 64] by config.json, got [112, 64]"),
            std::string::npos)
      << message;
}

TEST(BadModel, AWrongDtypeNamesTheTensor) {
  REQUIRE_SHARED();
  const std::string message = message_after("llama3_1", [](const auto& folder) {
    const auto path = folder / "model.safetensors";
    const SafetensorsFile file = SafetensorsFile::open(path);
    NamedTensors tensors;
    for (const std::string& name : file.names())
      tensors.emplace_back(name, name == "model.norm.weight" ? file.tensor(name).to(at::kInt) : file.tensor(name));
    save_safetensors(path, tensors);
  });
  EXPECT_NE(message.find("model.norm.weight] expected a dtype of F32"), std::string::npos) << message;
}

TEST(BadModel, AMissingAndAnUnknownTensorAreNamed) {
  REQUIRE_SHARED();
  const auto layers = [](int64_t n) {
    return message_after("llama3_1", [n](const auto& folder) {
      Json config = read_json_file(folder / "config.json");
      config["num_hidden_layers"] = n;
      write_file_atomically(folder / "config.json", config.dump());
    });
  };
  EXPECT_NE(layers(4).find("expected the tensor 'model.layers.3."), std::string::npos);
  EXPECT_NE(layers(2).find("got 'model.layers.2."), std::string::npos);
}

TEST(BadModel, ATokenOutsideTheVocabularyIsAnError) {
  REQUIRE_SHARED();
  const auto model = Decoder::load(architecture("llama3_1"));
  const std::string message = message_of([&] { logits_of(*model, TokenBatch::from_segments({{1, 256}})); });
  EXPECT_EQ(message, "[model] expected token ids from 0 to 255, got 256");
}

}  // namespace
}  // namespace llmbox
