#include "quant/load.h"

#include <gtest/gtest.h>

#include "model/fixture_model.h"
#include "quant/hqq.h"

namespace llmbox {
namespace {

std::filesystem::path quantized(const std::string& name) { return shared_path("fixtures/quantized/" + name); }

class Quantized : public ::testing::TestWithParam<const char*> {
 protected:
  SafetensorsFile reference() const { return SafetensorsFile::open(quantized(GetParam()) / "reference.safetensors"); }
};

INSTANTIATE_TEST_SUITE_P(Fixtures, Quantized,
                         ::testing::Values("awq_w4_g64", "bnb_fp4", "bnb_int8", "bnb_nf4", "bnb_nf4_double",
                                           "ct_fp8_channel_dynamic", "ct_fp8_tensor_static", "ct_w4a16_g128",
                                           "ct_w4a16_g32_asym", "ct_w8a8_int8", "fp8_block", "gptq_w2_g32_asym",
                                           "gptq_w3_g128_asym", "gptq_w4_g128", "gptq_w4_g128_asym_v2",
                                           "gptq_w4_g32_act_order", "gptq_w8_gall_act_order"),
                         [](const auto& instance) { return instance.param; });

TEST_P(Quantized, WeightsAreDecodedExactly) {
  REQUIRE_SHARED();
  ModelFiles files = open_model_files(quantized(GetParam()));
  pack_quantized(files);
  const SafetensorsFile expected = reference();
  for (const std::string& name : expected.names()) {
    if (!name.starts_with("dequantised/")) continue;
    const at::Tensor rows = expected.tensor(name);
    const at::Tensor dense = files.packed.at(name.substr(12))->dequantize();
    EXPECT_TRUE(at::equal(dense.slice(0, 0, rows.size(0)), rows)) << name;
  }
  const Json norms = read_json_file(quantized(GetParam()) / "reference.json")["dequantised"];
  EXPECT_EQ(files.packed.size(), norms.size());
  for (const auto& [name, entry] : norms.items()) {
    const at::Tensor dense = files.packed.at(name)->dequantize().to(at::kDouble);
    EXPECT_NEAR(dense.norm().item<double>(), entry["norm"].get<double>(), 1e-9 * entry["norm"].get<double>()) << name;
    EXPECT_NEAR(dense.sum().item<double>(), entry["sum"].get<double>(), 1e-6) << name;
  }
}

TEST_P(Quantized, LogitsEqualTheReference) {
  REQUIRE_SHARED();
  const c10::InferenceMode inference;
  const auto model = load_decoder(quantized(GetParam()));
  const SafetensorsFile expected = reference();
  const at::Tensor logits = logits_of(*model, batch_of_rows(expected.tensor("input_ids")));
  EXPECT_LT(max_difference(logits, expected.tensor("logits").flatten(0, 1)), 1e-4);
}

TEST_P(Quantized, ASavedModelIsDenseAndEqual) {
  REQUIRE_SHARED();
  const at::NoGradGuard no_grad;
  const TempFolder folder;
  const auto model = load_decoder(quantized(GetParam()));
  model->save(folder.path());
  const auto again = Decoder::load(folder.path());
  const TokenBatch batch = batch_of_rows(reference().tensor("input_ids"));
  EXPECT_EQ(max_difference(logits_of(*again, batch), logits_of(*model, batch)), 0);
}

TEST(QuantizedModel, GradientsFlowThroughFrozenPackedWeights) {
  REQUIRE_SHARED();
  const auto packed = load_decoder(quantized("gptq_w4_g128"));
  const TempFolder folder;
  packed->save(folder.path());
  const auto dense = Decoder::load(folder.path());
  std::map<std::string, at::Tensor> gradients;
  const TokenBatch batch = batch_of_rows(at::arange(40).view({2, 20}) + 12);
  for (Decoder* model : {packed.get(), dense.get()}) {
    for (const auto& [name, tensor] : model->parameters()) at::Tensor(tensor).requires_grad_(true);
    SegmentContext context(batch.segment_starts);
    mean_loss(*model, batch, context).backward();
    for (const auto& [name, tensor] : model->parameters()) {
      if (model == packed.get()) {
        gradients[name] = tensor.grad();
      } else if (gradients.contains(name)) {
        EXPECT_LT(max_difference(gradients[name], tensor.grad()), 1e-6) << name;
      }
    }
  }
  EXPECT_EQ(gradients.size(), 7u);  // embedding, head, five norms
}

TEST(QuantizedModel, ExpertsInMxfp4AreDecodedExactly) {
  REQUIRE_SHARED();
  ModelFiles files = open_model_files(quantized("mxfp4"));
  pack_quantized(files);
  const auto expected = SafetensorsFile::open(quantized("mxfp4") / "reference.safetensors");
  int64_t n = 0;
  for (const std::string& name : expected.names()) {
    if (!name.starts_with("dequantised/")) continue;
    const at::Tensor values = files.packed.at(name.substr(12))->dequantize();
    EXPECT_TRUE(at::equal(values, expected.tensor(name).to(at::kFloat))) << name;
    ++n;
  }
  EXPECT_EQ(n, 4);
  EXPECT_EQ(files.packed.size(), 4u);
}

TEST(QuantizedModel, ExpertsInMxfp4GiveTheReferenceLogits) {
  REQUIRE_SHARED();
  const c10::InferenceMode inference;
  const auto model = load_decoder(quantized("mxfp4"));
  const auto expected = SafetensorsFile::open(quantized("mxfp4") / "reference.safetensors");
  const at::Tensor logits = logits_of(*model, batch_of_rows(expected.tensor("input_ids")));
  EXPECT_LT(max_difference(logits, expected.tensor("logits").flatten(0, 1)), 1e-4);
}

TEST(QuantizedModel, HqqCodesAreDecodedExactly) {
  REQUIRE_SHARED();
  const auto file = SafetensorsFile::open(quantized("hqq") / "tensors.safetensors");
  const Json cases = read_json_file(quantized("hqq") / "reference.json")["cases"];
  EXPECT_EQ(cases.size(), 8u);
  for (const auto& [key, settings] : cases.items()) {
    const HqqLayout layout{settings["nbits"].get<int>(), settings["axis"].get<int>(),
                           settings["group_size"].get<int64_t>(), 64, 128};
    const at::Tensor codes = file.tensor(key + "/W_q");
    ASSERT_TRUE(hqq_words_fit(codes, layout)) << key;
    const at::Tensor dense = hqq_dequantize(codes, file.tensor(key + "/scale"), file.tensor(key + "/zero"), layout);
    EXPECT_TRUE(at::equal(dense, file.tensor(key + "/dequantised"))) << key;
  }
}

TEST(QuantizedModel, HqqLayersOfAFolderBringTheirSettings) {
  REQUIRE_SHARED();
  const auto file = SafetensorsFile::open(quantized("hqq") / "tensors.safetensors");
  ModelFiles files;
  files.path = "folder";
  files.config = {{"quantization_config", {{"quant_method", "hqq"}}}};
  const auto put = [&](const std::string& end, const at::Tensor& tensor) {
    files.weights["layer." + end] = weight_of(tensor, "file");
  };
  for (const char* end : {"W_q", "scale", "zero"}) put(end, file.tensor(std::string("w4_axis1_g64/") + end));
  const std::pair<const char*, int64_t> kSettings[] = {{"nbits", 4}, {"axis", 1}, {"group_size", 64}, {"optimize", 1}};
  for (const auto& [end, value] : kSettings) put(end, at::scalar_tensor(value, at::kLong));
  put("shape", at::tensor({64, 128}, at::kLong));
  ModelFiles damaged = files;
  pack_quantized(files);
  EXPECT_TRUE(files.weights.empty());
  EXPECT_TRUE(at::equal(files.packed.at("layer.weight")->dequantize(), file.tensor("w4_axis1_g64/dequantised")));
  damaged.weights["layer.axis"] = weight_of(at::scalar_tensor(2, at::kLong), "file");
  EXPECT_NE(message_of([&] { pack_quantized(damaged); }).find("expected a layout of HQQ"), std::string::npos);
}

/// The error of a fixture after `damage` changed its tensors or its configuration.
std::string message_after(const char* fixture, const std::function<void(ModelFiles&)>& damage) {
  ModelFiles files = open_model_files(quantized(fixture));
  damage(files);
  return message_of([&] { pack_quantized(files); });
}

std::string message_with_setting(const char* fixture, const char* key, const Json& value) {
  return message_after(fixture, [&](ModelFiles& files) { files.config["quantization_config"][key] = value; });
}

TEST(BadQuantizedModel, SettingsOutsideTheFormatAreNamed) {
  REQUIRE_SHARED();
  const auto expect = [](const std::string& message, const char* part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect(message_with_setting("gptq_w4_g128", "quant_method", "gptk"), "got 'gptk'; try 'gptq'");
  expect(message_with_setting("gptq_w4_g128", "bits", 5), "expected bits of 2, 3, 4 or 8, got 5");
  expect(message_with_setting("gptq_w4_g128", "bits", "4"), "expected an integer 'bits'");
  expect(message_with_setting("awq_w4_g64", "version", "gemv"), "expected the version gemm, got 'gemv'");
  expect(message_with_setting("awq_w4_g64", "group_size", 48), "expected groups of 48 to fill");
  expect(message_with_setting("fp8_block", "weight_block_size", 128), "two positive integers");
  expect(message_with_setting("ct_w4a16_g128", "format", "marlin-24"), "got 'marlin-24'");
}

TEST(BadQuantizedModel, TensorsThatDoNotFitAreNamed) {
  REQUIRE_SHARED();
  const std::string layer = "model.layers.0.self_attn.k_proj.";
  const auto replaced = [&](const char* fixture, const std::string& end, const at::Tensor& tensor) {
    return message_after(fixture, [&](ModelFiles& files) { files.weights[layer + end] = weight_of(tensor, "file"); });
  };
  const auto expect = [](const std::string& message, const char* part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect(replaced("gptq_w4_g128", "scales", at::ones({1, 8}, at::kHalf)),
         "expected shape [1, 64] beside the codes, got [1, 8]");
  expect(replaced("gptq_w4_g128", "g_idx", at::full({128}, 7, at::kInt)), "expected groups from 0 to 0");
  expect(replaced("gptq_w4_g128", "qzeros", at::ones({1}, at::kFloat)), "expected data of type Int, got Float");
  expect(replaced("bnb_nf4", "weight.absmax", at::ones({3})), "expected shape [128] beside the codes, got [3]");
  expect(replaced("bnb_nf4", "weight", at::ones({3, 1}, at::kByte)), "expected 4096 bytes for 8192 values, got 3");
  expect(replaced("bnb_nf4", "weight.quant_state.bitsandbytes__nf4", at::full({2}, '{', at::kByte)), "quant_state");
  expect(replaced("fp8_block", "weight_scale_inv", at::ones({7, 7})), "expected shape [1, 1]");
  expect(replaced("ct_w4a16_g128", "weight_shape", at::full({2}, 1 << 30, at::kLong)), "weight_packed");
  expect(message_after("awq_w4_g64", [&](ModelFiles& files) { files.weights.erase(layer + "scales"); }),
         "expected the tensor 'model.layers.0.self_attn.k_proj.scales', found none");
}

}  // namespace
}  // namespace llmbox
