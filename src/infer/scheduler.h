// Decides what each step of the engine computes. Scoring and generation are one kind of sequence: tokens whose keys and
// values must be in the cache. Each step takes first the sequences that decode, then unfinished prompts, then new ones
// in lexicographic order of their tokens (so a prefix is computed before those that reuse it), up to a budget of
// tokens. A sequence is admitted only when the cache can hold it to its end, so nothing is ever thrown out half-way.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "infer/kv_cache.h"
#include "infer/page_pool.h"
#include "infer/prefix_tree.h"
#include "model/attention_context.h"
#include "tensor/paged_attention.h"

namespace llmbox {

struct Sequence {
  size_t job = 0;
  bool generates = false;
  std::vector<int32_t> ids;  // grows while generating
  int64_t n_prompt = 0;
  int64_t first_scored = 0;  // scoring: ids from here on are scored; 0 when generating
  int64_t n_cacheable = 0;   // most tokens that will ever lie in the cache
  int64_t n_computed = 0;    // tokens in the cache once the planned step has run
  std::vector<int32_t> pages;
  std::vector<RecurrentState> states;  // by layer, of those that have one

  /// Tokens that must be in the cache before the next result: a scored sequence never needs its last one.
  int64_t target() const { return static_cast<int64_t>(ids.size()) - (generates ? 0 : 1); }
};

/// Rows [row_begin, row_begin + n) of the batch are tokens [position, position + n) of sequence.
struct StepPart {
  Sequence* sequence = nullptr;
  bool generates = false;
  int64_t row_begin = 0;
  int64_t position = 0;
  int64_t n = 0;
};

/// One forward: buffers keep their memory from step to step.
struct StepPlan {
  std::vector<int64_t> tokens, positions, slots;
  std::vector<int64_t> segment_starts;
  std::vector<RowCopy> copies;
  std::vector<PagedSequence> sequences;
  std::vector<StepPart> parts;
  void clear();
};

struct SchedulerLimits {
  int32_t page_size = 16;
  int64_t step_tokens = 2048;
  int64_t max_running = 256;
  bool prefix_cache = true;
  bool whole_prompts = false;  // a sequence's waiting tokens are never cut, even beyond step_tokens
};

class Scheduler {
 public:
  Scheduler(int32_t n_pages, SchedulerLimits limits);

  /// Requires: n_cacheable pages fit into the cache.
  void add(std::unique_ptr<Sequence> sequence);
  /// Fills the plan of the next step; false where nothing is left to do.
  bool plan(StepPlan& plan);
  /// After the step: gives back the pages whose rows were copied.
  void step_done(const StepPlan& plan);
  /// Ends a sequence; its tokens stay in the prefix tree.
  std::unique_ptr<Sequence> finish(Sequence* sequence);
  /// Drops all sequences and cached prefixes.
  void clear();
  /// Drops cached prefixes (the weights have changed). Requires: nothing runs.
  void forget();

  const PagePool& pool() const { return pool_; }
  int64_t n_reused() const { return n_reused_; }
  bool idle() const { return running_.empty() && waiting_.empty(); }

 private:
  bool admit(StepPlan& plan);
  PrefixMatch find_prefix(const Sequence& sequence);
  bool fits(const Sequence& sequence, const PrefixMatch& match) const;
  void take_prefix(Sequence& sequence, const PrefixMatch& match, StepPlan& plan);
  void extend(Sequence& sequence, StepPlan& plan);
  int64_t n_pages(int64_t n_tokens) const { return (n_tokens + limits_.page_size - 1) / limits_.page_size; }
  int32_t take_page();

  SchedulerLimits limits_;
  PagePool pool_;
  PrefixTree tree_;
  std::vector<std::unique_ptr<Sequence>> waiting_;  // next one last
  bool waiting_sorted_ = true;
  std::vector<std::unique_ptr<Sequence>> running_;
  int64_t n_promised_ = 0;  // pages that running sequences may still take
  int64_t n_reused_ = 0;
};

}  // namespace llmbox
