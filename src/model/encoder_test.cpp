// Models that are not plain decoders: encoder-decoder, encoder, and heads that score.
#include <gtest/gtest.h>

#include "model/fixture_model.h"
#include "model/reference_gradients.h"

namespace llmbox {
namespace {

SafetensorsFile reference_of(const std::string& name) {
  return SafetensorsFile::open(architecture(name) / "reference.safetensors");
}

/// The rows of ids without those under mask 0.
TokenBatch batch_without_pads(const at::Tensor& ids, const at::Tensor& mask) {
  std::vector<std::vector<int32_t>> rows;
  for (int64_t i = 0; i < ids.size(0); ++i) {
    const at::Tensor row = ids[i].index({mask[i] == 1}).to(at::kInt).contiguous();
    rows.emplace_back(row.data_ptr<int32_t>(), row.data_ptr<int32_t>() + row.numel());
  }
  return TokenBatch::from_segments(rows);
}

void require_gradients(const Decoder& model) {
  for (const auto& [name, tensor] : model.parameters()) at::Tensor(tensor).requires_grad_(true);
}

// ---- encoder-decoder

class EncoderDecoder : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Fixtures, EncoderDecoder, ::testing::Values("t5", "t5_v1_1"),
                         [](const auto& instance) { return std::string(instance.param); });

at::Tensor target_logits(Decoder& model, const TokenBatch& sources, const TokenBatch& targets) {
  SegmentContext context(targets.segment_starts, model.encode(sources), sources.segment_starts);
  return model.logits(model.forward(targets, context));
}

TEST_P(EncoderDecoder, LogitsEqualTheReferencePaddedOrNot) {
  REQUIRE_SHARED();
  const c10::InferenceMode inference;
  const auto model = Decoder::load(architecture(GetParam()));
  const SafetensorsFile expected = reference_of(GetParam());
  const TokenBatch targets = batch_of_rows(expected.tensor("decoder_input_ids"));
  const at::Tensor plain = target_logits(*model, batch_of_rows(expected.tensor("input_ids")), targets);
  EXPECT_LT(max_difference(plain, expected.tensor("logits").flatten(0, 1)), 1e-4);
  const TokenBatch sources =
      batch_without_pads(expected.tensor("padded_input_ids"), expected.tensor("padded_attention_mask"));
  EXPECT_LT(max_difference(target_logits(*model, sources, targets), expected.tensor("padded_logits").flatten(0, 1)),
            1e-4);
}

TEST_P(EncoderDecoder, LossAndGradientsEqualTheReference) {
  REQUIRE_SHARED();
  const Json expected = read_json_file(architecture(GetParam()) / "reference.json");
  const SafetensorsFile tensors = reference_of(GetParam());
  for (const bool recompute : {false, true}) {
    const auto model = Decoder::load(architecture(GetParam()), {.checkpoint_activations = recompute});
    require_gradients(*model);
    const TokenBatch sources = batch_of_rows(tensors.tensor("input_ids"));
    const TokenBatch targets = batch_of_rows(tensors.tensor("decoder_input_ids"));
    SegmentContext context(targets.segment_starts, model->encode(sources), sources.segment_starts);
    const at::Tensor labels = tensors.tensor("labels").flatten();
    const at::Tensor loss = linear_cross_entropy(model->forward(targets, context), model->head_weight(),
                                                 model->head_bias(), labels, model->logit_shape()) /
                            labels.numel();
    EXPECT_NEAR(loss.item<double>(), expected["loss"].get<double>(), 1e-4);
    loss.backward();
    expect_gradients(*model, expected["gradients"]);
  }
}

TEST_P(EncoderDecoder, GreedyContinuationEqualsTheReference) {
  REQUIRE_SHARED();
  const c10::InferenceMode inference;
  const auto model = Decoder::load(architecture(GetParam()));
  const Json greedy = read_json_file(architecture(GetParam()) / "reference.json")["greedy"];
  const TokenBatch source = TokenBatch::from_segments({greedy["prompt"].get<std::vector<int32_t>>()});
  std::vector<int32_t> answer{0};
  while (answer.size() <= greedy["tokens"].size()) {
    const at::Tensor logits = target_logits(*model, source, TokenBatch::from_segments({answer}))[-1];
    answer.push_back(static_cast<int32_t>(logits.argmax().item<int64_t>()));
  }
  answer.erase(answer.begin());
  EXPECT_EQ(answer, greedy["tokens"].get<std::vector<int32_t>>());
}

// ---- encoder

TEST(Encoder, BertEqualsTheReferencePaddedOrNot) {
  REQUIRE_SHARED();
  const c10::InferenceMode inference;
  const auto model = Decoder::load(architecture("bert"));
  const SafetensorsFile expected = reference_of("bert");
  TokenBatch batch = batch_of_rows(expected.tensor("input_ids"));
  batch.token_types = expected.tensor("token_type_ids").flatten();
  EXPECT_LT(max_difference(logits_of(*model, batch), expected.tensor("logits").flatten(0, 1)), 1e-4);
  const at::Tensor mask = expected.tensor("padded_attention_mask");
  const TokenBatch padded = batch_without_pads(expected.tensor("padded_input_ids"), mask);
  EXPECT_LT(max_difference(logits_of(*model, padded), expected.tensor("padded_logits").index({mask == 1})), 1e-4);
}

TEST(Encoder, BertsLossAndGradientsEqualTheReference) {
  REQUIRE_SHARED();
  const Json expected = read_json_file(architecture("bert") / "reference.json");
  const SafetensorsFile tensors = reference_of("bert");
  const auto model = Decoder::load(architecture("bert"));
  require_gradients(*model);
  TokenBatch batch = batch_of_rows(tensors.tensor("input_ids"));
  batch.token_types = tensors.tensor("token_type_ids").flatten();
  const at::Tensor labels = tensors.tensor("labels").flatten();
  SegmentContext context(batch.segment_starts);
  const at::Tensor loss =
      linear_cross_entropy(model->forward(batch, context), model->head_weight(), model->head_bias(), labels) /
      (labels != kIgnoredLabel).sum();
  EXPECT_NEAR(loss.item<double>(), expected["loss"].get<double>(), 1e-4);
  loss.backward();
  expect_gradients(*model, expected["gradients"]);
}

// ---- reward head

/// The score of each segment's last token, (S).
at::Tensor scores_of(Decoder& model, const TokenBatch& batch, AttentionContext& context) {
  const std::vector<int64_t> ends(batch.segment_starts.begin() + 1, batch.segment_starts.end());
  const at::Tensor rows = at::tensor(ends, at::kLong) - 1;
  return model.logits(model.forward(batch, context).index_select(0, rows)).squeeze(1);
}

TEST(RewardModel, ScoresLossAndGradientsEqualTheReference) {
  REQUIRE_SHARED();
  const Json expected = read_json_file(architecture("llama_reward") / "reference.json");
  const SafetensorsFile tensors = reference_of("llama_reward");
  const auto model = Decoder::load(architecture("llama_reward"));
  require_gradients(*model);
  const TokenBatch batch = batch_of_rows(tensors.tensor("input_ids"));
  SegmentContext context(batch.segment_starts);
  const at::Tensor scores = scores_of(*model, batch, context);
  EXPECT_LT(max_difference(scores, tensors.tensor("scores").squeeze(1)), 1e-4);
  const at::Tensor loss = at::softplus(scores[1] - scores[0]);  // -log sigmoid(s0 - s1)
  EXPECT_NEAR(loss.item<double>(), expected["loss"].get<double>(), 1e-4);
  loss.backward();
  expect_gradients(*model, expected["gradients"]);
  const TokenBatch padded =
      batch_without_pads(tensors.tensor("padded_input_ids"), tensors.tensor("padded_attention_mask"));
  SegmentContext padded_context(padded.segment_starts);
  EXPECT_LT(max_difference(scores_of(*model, padded, padded_context), tensors.tensor("padded_scores").squeeze(1)),
            1e-4);
}

}  // namespace
}  // namespace llmbox
