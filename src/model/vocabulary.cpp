#include "model/vocabulary.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

#include "arch/spec.h"
#include "core/error.h"

namespace llmbox {

namespace {

// The tensor (rows, …) with rows for the new tokens. Means are taken in f32.
at::Tensor grown(const at::Tensor& old, const VocabularyGrowth& growth) {
  const at::NoGradGuard no_grad;
  const at::Tensor known = old.narrow(0, 0, growth.first).to(at::kFloat);
  const auto count = static_cast<int64_t>(growth.spelled.size());
  std::vector<int64_t> shape = old.sizes().vec();
  shape[0] = count;
  at::Tensor rows = known.mean(0, true).expand(shape).clone();
  if (growth.rows == NewRows::kNoisyMean && old.dim() == 2)
    rows.add_(at::randn(shape, at::make_generator<at::CPUGeneratorImpl>(growth.seed), at::kFloat),
              1 / std::sqrt(static_cast<double>(old.size(1))));
  for (int64_t i = 0; growth.rows == NewRows::kPieces && i < count; ++i) {
    const std::vector<int32_t>& spelled = growth.spelled[static_cast<size_t>(i)];
    if (spelled.empty()) continue;
    const at::Tensor ids = at::tensor(std::vector<int64_t>(spelled.begin(), spelled.end()), at::kLong);
    rows[i] = known.index_select(0, ids).mean(0);
  }
  std::vector<at::Tensor> parts = {old.narrow(0, 0, growth.first), rows.to(old.scalar_type())};
  const int64_t end = growth.first + count;
  if (end < old.size(0)) parts.push_back(old.narrow(0, end, old.size(0) - end));
  return at::cat(parts);
}

void check_ids(const VocabularyGrowth& growth, const std::string& where) {
  for (const std::vector<int32_t>& spelled : growth.spelled)
    for (int32_t id : spelled)
      if (id < 0 || id >= growth.first)
        fail(where, "expected new tokens spelled by ids below {}, got {}; try the model's own tokenizer", growth.first,
             id);
}

void set_vocab_size(Json& config, int64_t rows) {
  if (config.contains("text_config") && config["text_config"].is_object()) set_vocab_size(config["text_config"], rows);
  if (config.contains("vocab_size") || !config.contains("text_config")) config["vocab_size"] = rows;
}

}  // namespace

NewRows new_rows_named(std::string_view name) {
  if (name == "pieces") return NewRows::kPieces;
  if (name == "mean") return NewRows::kMean;
  if (name == "noisy_mean") return NewRows::kNoisyMean;
  fail("new_rows", "expected pieces, mean or noisy_mean, got '{}'", name);
}

ModelFiles grow_vocabulary(ModelFiles files, const VocabularyGrowth& growth) {
  const std::string where = files.path.string();
  const ModelSpec spec = parse_model_spec(files.config, where);
  const int64_t rows = std::max(spec.vocab_size, growth.first + static_cast<int64_t>(growth.spelled.size()));
  check_ids(growth, where);
  if (growth.first > spec.vocab_size)
    fail(where, "expected an embedding of {} rows for the tokenizer's {} tokens, got {}; try the model's own tokenizer",
         growth.first, growth.first, spec.vocab_size);
  std::vector<std::string> names = {spec.embedding.name + ".weight"};
  if (!spec.tied_head) names.insert(names.end(), {spec.head.name + ".weight", spec.head.name + ".bias"});
  for (const std::string& name : names) {
    if (files.packed.contains(name))
      fail(where, "expected a dense {}, got a quantized one; try the original model", name);
    auto found = files.weights.find(name);
    if (found == files.weights.end()) continue;
    Weight& weight = found->second;
    weight.shape[0] = rows;
    weight.read = [read = weight.read, growth] { return grown(read(), growth); };
  }
  set_vocab_size(files.config, rows);
  return files;
}

}  // namespace llmbox
