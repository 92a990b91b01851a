#include "infer/engine.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "adapter/prompt.h"
#include "core/error.h"
#include "infer/paged_context.h"
#include "infer/token_scoring.h"
#include "model/next_token.h"

namespace llmbox {

namespace {

at::TensorOptions cache_tensors(const Decoder& decoder) {
  return at::TensorOptions().dtype(decoder.dtype()).device(decoder.head_weight().device());
}

int32_t page_count(const Decoder& decoder, const EngineOptions& options) {
  const int64_t bytes = std::max<int64_t>(1, KvCache::page_bytes(decoder.spec(), options.page_size, decoder.dtype()));
  return static_cast<int32_t>(std::clamp<int64_t>(options.cache_bytes / bytes, 1, 1 << 30));
}

at::Tensor to_tensor(std::span<const int64_t> values, at::Device device) {
  return at::tensor(at::ArrayRef<int64_t>(values.data(), values.size()), at::kLong).to(device);
}

}  // namespace

const char* to_string(FinishReason reason) {
  switch (reason) {
    case FinishReason::stop:
      return "stop";
    case FinishReason::length:
      return "length";
    case FinishReason::cancelled:
      return "cancelled";
  }
  return "";
}

Engine::Engine(Decoder& decoder, EngineOptions options)
    : decoder_(decoder),
      options_(options),
      cache_(decoder.spec(), options.page_size, cache_tensors(decoder)),
      scheduler_(page_count(decoder, options), {options.page_size, options.step_tokens, options.max_running,
                                                // A recurrent layer's state after a prefix is not in the pages.
                                                options.prefix_cache && !decoder.spec().is_recurrent(),
                                                // What all tokens see must be in the cache with the first of them.
                                                decoder.spec().prefix.has_value()}) {
  require_next_token_model(decoder.spec());
  CHECK(options.page_size > 0 && options.step_tokens > 0 && options.max_running > 0, "sizes must be above 0");
  max_length_ = static_cast<int64_t>(scheduler_.pool().capacity()) * options.page_size;
  if (decoder.spec().max_positions > 0) max_length_ = std::min(max_length_, decoder.spec().max_positions);
}

/// A text whose prompt all tokens see needs its marks.
void Engine::check_marks(const std::vector<int32_t>& ids) const {
  const auto& prefix = decoder_.spec().prefix;
  const auto has = [&](int64_t id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); };
  if (prefix && (!has(prefix->begin) || std::none_of(prefix->masks.begin(), prefix->masks.end(), has)))
    fail("tokenizer",
         "expected a mask token and the beginning of an answer ({}) in the text, found none; try the model's "
         "own tokenizer",
         prefix->begin);
}

void Engine::check_ids(const std::vector<int32_t>& ids) const {
  check_marks(ids);
  const int64_t n_vocab = decoder_.spec().vocab_size + static_cast<int64_t>(virtual_token_ids(decoder_).size());
  for (int32_t id : ids)
    if (id < 0 || id >= n_vocab)
      fail("tokenizer", "expected token ids below the model's vocabulary of {}, got {}; try the model's own tokenizer",
           n_vocab, id);
}

void Engine::submit(TokenScoreJob job) {
  check_ids(job.ids);
  const auto n = static_cast<int64_t>(job.ids.size());
  CHECK(job.first_scored >= 1 && n - 1 <= max_length_, "score {} tokens from {}", n, job.first_scored);
  if (job.first_scored >= n) {
    if (job.done) job.done({});
    return;
  }
  auto sequence = std::make_unique<Sequence>();
  sequence->job = jobs_.size();
  sequence->n_prompt = n;
  sequence->first_scored = job.first_scored;
  sequence->n_cacheable = n - 1;
  stats_.tokens_plain += n - 1;
  sequence->ids = std::move(job.ids);
  jobs_.push_back(std::make_unique<Job>(Job{.score = std::move(job), .generate = {}, .result = {}}));
  scheduler_.add(std::move(sequence));
}

void Engine::submit(TokenGenerateJob job) {
  check_ids(job.ids);
  check_sampling(job.params, "generate");
  const auto n = static_cast<int64_t>(job.ids.size());
  CHECK(n >= 1 && n <= max_length_, "a prompt of {} tokens, at most {}", n, max_length_);
  if (job.params.max_tokens <= 0) {
    if (job.done) job.done({}, FinishReason::length);
    return;
  }
  auto sequence = std::make_unique<Sequence>();
  sequence->job = jobs_.size();
  sequence->generates = true;
  sequence->n_prompt = n;
  sequence->n_cacheable = std::min(max_length_, n + job.params.max_tokens - 1);
  stats_.tokens_plain += n;
  sequence->ids = std::move(job.ids);
  jobs_.push_back(std::make_unique<Job>(Job{.score = {}, .generate = std::move(job), .result = {}}));
  scheduler_.add(std::move(sequence));
}

void Engine::run() {
  while (step()) {
  }
}

bool Engine::step() {
  if (!scheduler_.plan(plan_)) {
    jobs_.clear();
    return false;
  }
  try {
    run_plan();
  } catch (...) {
    cancel_all();  // the tree may name pages that were never written
    throw;
  }
  return true;
}

