#include "adapter/adapter.h"

#include <gtest/gtest.h>

#include "model/fixture_model.h"
#include "model/model_files.h"

namespace llmbox {
namespace {

class Adapter : public ::testing::TestWithParam<std::pair<const char*, const char*>> {
 protected:
  std::unique_ptr<Decoder> base() const { return Decoder::load(architecture(GetParam().second)); }
  std::filesystem::path folder() const { return reference_adapter(GetParam().first); }
  SafetensorsFile reference() const { return SafetensorsFile::open(folder() / "reference.safetensors"); }
};

INSTANTIATE_TEST_SUITE_P(Fixtures, Adapter,
                         ::testing::Values(std::pair{"lora", "llama3_1"}, std::pair{"lora_rslora", "llama3_1"},
                                           std::pair{"lora_patterns", "llama3_1"}, std::pair{"lora_gpt2", "gpt2"},
                                           std::pair{"lora_dora", "llama3_1"}, std::pair{"lora_dora_gpt2", "gpt2"},
                                           std::pair{"lora_modules_to_save", "llama3_1"},
                                           std::pair{"lora_embedding", "llama3_1"}, std::pair{"ia3", "llama3_1"},
                                           std::pair{"lora_phi3", "phi3"}, std::pair{"oft", "llama3_1"},
                                           std::pair{"oft_cayley", "llama3_1"},
                                           std::pair{"oft_rank_shared", "llama3_1"}, std::pair{"vera", "llama3_1"},
                                           std::pair{"adalora", "llama3_1"}, std::pair{"adalora_pruned", "llama3_1"},
                                           std::pair{"hra", "llama3_1"}, std::pair{"hra_gram_schmidt", "llama3_1"},
                                           std::pair{"loha", "llama3_1"}, std::pair{"lokr", "llama3_1"}),
                         [](const auto& instance) { return instance.param.first; });

TEST_P(Adapter, AdaptedAndMergedLogitsEqualTheReference) {
  REQUIRE_SHARED();
  const at::NoGradGuard no_grad;
  const auto model = base();
  load_adapter(*model, folder(), false);
  const SafetensorsFile expected = reference();
  const TokenBatch batch = batch_of_rows(expected.tensor("input_ids"));
  const at::Tensor adapted = logits_of(*model, batch);
  EXPECT_LT(max_difference(adapted, expected.tensor("logits").flatten(0, 1)), 1e-4);
  merge_adapters(*model);
  const at::Tensor merged = logits_of(*model, batch);
  EXPECT_LT(max_difference(merged, expected.tensor("merged_logits").flatten(0, 1)), 1e-4);
  EXPECT_LT(max_difference(merged, adapted), 1e-4);
  EXPECT_TRUE(adapter_parameters(*model).empty());
}

TEST_P(Adapter, SavedModelIsTheMergedOne) {
  REQUIRE_SHARED();
  const at::NoGradGuard no_grad;
  const TempFolder out;
  const auto model = base();
  load_adapter(*model, folder(), false);
  model->save(out.path());
  const auto again = Decoder::load(out.path());
  const TokenBatch batch = batch_of_rows(reference().tensor("input_ids"));
  EXPECT_LT(max_difference(logits_of(*again, batch), logits_of(*model, batch)), 1e-4);
}

TEST_P(Adapter, SavedAdapterEqualsLoadedBitForBit) {
  REQUIRE_SHARED();
  const TempFolder out;
  const auto model = base();
  load_adapter(*model, folder(), false);
  save_adapter(*model, out.path());
  const auto before = SafetensorsFile::open(folder() / "adapter_model.safetensors");
  const auto after = SafetensorsFile::open(out.path() / "adapter_model.safetensors");
  auto names = before.names(), again = after.names();
  // PEFT also writes copies of unchanged base weights; they are not read back.
  std::erase_if(names, [](const std::string& name) { return name.ends_with(".base_layer.weight"); });
  std::sort(names.begin(), names.end());
  std::sort(again.begin(), again.end());
  ASSERT_EQ(names, again);
  for (const std::string& name : names) EXPECT_TRUE(at::equal(before.tensor(name), after.tensor(name))) << name;
  EXPECT_EQ(read_json_file(folder() / "adapter_config.json"), read_json_file(out.path() / "adapter_config.json"));
}

TEST_P(Adapter, AloneIsTrainable) {
  REQUIRE_SHARED();
  const auto model = base();
  const NamedTensors trainable = load_adapter(*model, folder(), true);
  const TokenBatch batch = batch_of_rows(reference().tensor("input_ids"));
  SegmentContext context(batch.segment_starts);
  mean_loss(*model, batch, context).backward();
  size_t with_gradient = 0;
  for (const auto& [name, tensor] : model->parameters()) with_gradient += tensor.grad().defined();
  for (const auto& [name, tensor] : trainable) {
    const bool is_embedding = name.find("lora_embedding") != std::string::npos;  // written into the model when loaded
    if (is_embedding) continue;
    ASSERT_TRUE(tensor.grad().defined()) << name;
    EXPECT_GT(tensor.grad().abs().max().item<float>(), 0) << name;
  }
  EXPECT_EQ(with_gradient, trainable.size());
}

/// The base of the fixture with the weights of FILE in the place of its own.
std::unique_ptr<Decoder> base_with(const std::filesystem::path& file) {
  ModelFiles files = open_model_files(architecture("llama3_1"));
  for (const auto& [name, weight] : open_weight_file(file)) files.weights[name] = weight;
  return Decoder::build(files);
}

at::Tensor adapted_logits(Decoder& model, const std::filesystem::path& folder, const at::Tensor& ids) {
  const at::NoGradGuard no_grad;
  load_adapter(model, folder, false);
  return logits_of(model, batch_of_rows(ids));
}

TEST(Adapters, PissaWorksOnItsResidualAndConvertedOnTheBase) {
  REQUIRE_SHARED();
  for (const std::string name : {"lora_pissa", "lora_pissa_rslora"}) {
    const auto folder = reference_adapter(name);
    const auto expected = SafetensorsFile::open(folder / "reference.safetensors");
    const at::Tensor ids = expected.tensor("input_ids");
    const auto difference = [&](std::unique_ptr<Decoder> model, const std::filesystem::path& path, const char* key) {
      return max_difference(adapted_logits(*model, path, ids), expected.tensor(key).flatten(0, 1));
    };
    EXPECT_LT(difference(base_with(folder / "residual.safetensors"), folder / "start", "start_logits"), 1e-4) << name;
    EXPECT_LT(difference(base_with(folder / "residual.safetensors"), folder, "logits"), 1e-4) << name;
    EXPECT_LT(difference(Decoder::load(architecture("llama3_1")), folder / "converted", "logits"), 2e-3) << name;
  }
}

TEST(Adapters, LoftQWorksOnItsQuantizedBase) {
  REQUIRE_SHARED();
  for (const std::string name : {"lora_loftq", "lora_loftq_iter4"}) {
    const auto expected = SafetensorsFile::open(reference_adapter(name) / "reference.safetensors");
    const auto model = base_with(reference_adapter(name) / "quantised.safetensors");
    const at::Tensor logits = adapted_logits(*model, reference_adapter(name), expected.tensor("input_ids"));
    EXPECT_LT(max_difference(logits, expected.tensor("logits").flatten(0, 1)), 1e-4) << name;
  }
}

/// The error of loading a copy of the fixture whose configuration or tensors were changed.
std::string message_after(const std::string& name, const std::function<void(Json&, NamedTensors&)>& damage) {
  const TempFolder folder;
  Json config = read_json_file(reference_adapter(name) / "adapter_config.json");
  NamedTensors tensors;
  const auto file = SafetensorsFile::open(reference_adapter(name) / "adapter_model.safetensors");
  for (const std::string& tensor : file.names()) tensors.emplace_back(tensor, file.tensor(tensor));
  damage(config, tensors);
  folder.write("adapter_config.json", config.dump());
  save_safetensors(folder.path() / "adapter_model.safetensors", tensors);
  const auto model = Decoder::load(architecture("llama3_1"));
  return message_of([&] { load_adapter(*model, folder.path(), false); });
}

TEST(BadAdapter, IsRefusedByName) {
  REQUIRE_SHARED();
  const auto expect = [](const std::string& message, const char* part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  const auto with = [](const char* name, const char* key, const Json& value) {
    return message_after(name, [&](Json& config, NamedTensors&) { config[key] = value; });
  };
  expect(with("lora", "peft_type", "LORB"), "got 'LORB'; try 'LORA'");
  expect(with("lora", "r", "4"), "expected a number 'r', got \"4\"");
  expect(with("lora", "r", 5), "expected rank 5 by the configuration, got 4");
  expect(with("lora", "bias", "all"), "expected bias 'none'");
  expect(message_after("vera", [](Json&, NamedTensors& tensors) { tensors.pop_back(); }), "vera_");
  expect(message_after("lora", [](Json&, NamedTensors& tensors) { tensors.emplace_back("other", at::ones({1})); }),
         "got 'other'");
  expect(message_after("hra",
                       [](Json&, NamedTensors& tensors) {
                         tensors[0].second = at::ones({3, 4});
                       }),
         "expected shape");
  expect(message_after("oft",
                       [](Json&, NamedTensors& tensors) {
                         tensors[0].second = at::ones({8, 27});
                       }),
         "expected triangles of blocks");
  expect(message_after("ia3", [](Json&, NamedTensors& tensors) { tensors[0].second = tensors[0].second.to(at::kInt); }),
         "expected floating point data");
}

TEST(BadAdapter, OfAnotherModelIsRefused) {
  REQUIRE_SHARED();
  const auto model = Decoder::load(architecture("qwen2"));
  EXPECT_NE(message_of([&] {
              load_adapter(*model, reference_adapter("lora"), false);
            }).find("is it an adapter of this model?"),
            std::string::npos);
  const TempFolder folder;
  Json config = read_json_file(reference_adapter("lora") / "adapter_config.json");
  config["peft_type"] = "PROMPT_TUNIN";
  folder.write("adapter_config.json", config.dump());
  std::filesystem::copy(reference_adapter("lora") / "adapter_model.safetensors",
                        folder.path() / "adapter_model.safetensors");
  EXPECT_NE(message_of([&] { load_adapter(*model, folder.path(), false); }).find("got 'PROMPT_TUNIN'; try"),
            std::string::npos);
}

}  // namespace
}  // namespace llmbox
