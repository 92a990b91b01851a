// The one engine for generation and scoring, on token ids. Jobs enter a scheduler over a paged key/value cache with a
// tree of shared prefixes; run() goes step by step until all are done. Scoring makes log-probabilities of the asked
// rows only, generation logits of last rows only. Results depend (beyond rounding) neither on the other jobs nor on
// their order, the cache, the page size or the step's budget. Borrows the decoder; not thread-safe. Callbacks run
// inside step().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "chat/language_model.h"
#include "infer/sampling/sampler.h"
#include "infer/scheduler.h"
#include "model/decoder.h"

namespace llmbox {

struct EngineOptions {
  int32_t page_size = 16;           // tokens of a cache page
  int64_t cache_bytes = 1ll << 30;  // most memory of keys and values; grows on demand
  int64_t step_tokens = 2048;       // most tokens of one forward
  int64_t max_running = 256;        // most texts generated at once
  bool prefix_cache = true;         // false: every request is computed from its first token (the plain loop)
};

struct TokenScoreResult {
  std::vector<float> logprobs;     // of ids[first_scored], … in nats
  std::vector<uint8_t> is_argmax;  // it was the most likely token
};

struct TokenScoreJob {
  std::vector<int32_t> ids;
  int64_t first_scored = 1;  // at least 1
  std::function<void(TokenScoreResult)> done;
};

enum class FinishReason { stop, length, cancelled };
const char* to_string(FinishReason reason);

enum class TokenVerdict { go_on, stop, cancel };

struct TokenGenerateJob {
  std::vector<int32_t> ids;                          // at least one
  SamplingParams params;                             // its stop strings are the caller's affair
  std::vector<int32_t> stop_ids;                     // each ends the text; not handed on
  std::function<TokenVerdict(int32_t id)> on_token;  // may be empty
  std::function<void(std::vector<int32_t> ids, FinishReason reason)> done;
};

struct EngineStats {
  int64_t steps = 0;
  int64_t tokens_computed = 0;  // rows that went through the model
  int64_t tokens_reused = 0;    // taken from the cache instead
  int64_t tokens_plain = 0;     // rows a loop without prefix cache would have computed
  int64_t tokens_generated = 0;
};

class Engine {
 public:
  Engine(Decoder& decoder, EngineOptions options = {});

  /// Throws Error where an id is not in the model's vocabulary. Requires: ids fit into max_length().
  void submit(TokenScoreJob job);
  /// The same. Generation also ends ("length") where prompt and text fill max_length().
  void submit(TokenGenerateJob job);
  /// One forward; false when nothing is left to do.
  bool step();
  void run();
  /// Drops every job, their callbacks uncalled, and the cached prefixes.
  void cancel_all();

  /// Most tokens of one sequence: the model's positions or what the cache holds, whichever is less.
  int64_t max_length() const { return max_length_; }
  EngineStats stats() const;
  int64_t cache_bytes() const { return cache_.bytes(); }
  /// Call when the model's weights have changed: cached prefixes are no longer true.
  void forget_prefixes() { scheduler_.forget(); }

 private:
  struct Job {
    TokenScoreJob score;
    TokenGenerateJob generate;
    TokenScoreResult result;
  };

  void check_ids(const std::vector<int32_t>& ids) const;
  void check_marks(const std::vector<int32_t>& ids) const;
  void run_plan();
  void require_numbers(const at::Tensor& values) const;
  void take_scores(const at::Tensor& hidden);
  void take_tokens(const at::Tensor& hidden);
  void take_token(Sequence& sequence, std::span<const float> logits);
  void end_generation(Sequence& sequence, FinishReason reason);
  at::Tensor gather(const at::Tensor& hidden, const std::vector<int64_t>& rows) const;

  Decoder& decoder_;
  EngineOptions options_;
  int64_t max_length_ = 0;
  KvCache cache_;
  Scheduler scheduler_;
  Sampler sampler_;
  StepPlan plan_;
  std::vector<std::unique_ptr<Job>> jobs_;  // by Sequence::job; freed when done
  EngineStats stats_;
};

}  // namespace llmbox