void Engine::run_plan() {
  const c10::InferenceMode inference;
  cache_.grow(scheduler_.pool().high_water(), scheduler_.pool().capacity());
  const at::Device device = decoder_.head_weight().device();
  const TokenBatch batch{to_tensor(plan_.tokens, device), to_tensor(plan_.positions, device), plan_.segment_starts};
  PagedContext context(cache_, plan_);
  const at::Tensor hidden = decoder_.forward(batch, context);  // (N, E)
  ++stats_.steps;
  stats_.tokens_computed += batch.n_tokens();
  scheduler_.step_done(plan_);
  take_tokens(hidden);
  take_scores(hidden);
}

at::Tensor Engine::gather(const at::Tensor& hidden, const std::vector<int64_t>& rows) const {
  if (static_cast<int64_t>(rows.size()) == hidden.size(0)) return hidden;
  return hidden.index_select(0, to_tensor(rows, hidden.device()));
}

/// Damaged weights must not look like an answer. Values (any shape), float32.
void Engine::require_numbers(const at::Tensor& values) const {
  if (std::isnan(values.max().item<float>()))  // NaN where one value is
    fail(decoder_.spec().architecture, "expected numbers from the model, got NaN; try fetching its weights again");
}

void Engine::take_scores(const at::Tensor& hidden) {
  std::vector<int64_t> rows, targets;
  for (const StepPart& part : plan_.parts) {
    if (part.generates) continue;
    for (int64_t at = std::max(part.position, part.sequence->first_scored - 1); at < part.position + part.n; ++at) {
      rows.push_back(part.row_begin + at - part.position);
      targets.push_back(part.sequence->ids[at + 1]);
    }
  }
  if (rows.empty()) return;
  const TokenScores scores = score_tokens(decoder_, gather(hidden, rows), to_tensor(targets, hidden.device()));
  const at::Tensor logprob = scores.logprob.cpu(), is_argmax = scores.is_argmax.cpu();
  require_numbers(logprob);
  const float* next_logprob = logprob.const_data_ptr<float>();
  const bool* next_argmax = is_argmax.const_data_ptr<bool>();
  for (const StepPart& part : plan_.parts) {
    if (part.generates) continue;
    Sequence& sequence = *part.sequence;
    const int64_t n = std::max<int64_t>(0, part.position + part.n - std::max(part.position, sequence.first_scored - 1));
    TokenScoreResult& result = jobs_[sequence.job]->result;
    result.logprobs.insert(result.logprobs.end(), next_logprob, next_logprob + n);
    result.is_argmax.insert(result.is_argmax.end(), next_argmax, next_argmax + n);
    next_logprob += n;
    next_argmax += n;
    if (sequence.n_computed < sequence.target()) continue;
    const std::unique_ptr<Job> job = std::move(jobs_[sequence.job]);
    scheduler_.finish(&sequence);
    if (job->score.done) job->score.done(std::move(job->result));
  }
}

void Engine::take_tokens(const at::Tensor& hidden) {
  std::vector<int64_t> rows;
  std::vector<Sequence*> sequences;
  for (const StepPart& part : plan_.parts) {
    if (!part.generates || part.sequence->n_computed < part.sequence->target()) continue;
    rows.push_back(part.row_begin + part.n - 1);
    sequences.push_back(part.sequence);
  }
  if (rows.empty()) return;
  const at::Tensor logits = decoder_.logits(gather(hidden, rows)).cpu().contiguous();  // (M, V) f32
  require_numbers(logits);
  const auto n_vocab = static_cast<size_t>(logits.size(1));
  for (size_t i = 0; i < sequences.size(); ++i)
    take_token(*sequences[i], {logits.const_data_ptr<float>() + i * n_vocab, n_vocab});
}

void Engine::take_token(Sequence& sequence, std::span<const float> logits) {
  TokenGenerateJob& job = jobs_[sequence.job]->generate;
  const auto n_generated = static_cast<int64_t>(sequence.ids.size()) - sequence.n_prompt;
  const int32_t id = sampler_.pick(logits, sequence.ids, job.params, n_generated);
  if (std::find(job.stop_ids.begin(), job.stop_ids.end(), id) != job.stop_ids.end())
    return end_generation(sequence, FinishReason::stop);
  sequence.ids.push_back(id);
  ++stats_.tokens_generated;
  const TokenVerdict verdict = job.on_token ? job.on_token(id) : TokenVerdict::go_on;
  if (verdict == TokenVerdict::stop) return end_generation(sequence, FinishReason::stop);
  if (verdict == TokenVerdict::cancel) return end_generation(sequence, FinishReason::cancelled);
  const bool full = static_cast<int64_t>(sequence.ids.size()) > sequence.n_cacheable;
  if (full) return end_generation(sequence, FinishReason::length);
  ++stats_.tokens_plain;  // the plain loop feeds it back as well
}

void Engine::end_generation(Sequence& sequence, FinishReason reason) {
  const std::unique_ptr<Job> job = std::move(jobs_[sequence.job]);
  const std::unique_ptr<Sequence> ended = scheduler_.finish(&sequence);
  if (job->generate.done) job->generate.done({ended->ids.begin() + ended->n_prompt, ended->ids.end()}, reason);
}

void Engine::cancel_all() {
  scheduler_.clear();
  jobs_.clear();
}

EngineStats Engine::stats() const {
  EngineStats stats = stats_;
  stats.tokens_reused = scheduler_.n_reused();
  return stats;
}

}  // namespace llmbox
