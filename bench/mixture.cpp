// A mixture of experts against the dense model that does the same arithmetic for each token, in the same run: prefill
// of a few hundred tokens and decoding of a few sequences.
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include <algorithm>

#include "bench.h"
#include "core/error.h"
#include "model/decoder.h"
#include "model/segment_context.h"

namespace llmbox::bench {
namespace {

constexpr int64_t kLayers = 2, kChosen = 2, kExpertInner = 1024;

/// The shape that both share: hidden 768, 12 heads of 64.
Json shape(const char* type) {
  return {{"model_type", type},        {"hidden_size", 768},         {"num_hidden_layers", kLayers},
          {"num_attention_heads", 12}, {"num_key_value_heads", 4},   {"vocab_size", 8192},
          {"rms_norm_eps", 1e-5},      {"tie_word_embeddings", true}};
}

Json mixture() {
  Json config = shape("mixtral");
  config.update({{"num_local_experts", 16}, {"num_experts_per_tok", kChosen}, {"intermediate_size", kExpertInner}});
  return config;
}

Json dense() {
  Json config = shape("llama");
  config["intermediate_size"] = kChosen * kExpertInner;
  return config;
}

/// n_segment texts of `length` tokens, all different.
TokenBatch texts(int64_t n_segment, int64_t length) {
  std::vector<std::vector<int32_t>> segments(static_cast<size_t>(n_segment));
  int32_t token = 1;
  for (auto& segment : segments)
    for (int64_t t = 0; t < length; ++t) segment.push_back(token = token * 1103 % 8191 + 1);
  return TokenBatch::from_segments(segments);
}

void run(Decoder& model, const TokenBatch& batch) {
  const c10::InferenceMode inference;
  SegmentContext context(batch.segment_starts);
  if (!model.forward(batch, context).isfinite().all().item<bool>()) throw Failure("bench", "a state is not finite");
}

/// The best of each model's times, taken in turns: what else the machine does meets both.
std::pair<double, double> paired_seconds(Decoder& one, Decoder& other, const TokenBatch& batch) {
  std::pair<double, double> best{1e9, 1e9};
  for (int turn = 0; turn < 12; ++turn) {
    best.first = std::min(best.first, best_seconds([&] { run(one, batch); }, 1));
    best.second = std::min(best.second, best_seconds([&] { run(other, batch); }, 1));
  }
  return best;
}

/// A token's state does not depend on the others in the batch: what grouping by expert must not change.
void check_answer(Decoder& model, const TokenBatch& batch) {
  const c10::InferenceMode inference;
  SegmentContext all(batch.segment_starts);
  const at::Tensor together = model.forward(batch, all);
  const int64_t end = batch.segment_starts[1];
  const TokenBatch first{batch.tokens.slice(0, 0, end), batch.positions.slice(0, 0, end), {0, end}};
  SegmentContext one(first.segment_starts);
  const at::Tensor alone = model.forward(first, one);
  require_close("mixture", (together.slice(0, 0, end) - alone).abs().max().item<double>(), 0.0);
}

}  // namespace

void run_mixture() {
  for (const at::ScalarType dtype : {at::kBFloat16, at::kFloat}) {
    const auto sparse = Decoder::create(mixture(), 1, {.dtype = dtype}),
               plain = Decoder::create(dense(), 1, {.dtype = dtype});
    check_answer(*sparse, texts(3, 40));
    for (const auto& [n_segment, length] : {std::pair<int64_t, int64_t>{4, 256}, {1, 512}, {1, 1}}) {
      const TokenBatch batch = texts(n_segment, length);
      const auto [ours, peer] = paired_seconds(*sparse, *plain, batch);
      fmt::print("{:<44} {:8.3f} of the dense model's rate: {:.0f} and {:.0f} tokens/s{}\n",
                 fmt::format("mixture: 2 of 16 experts, {} x {}, {}", n_segment, length, toString(dtype)), peer / ours,
                 static_cast<double>(batch.n_tokens()) / ours, static_cast<double>(batch.n_tokens()) / peer,
                 length > 1 ? " (bar: 0.7)" : "");
    }
  }
}

}  // namespace llmbox::bench
