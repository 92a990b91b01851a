#include "model/gguf/model.h"

#include <gtest/gtest.h>

#include "model/fixture_model.h"
#include "model/gguf/layout.h"
#include "model/llama2c.h"

namespace llmbox {
namespace {

std::filesystem::path reference(const std::string& name) { return shared_path("fixtures/quantized/gguf/" + name); }
std::filesystem::path weights(const std::string& name) { return shared_path("fixtures/weights/" + name); }

TokenBatch small_batch() { return batch_of_rows((at::arange(60) * 7 % 59).view({3, 20})); }

at::Tensor logits_of_file(const std::filesystem::path& path, at::ScalarType dtype = at::kFloat) {
  const c10::InferenceMode inference;
  const auto model = Decoder::load(path, {.dtype = dtype});
  const TokenBatch batch = small_batch();
  if (!model->spec().has_encoder()) return logits_of(*model, batch);
  SegmentContext context(batch.segment_starts, model->encode(batch), batch.segment_starts);
  return model->logits(model->forward(batch, context));
}

TEST(GgufModel, ReferenceFilesGiveTheirLogits) {
  REQUIRE_SHARED();
  const c10::InferenceMode inference;
  const auto expected = SafetensorsFile::open(reference("reference.safetensors"));
  for (const std::string name : {"f16", "q8_0", "mixed"}) {
    const auto model = Decoder::load(reference("tiny_llama." + name + ".gguf"));
    const at::Tensor logits = logits_of(*model, batch_of_rows(expected.tensor("input_ids")));
    EXPECT_LT(max_difference(logits, expected.tensor("logits/tiny_llama." + name).flatten(0, 1)), 1e-4) << name;
  }
}

TEST(GgufModel, FolderGgufAndLlama2cGiveTheSameNumbers) {
  REQUIRE_SHARED();
  for (const std::string name : {"stories260K", "aidreams260K"}) {
    const at::Tensor folder = logits_of_file(weights(name + "/hf"));
    EXPECT_EQ(max_difference(logits_of_file(weights(name + "/" + name + ".f32.gguf")), folder), 0) << name;
    EXPECT_EQ(max_difference(logits_of_file(weights(name + "/" + name + ".bin")), folder), 0) << name;
  }
}

TEST(GgufModel, LastLogitsOfTextsEqualTheReference) {
  REQUIRE_SHARED();
  const c10::InferenceMode inference;
  const auto model = Decoder::load(weights("stories260K/stories260K.bin"));
  const Json json = read_json_file(weights("stories260K/reference.json"));
  for (const Json& entry : json["score"]) {
    const auto ids = entry["ids"].get<std::vector<int32_t>>();
    const at::Tensor logits = logits_of(*model, TokenBatch::from_segments({ids}));
    const auto last = entry["last_logits"].get<std::vector<double>>();
    EXPECT_LT(max_difference(logits[-1], at::tensor(at::ArrayRef<double>(last), at::kDouble)), 1e-4);
  }
}

/// A GGUF of the fixture's folder; `forget`: without the copy of config.json, as another program's file.
std::filesystem::path exported(const TempFolder& folder, const std::filesystem::path& model, const std::string& type,
                               bool forget = false) {
  const auto path = folder.path() / (type + ".gguf");
  save_gguf_model(path, open_model_files(model), {.type = type});
  if (!forget) return path;
  std::string bytes = read_text_file(path);
  const std::string key = "llmbox.config_json";
  bytes.replace(bytes.find(key), key.size(), "forgotten.config_j");
  return folder.write("forgotten.gguf", bytes);
}

/// A fixture, or a folder of tests/parity.
std::filesystem::path any_model(const std::string& name) {
  const auto parity = std::filesystem::path(LLMBOX_SOURCE_DIR) / "tests/parity" / name;
  return std::filesystem::exists(parity) ? parity : architecture(name);
}

class GgufRoundTrip : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(
    Models, GgufRoundTrip,
    ::testing::Values("llama2", "llama3_1", "llama_linear_rope", "llama_yarn", "llama_dynamic_ntk", "mistral",
                      "mixtral", "gpt2", "gpt_neox", "gpt_bigcode", "bloom", "falcon", "falcon_new", "falcon_rw", "mpt",
                      "qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "gemma", "gemma2", "gemma3_text", "gemma3_new_form",
                      "phi", "phi3", "phi3_longrope", "starcoder2", "stablelm", "stablelm2_12b", "cohere",
                      "cohere_plus", "olmo2", "olmoe", "granite", "deepseek_v2", "deepseek_v3", "glm", "glm4",
                      "smollm3", "gpt_oss", "nemotron", "arcee", "baichuan", "baichuan_13b", "chatglm", "cohere2",
                      "deepseek", "ernie4_5", "ernie4_5_moe", "exaone", "exaone4", "glm4_moe", "granitemoe",
                      "hunyuan_v1_dense", "hunyuan_v1_moe", "internlm2", "internlm3", "minicpm", "minicpm3", "olmo",
                      "olmo3", "orion", "qwen", "seed_oss", "xverse", "aquila", "Yi", "minicpm4", "t5", "t5_v1_1",
                      "gemma3n_text", "rwkv6", "rwkv7", "kimi_k2", "lfm2", "llama4_text", "moonlight", "phimoe"),
    [](const auto& instance) { return instance.param; });

TEST_P(GgufRoundTrip, PlainTypesKeepTheLogits) {
  REQUIRE_SHARED();
  const TempFolder folder;
  const auto source = any_model(GetParam());
  const at::Tensor before = logits_of_file(source), narrow = logits_of_file(source, at::kBFloat16);
  EXPECT_EQ(max_difference(logits_of_file(exported(folder, source, "f32")), before), 0);
  EXPECT_EQ(max_difference(logits_of_file(exported(folder, source, "bf16"), at::kBFloat16), narrow), 0);
}

TEST_P(GgufRoundTrip, TheWayBackGivesTheFolderAgain) {
  REQUIRE_SHARED();
  const TempFolder folder;
  const auto source = any_model(GetParam());
  Decoder::load(exported(folder, source, "f32"))->save(folder.path() / "hf");
  EXPECT_EQ(max_difference(logits_of_file(folder.path() / "hf"), logits_of_file(source)), 0);
}

/// GGUF holds A of a state space, the hub its logarithm; rows of Baichuan 2's head are of length 1: a bit is lost.
TEST(GgufModel, ChangedValuesKeepTheLogits) {
  REQUIRE_SHARED();
  for (const char* name : {"mamba", "jamba", "baichuan2", "bamba", "falcon_h1", "falcon_h1_no_norm", "qwen3_next"}) {
    const TempFolder folder;
    const auto source = any_model(name);
    EXPECT_LT(max_difference(logits_of_file(exported(folder, source, "f32")), logits_of_file(source)), 1e-5) << name;
  }
}

class ForeignGguf : public ::testing::TestWithParam<const char*> {};
// Not gpt_oss's limit, gpt_bigcode's activation, smollm3's layers without rope, llama4_text's temperature, phimoe's
// jitter: llama.cpp has one of each, or none, and no key.
INSTANTIATE_TEST_SUITE_P(Models, ForeignGguf,
                         ::testing::Values("llama2", "llama3_1", "llama_linear_rope", "llama_yarn", "mixtral", "gpt2",
                                           "gpt_neox", "bloom", "mpt", "qwen3", "qwen3_moe", "gemma", "phi", "phi3",
                                           "phi3_longrope", "starcoder2", "stablelm", "stablelm2_12b", "cohere",
                                           "cohere_plus", "olmo2", "olmoe", "granite", "deepseek_v2", "deepseek_v3",
                                           "glm", "glm4", "nemotron", "mamba", "arcee", "cohere2", "ernie4_5", "exaone",
                                           "granitemoe", "internlm2", "olmo", "olmo3", "orion", "seed_oss", "xverse",
                                           "falcon", "falcon_new", "deepseek", "minicpm", "qwen", "baichuan",
                                           "baichuan2", "baichuan_13b", "chatglm", "ernie4_5_moe", "exaone4", "gemma2",
                                           "gemma3_text", "gemma3_new_form", "glm4_moe", "hunyuan_v1_dense",
                                           "hunyuan_v1_moe", "jamba", "minicpm3", "mistral", "qwen2", "qwen2_moe",
                                           "aquila", "bamba", "falcon_h1", "falcon_h1_no_norm", "kimi_k2", "lfm2",
                                           "moonlight", "gemma3n_text", "qwen3_next", "rwkv7"),
                         [](const auto& instance) { return instance.param; });

TEST_P(ForeignGguf, WithLlamaCppsKeysOnlyKeepsTheLogits) {
  REQUIRE_SHARED();
  const TempFolder folder;
  const auto source = any_model(GetParam());
  EXPECT_LT(max_difference(logits_of_file(exported(folder, source, "f32", true)), logits_of_file(source)), 1e-4);
}

TEST(GgufModel, AnEncoderDecoderIsReadByLlamaCppsKeys) {
  REQUIRE_SHARED();
  for (const char* name : {"t5", "t5_v1_1"}) {
    const TempFolder folder;
    Json config = read_json_file(architecture(name) / "config.json");
    config["relative_attention_max_distance"] = 128;  // llama.cpp's own
    folder.write("model/config.json", config.dump());
    folder.write("model/model.safetensors", read_text_file(architecture(name) / "model.safetensors"));
    const auto source = folder.path() / "model";
    EXPECT_LT(max_difference(logits_of_file(exported(folder, source, "f32", true)), logits_of_file(source)), 1e-4);
  }
}

TEST(GgufModel, HalvedBranchesAreMadeWhole) {
  const Json config = read_json_file(any_model("rwkv6") / "config.json");
  const ModelSpec spec = parse_model_spec(config, "rwkv6");
  const GgufLayout layout = gguf_layout(spec, *find_gguf_family_of_model("rwkv6"), 1);
  for (const char* part : {"attention.output.weight", "feed_forward.value.weight"}) {
    const HubTensor& halved = layout.hub.at(std::string("rwkv.blocks.1.") + part);
    EXPECT_EQ(max_difference(halved.join({at::ones(halved.shape)}), at::full(halved.shape, 2.0)), 0) << part;
    EXPECT_FALSE(layout.hub.at(std::string("rwkv.blocks.0.") + part).join) << part;
  }
}

TEST(GgufModel, Llama4sLayersAreReadByLlamaCppsKeys) {
  REQUIRE_SHARED();
  const TempFolder folder;
  const Json config = open_gguf_model(exported(folder, any_model("llama4_text"), "f32", true)).config;
  EXPECT_EQ(config["no_rope_layers"], Json({1, 0, 1}));
  EXPECT_EQ(config["attention_chunk_size"], 5);
  EXPECT_EQ(config["interleave_moe_layer_step"], 2);
  EXPECT_EQ(config["intermediate_size"], 12);
  EXPECT_EQ(config["intermediate_size_mlp"], 24);
  EXPECT_EQ(config["use_qk_norm"], true);
}

TEST(GgufModel, QuantizedTypesStayWithinTheirBounds) {
  const TempFolder folder;
  const Json config = {{"model_type", "llama"},       {"hidden_size", 256},        {"intermediate_size", 512},
                       {"num_hidden_layers", 4},      {"num_attention_heads", 4},  {"num_key_value_heads", 2},
                       {"vocab_size", 128},           {"initializer_range", 0.06}, {"max_position_embeddings", 64},
                       {"tie_word_embeddings", false}};
  Decoder::create(config, 5)->save(folder.path());
  const at::Tensor before = logits_of_file(folder.path());
  const std::pair<const char*, double> kBounds[] = {
      {"f16", 0.003}, {"q8_0", 0.04}, {"q6_k", 0.11}, {"q4_k_m", 0.4}, {"q4_0", 0.5}};
  double last = 0;
  for (const auto& [type, bound] : kBounds) {
    const at::Tensor after = logits_of_file(exported(folder, folder.path(), type));
    const double error = ((after - before).norm() / before.norm()).item<double>();
    EXPECT_LT(error, bound) << type;
    EXPECT_GT(error, last / 2) << type;  // each keeps less than the one before
    last = error;
  }
  const GgufFile file = GgufFile::open(folder.path() / "q4_k_m.gguf");
  EXPECT_STREQ(file.tensors().at("output.weight").type->name, "Q6_K");
  EXPECT_STREQ(file.tensors().at("token_embd.weight").type->name, "Q4_K");
  EXPECT_STREQ(file.tensors().at("blk.3.ffn_down.weight").type->name, "Q6_K");
  EXPECT_STREQ(file.tensors().at("blk.0.ffn_down.weight").type->name, "Q4_K");
  EXPECT_STREQ(file.tensors().at("blk.0.attn_norm.weight").type->name, "F32");
  EXPECT_EQ(file.metadata()["general.file_type"], 15);
}

TEST(GgufModel, AQuantizedFileIsAModelThatSavesDense) {
  REQUIRE_SHARED();
  const at::NoGradGuard no_grad;
  const TempFolder folder;
  const auto model = Decoder::load(reference("tiny_llama.mixed.gguf"));
  model->save(folder.path() / "hf");
  EXPECT_EQ(
      max_difference(logits_of(*Decoder::load(folder.path() / "hf"), small_batch()), logits_of(*model, small_batch())),
      0);
}

TEST(BadGgufModel, IsRefusedByName) {
  REQUIRE_SHARED();
  const TempFolder folder;
  const std::string whole = read_text_file(reference("tiny_llama.f16.gguf"));
  const auto fault = [&](const std::string& from, const std::string& to) {
    std::string bytes = whole;
    bytes.replace(bytes.find(from), from.size(), to);
    return message_of([&] { Decoder::load(folder.write("x.gguf", bytes)); });
  };
  const auto expect = [](const std::string& message, const char* part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect(fault("general.architecture", "general.architectura"), "expected the key 'general.architecture'");
  expect(fault("llama", "lamma"), "got 'lamma'; try 'llama'");
  expect(fault("llama.block_count", "llama.block_coumt"), "num_hidden_layers");
  expect(fault("blk.1.ffn_up.weight", "blk.1.ffn_xp.weight"), "got a name that it has not");
  expect(fault("blk.1.ffn_up.weight", "blk.7.ffn_up.weight"), "got a name that it has not");
  expect(message_of([&] { Decoder::load(folder.write("y.gguf", whole.substr(0, whole.size() / 2))); }), "truncated");
  expect(message_of([&] { Decoder::load(folder.path() / "none.gguf"); }), "found none");
}

TEST(BadLlama2cModel, IsRefusedByName) {
  REQUIRE_SHARED();
  const TempFolder folder;
  const std::string whole = read_text_file(weights("stories260K/stories260K.bin"));
  const auto fault = [&](const std::string& bytes) {
    return message_of([&] { open_llama2c_model(folder.write("x.bin", bytes)); });
  };
  EXPECT_NE(fault(whole.substr(0, 200)).find("got 200 bytes"), std::string::npos);
  EXPECT_NE(fault(whole.substr(0, 400000)).find("truncated"), std::string::npos);
  EXPECT_NE(fault(std::string(300, '\xff')).find("a size of -1"), std::string::npos);
  EXPECT_NE(fault(std::string("24ka\2\0\0\0", 8) + std::string(300, '\1')).find("version 0 or 1"), std::string::npos);
}

}  // namespace
}  // namespace llmbox
