// For tests only: the tiny reference models of ../shared/fixtures, their inputs and the loss over a batch.
#pragma once

#include <ATen/ATen.h>

#include <string>

#include "core/test_shared.h"
#include "model/decoder.h"
#include "model/segment_context.h"
#include "tensor/linear_cross_entropy.h"
#include "tensor/safetensors.h"

namespace llmbox {

inline std::filesystem::path architecture(const std::string& name) {
  return shared_path("fixtures/architectures/" + name);
}
inline std::filesystem::path reference_adapter(const std::string& name) {
  return shared_path("fixtures/adapters/" + name);
}

/// The rows of ids (B, T) as one batch of B segments.
inline TokenBatch batch_of_rows(const at::Tensor& ids) {
  std::vector<std::vector<int32_t>> rows;
  for (int64_t i = 0; i < ids.size(0); ++i) {
    const at::Tensor row = ids[i].to(at::kInt).contiguous();
    rows.emplace_back(row.data_ptr<int32_t>(), row.data_ptr<int32_t>() + row.numel());
  }
  return TokenBatch::from_segments(rows);
}

/// Logits of every token, (N, V).
inline at::Tensor logits_of(Decoder& model, const TokenBatch& batch) {
  SegmentContext context(batch.segment_starts);
  return model.logits(model.forward(batch, context));
}

inline double max_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

/// The next token of each position within its segment, kIgnoredLabel at the ends.
inline at::Tensor next_tokens(const TokenBatch& batch) {
  at::Tensor labels = at::full_like(batch.tokens, kIgnoredLabel);
  for (int64_t s = 0; s < batch.n_segments(); ++s) {
    const int64_t begin = batch.segment_starts[s], end = batch.segment_starts[s + 1];
    labels.slice(0, begin, end - 1).copy_(batch.tokens.slice(0, begin + 1, end));
  }
  return labels;
}

/// Mean cross-entropy; the context must live until the backward pass.
inline at::Tensor mean_loss(Decoder& model, const TokenBatch& batch, AttentionContext& context) {
  const at::Tensor labels = next_tokens(batch);
  const at::Tensor hidden = model.forward(batch, context);
  return linear_cross_entropy(hidden, model.head_weight(), model.head_bias(), labels, model.logit_shape()) /
         (labels != kIgnoredLabel).sum();
}

/// A copy of a fixture's folder that a test may damage.
inline void copy_folder(const std::filesystem::path& from, const std::filesystem::path& to) {
  namespace fs = std::filesystem;
  fs::create_directories(to);
  for (const auto& entry : fs::directory_iterator(from)) {
    fs::copy_file(entry.path(), to / entry.path().filename());
    fs::permissions(to / entry.path().filename(), fs::perms::owner_write, fs::perm_options::add);
  }
}

}  // namespace llmbox
