#include "tensor/activation.h"
#include "tensor/embedding.h"
#include "tensor/linear.h"
#include "tensor/norm.h"
#include "tensor/op_check.h"
#include "tensor/rope.h"

namespace llmbox {
namespace {

const std::vector<at::ScalarType> kTypes = {at::kFloat, at::kBFloat16};

TEST(NormTest, RmsNormEqualsNaive) {
  const Op op = [](const Tensors& t) { return rms_norm(t[0], t[1], 1e-5); };
  const Op naive = [](const Tensors& t) { return rms_norm_naive(t[0], t[1], 1e-5); };
  for (const int64_t width : {1, 20, 64, 576}) {
    for (const auto type : kTypes) {
      expect_equal_to_naive(op, naive, {random_tensor({130, width}, type, 1), random_tensor({width}, type, 2)}, type);
    }
  }
  expect_gradient_of_differences(naive, {random_tensor({5, 20}, at::kFloat, 1), random_tensor({20}, at::kFloat, 2)});
}

TEST(NormTest, LayerNormEqualsNaive) {
  const Op op = [](const Tensors& t) { return layer_norm(t[0], t[1], t[2], 1e-5); };
  const Op naive = [](const Tensors& t) { return layer_norm_naive(t[0], t[1], t[2], 1e-5); };
  for (const int64_t width : {8, 20, 64, 100}) {
    const Tensors inputs{random_tensor({70, width}, at::kFloat, 1) + 3, random_tensor({width}, at::kFloat, 2),
                         random_tensor({width}, at::kFloat, 3)};
    for (const auto type : kTypes) expect_equal_to_naive(op, naive, inputs, type);
    expect_gradient_of_differences(naive, inputs);
  }
}

TEST(NormTest, LayerNormWithoutBiasAndHigherRank) {
  const at::Tensor x = random_tensor({3, 4, 24}, at::kFloat, 1), weight = random_tensor({24}, at::kFloat, 2);
  EXPECT_LE(relative_error(layer_norm(x, weight, {}, 1e-5), layer_norm_naive(x, weight, {}, 1e-5)), 1e-6);
  EXPECT_LE(relative_error(rms_norm(x, weight, 1e-5), rms_norm_naive(x, weight, 1e-5)), 1e-6);
}

TEST(NormTest, LayerNormWithoutBiasHasGradients) {
  const Op op = [](const Tensors& t) { return layer_norm(t[0], t[1], {}, 1e-5); };
  const Op naive = [](const Tensors& t) { return layer_norm_naive(t[0], t[1], {}, 1e-5); };
  expect_equal_to_naive(op, naive, {random_tensor({9, 24}, at::kFloat, 1), random_tensor({24}, at::kFloat, 2)},
                        at::kFloat);
}

TEST(NormTest, NanStaysNan) {
  at::Tensor x = random_tensor({2, 32}, at::kFloat, 1);
  x[1][3] = std::nan("");
  const at::Tensor y = rms_norm(x, at::ones({32}), 1e-5);
  EXPECT_FALSE(y[0].isnan().any().item<bool>());
  EXPECT_TRUE(y[1].isnan().all().item<bool>());
}

TEST(RopeTest, EqualsNaive) {
  for (const int64_t dim : {8, 20, 64, 128}) {
    for (const int64_t half : {dim / 2, dim / 4}) {
      const at::Tensor angle = random_tensor({33, half}, at::kFloat, 9, 3);
      const RopeAngles angles{angle.cos(), angle.sin()};
      for (const bool interleaved : {false, true}) {
        const Op op = [&](const Tensors& t) { return apply_rope(t[0], angles, interleaved); };
        const Op naive = [&](const Tensors& t) { return apply_rope_naive(t[0], angles, interleaved); };
        for (const auto type : kTypes) expect_equal_to_naive(op, naive, {random_tensor({33, 3, dim}, type, 1)}, type);
      }
    }
  }
}

TEST(ActivationTest, SwigluEqualsNaive) {
  const Op op = [](const Tensors& t) { return swiglu(t[0], t[1]); };
  const Op naive = [](const Tensors& t) { return swiglu_naive(t[0], t[1]); };
  const Tensors inputs{random_tensor({37, 50}, at::kFloat, 1, 4), random_tensor({37, 50}, at::kFloat, 2)};
  for (const auto type : kTypes) expect_equal_to_naive(op, naive, inputs, type);
  expect_gradient_of_differences(naive, inputs);
}

TEST(ActivationTest, SwigluOfExtremeGates) {
  const at::Tensor gate = at::tensor({-1000.0f, -100.0f, 0.0f, 100.0f, 1000.0f}), up = at::ones({5});
  EXPECT_TRUE(at::allclose(swiglu(gate, up), at::tensor({0.0f, 0.0f, 0.0f, 100.0f, 1000.0f})));
}

TEST(EmbeddingTest, GradientSumsRepeatedTokens) {
  const at::Tensor ids = at::tensor({3, 1, 3, 3, 0, 6, 1}, at::kLong);
  const Op op = [&](const Tensors& t) { return llmbox::embedding(t[0], ids); };
  const Op naive = [&](const Tensors& t) { return t[0].index_select(0, ids); };
  for (const auto type : kTypes) expect_equal_to_naive(op, naive, {random_tensor({7, 40}, type, 1)}, type);
}

TEST(LinearTest, EqualsTheDefinitionForFewAndManyRows) {
  const c10::InferenceMode inference;
  for (const int64_t rows : {1, 2, 3, 4, 7, 16, 40}) {
    for (const int64_t k : {8, 33, 64, 576}) {
      for (const auto type : kTypes) {
        const at::Tensor x = random_tensor({rows, k}, type, 1), w = random_tensor({50, k}, type, 2, 0.1);
        const at::Tensor b = random_tensor({50}, type, 3);
        const at::Tensor truth = at::mm(x.to(at::kDouble), w.to(at::kDouble).t()) + b.to(at::kDouble);
        EXPECT_LE(relative_error(llmbox::linear(x, w, b), truth), type == at::kFloat ? 1e-6 : 4e-3) << rows << " " << k;
      }
    }
  }
}

TEST(LinearTest, ARowDoesNotDependOnItsNeighbours) {
  const c10::InferenceMode inference;
  const at::Tensor x = random_tensor({16, 100}, at::kFloat, 1), w = random_tensor({30, 100}, at::kFloat, 2);
  const at::Tensor all = llmbox::linear(x, w, {});
  for (int64_t i = 0; i < 16; ++i)
    EXPECT_TRUE(at::equal(llmbox::linear(x.narrow(0, i, 1), w, {}), all.narrow(0, i, 1)));
}

TEST(LinearTest, GroupsEqualTheirProductsBitForBit) {
  const std::vector<int64_t> starts{0, 5, 5, 405, 410};
  for (const auto type : kTypes) {
    const at::Tensor x = random_tensor({410, 96}, type, 1);
    Tensors weights, parts;
    for (uint64_t g = 0; g < 4; ++g) weights.push_back(random_tensor({150, 96}, type, 2 + g));
    const auto run = [&] { return grouped_linear(x, starts, weights); };
    const at::Tensor with_gradients = run();
    const c10::InferenceMode inference;
    for (size_t g = 0; g < 4; ++g)
      parts.push_back(llmbox::linear(x.slice(0, starts[g], starts[g + 1]), weights[g], at::Tensor()));
    EXPECT_TRUE(at::equal(run(), at::cat(parts)));
    EXPECT_LE(relative_error(with_gradients, at::cat(parts)), type == at::kFloat ? 1e-6 : 4e-3);
  }
}

}  // namespace
}  // namespace llmbox
