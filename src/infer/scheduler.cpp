#include "infer/scheduler.h"

#include <algorithm>

#include "core/error.h"

namespace llmbox {

void StepPlan::clear() {
  for (auto* values : {&tokens, &positions, &slots}) values->clear();
  segment_starts.assign(1, 0);
  copies.clear();
  sequences.clear();
  parts.clear();
}

Scheduler::Scheduler(int32_t n_pages, SchedulerLimits limits)
    : limits_(limits), pool_(n_pages), tree_(pool_, limits.page_size) {}

void Scheduler::add(std::unique_ptr<Sequence> sequence) {
  CHECK(n_pages(sequence->n_cacheable) <= pool_.capacity(), "{} tokens do not fit into {} pages", sequence->n_cacheable,
        pool_.capacity());
  waiting_.push_back(std::move(sequence));
  waiting_sorted_ = false;
}

bool Scheduler::plan(StepPlan& plan) {
  plan.clear();
  if (!waiting_sorted_) {
    std::stable_sort(waiting_.begin(), waiting_.end(), [](const auto& a, const auto& b) { return b->ids < a->ids; });
    waiting_sorted_ = true;
  }
  const auto decodes = [](const auto& sequence) { return sequence->target() - sequence->n_computed == 1; };
  for (const bool decoding : {true, false})
    for (const auto& sequence : running_)
      if (decodes(sequence) == decoding && sequence->target() > sequence->n_computed) extend(*sequence, plan);
  while (!waiting_.empty() && admit(plan)) {
  }
  for (const StepPart& part : plan.parts)
    plan.sequences.push_back({.q_begin = part.row_begin,
                              .q_end = part.row_begin + part.n,
                              .kv_length = part.position + part.n,
                              .pages = part.sequence->pages});
  CHECK(!plan.parts.empty() || idle(), "{} sequences run, {} wait, none can go on", running_.size(), waiting_.size());
  return !plan.parts.empty();
}

bool Scheduler::admit(StepPlan& plan) {
  if (static_cast<int64_t>(plan.tokens.size()) >= limits_.step_tokens) return false;
  if (static_cast<int64_t>(running_.size()) >= limits_.max_running && waiting_.back()->generates) return false;
  PrefixMatch match = find_prefix(*waiting_.back());
  if (!fits(*waiting_.back(), match)) {
    if (!running_.empty()) return false;
    match.partial_page = -1;  // alone and still no room: the page to copy from is the one too many
    match.partial_rows = 0;
  }
  running_.push_back(std::move(waiting_.back()));
  waiting_.pop_back();
  Sequence& sequence = *running_.back();
  take_prefix(sequence, match, plan);
  extend(sequence, plan);
  return true;
}

PrefixMatch Scheduler::find_prefix(const Sequence& sequence) {
  if (!limits_.prefix_cache) return {};
  // The row before the first scored or generated token must be computed: its hidden state is wanted.
  const int64_t limit = sequence.generates ? sequence.target() - 1 : sequence.first_scored - 1;
  return tree_.match(std::span(sequence.ids).first(std::max<int64_t>(limit, 0)));
}

bool Scheduler::fits(const Sequence& sequence, const PrefixMatch& match) const {
  int64_t need = n_pages(sequence.n_cacheable);
  for (int32_t page : match.pages) need -= pool_.references(page) > 0;
  if (match.partial_rows > 0) need += pool_.references(match.partial_page) == 0;
  return pool_.n_referenced() + n_promised_ + need <= pool_.capacity();
}

void Scheduler::take_prefix(Sequence& sequence, const PrefixMatch& match, StepPlan& plan) {
  n_promised_ += n_pages(sequence.n_cacheable);
  sequence.pages.reserve(n_pages(sequence.n_cacheable));
  for (int32_t page : match.pages) {
    pool_.add_reference(page);
    sequence.pages.push_back(page);
    --n_promised_;
  }
  sequence.n_computed = static_cast<int64_t>(match.pages.size()) * limits_.page_size + match.partial_rows;
  n_reused_ += sequence.n_computed;
  if (match.partial_rows == 0) return;
  pool_.add_reference(match.partial_page);  // until the step is done
  sequence.pages.push_back(take_page());
  plan.copies.push_back({match.partial_page, sequence.pages.back(), match.partial_rows});
}

void Scheduler::extend(Sequence& sequence, StepPlan& plan) {
  const auto row_begin = static_cast<int64_t>(plan.tokens.size());
  const int64_t begin = sequence.n_computed;
  const int64_t waiting = sequence.target() - begin;
  const int64_t n = limits_.whole_prompts ? waiting : std::min(waiting, limits_.step_tokens - row_begin);
  if (n <= 0) return;
  while (static_cast<int64_t>(sequence.pages.size()) < n_pages(begin + n)) sequence.pages.push_back(take_page());
  for (int64_t position = begin; position < begin + n; ++position) {
    plan.tokens.push_back(sequence.ids[position]);
    plan.positions.push_back(position);
    plan.slots.push_back(static_cast<int64_t>(sequence.pages[position / limits_.page_size]) * limits_.page_size +
                         position % limits_.page_size);
  }
  sequence.n_computed += n;
  plan.segment_starts.push_back(row_begin + n);
  plan.parts.push_back({&sequence, sequence.generates, row_begin, begin, n});
  // Decoded tokens enter the tree when the sequence is done; scored ones are nobody's prefix.
  const int64_t sharable =
      std::min(sequence.n_computed, sequence.generates ? sequence.n_prompt : sequence.first_scored);
  if (limits_.prefix_cache && begin < sharable) tree_.insert(std::span(sequence.ids).first(sharable), sequence.pages);
}

int32_t Scheduler::take_page() {
  int32_t page = pool_.take();
  while (page < 0) {
    CHECK(tree_.evict_one(), "a promised page is missing ({} of {} referenced)", pool_.n_referenced(),
          pool_.capacity());
    page = pool_.take();
  }
  --n_promised_;
  return page;
}

void Scheduler::step_done(const StepPlan& plan) {
  for (const RowCopy& copy : plan.copies) pool_.drop_reference(copy.from);
}

std::unique_ptr<Sequence> Scheduler::finish(Sequence* sequence) {
  const auto found =
      std::find_if(running_.begin(), running_.end(), [&](const auto& it) { return it.get() == sequence; });
  CHECK(found != running_.end(), "a sequence that does not run");
  if (limits_.prefix_cache && sequence->generates)
    tree_.insert(std::span(sequence->ids).first(sequence->n_computed), sequence->pages);
  for (int32_t page : sequence->pages) pool_.drop_reference(page);
  n_promised_ -= n_pages(sequence->n_cacheable) - static_cast<int64_t>(sequence->pages.size());
  std::unique_ptr<Sequence> owned = std::move(*found);
  running_.erase(found);
  return owned;
}

void Scheduler::clear() {
  waiting_.clear();
  tree_.clear();
  running_.clear();
  n_promised_ = 0;
  pool_ = PagePool(pool_.capacity());
}

void Scheduler::forget() {
  CHECK(running_.empty(), "{} sequences run", running_.size());
  tree_.clear();
}

}  // namespace llmbox
