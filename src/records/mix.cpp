#include "records/mix.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/near_name.h"

namespace llmbox {
namespace {

// Says which set gives the next row; is told when a set has given its last one.
class SetPicker {
 public:
  SetPicker(size_t sets, const MixOptions& options) : options_(options), rng_(options.seed), exhausted_(sets, false) {
    if (sets == 0) fail("mix", "expected at least one data set, got none");
    check_probabilities(sets);
    std::partial_sum(options.probabilities.begin(), options.probabilities.end(), std::back_inserter(cumulative_));
  }

  // Nothing at the end of the mix.
  std::optional<size_t> next() {
    for (;;) {
      const bool in_rounds = cumulative_.empty() && options_.strategy != MixStrategy::kConcat;
      const bool between_rounds = !in_rounds || at_ % exhausted_.size() == 0;
      if (between_rounds && is_over()) return std::nullopt;
      const size_t set = draw();
      if (!passes_over(set)) return set;
    }
  }

  void mark_exhausted(size_t set) { exhausted_[set] = true; }

 private:
  void check_probabilities(size_t sets) const {
    const std::vector<double>& shares = options_.probabilities;
    if (shares.empty()) return;
    if (options_.strategy == MixStrategy::kConcat)
      fail("mix", "expected no probabilities with concat, got {}; try interleave_under or interleave_over",
           shares.size());
    if (shares.size() != sets) fail("mix", "expected one probability per data set ({}), got {}", sets, shares.size());
    for (const double share : shares)
      if (!(share > 0)) fail("mix", "expected probabilities above 0, got {}", share);
  }

  bool is_over() const {
    const auto is_true = [](bool value) { return value; };
    if (options_.strategy == MixStrategy::kInterleaveUnder) return std::ranges::any_of(exhausted_, is_true);
    return std::ranges::all_of(exhausted_, is_true);
  }

  bool passes_over(size_t set) const { return options_.strategy == MixStrategy::kInterleaveOnce && exhausted_[set]; }

  size_t draw() {
    const size_t n = exhausted_.size();
    if (!cumulative_.empty()) {
      const double point = rng_.uniform() * cumulative_.back();
      const auto found = std::upper_bound(cumulative_.begin(), cumulative_.end(), point);
      return std::min(n - 1, static_cast<size_t>(found - cumulative_.begin()));
    }
    if (options_.strategy != MixStrategy::kConcat) return at_++ % n;
    while (exhausted_[at_ % n]) ++at_;  // is_over() saw that one is left
    return at_ % n;
  }

  MixOptions options_;
  Rng rng_;
  std::vector<bool> exhausted_;
  std::vector<double> cumulative_;
  size_t at_ = 0;
};

// Holds one row ahead of every set: a set is known to be exhausted when it gives its last row.
class MixedRows : public RowReader {
 public:
  MixedRows(std::vector<RowSource> sources, const MixOptions& options)
      : sources_(std::move(sources)),
        sets_(sources_.size()),
        picker_(sources_.size(), options),
        restarts_(options.strategy == MixStrategy::kInterleaveOver) {
    for (size_t i = 0; i < sets_.size(); ++i) restart(i);
  }

  std::optional<Row> next() override {
    const std::optional<size_t> picked = picker_.next();
    if (!picked) return std::nullopt;
    Set& set = sets_[*picked];
    Row row = std::move(*set.ahead);
    place_ = std::move(set.place);
    look_ahead(set);
    if (!set.ahead) {
      picker_.mark_exhausted(*picked);
      if (restarts_) restart(*picked);
    }
    return row;
  }
  std::string place() const override { return place_; }

 private:
  struct Set {
    std::unique_ptr<RowReader> rows;
    std::optional<Row> ahead;
    std::string place;
  };

  static void look_ahead(Set& set) {
    set.ahead = set.rows->next();
    if (set.ahead) set.place = set.rows->place();
  }

  void restart(size_t i) {
    sets_[i].rows = sources_[i]();
    look_ahead(sets_[i]);
    if (!sets_[i].ahead) fail("mix", "expected rows in data set {} of {}, got none", i + 1, sets_.size());
  }

  std::vector<RowSource> sources_;
  std::vector<Set> sets_;
  SetPicker picker_;
  bool restarts_;
  std::string place_;
};

}  // namespace

const std::vector<std::string>& mix_strategy_names() {
  static const std::vector<std::string> names = {"concat", "interleave_under", "interleave_over", "interleave_once"};
  return names;
}

MixStrategy parse_mix_strategy(std::string_view name) {
  const std::vector<std::string>& names = mix_strategy_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    fail("mix", "expected a mix strategy, got '{}'; try {}", name, near_names(name, names, names.size()));
  return static_cast<MixStrategy>(found - names.begin());
}

std::vector<MixedRow> mix_order(std::span<const int64_t> sizes, const MixOptions& options) {
  for (size_t i = 0; i < sizes.size(); ++i)
    if (sizes[i] <= 0) fail("mix", "expected rows in data set {} of {}, got none", i + 1, sizes.size());
  SetPicker picker(sizes.size(), options);
  std::vector<int64_t> at(sizes.size(), 0);
  std::vector<MixedRow> order;
  while (const std::optional<size_t> set = picker.next()) {
    order.push_back({*set, at[*set]++});
    if (at[*set] < sizes[*set]) continue;
    picker.mark_exhausted(*set);
    at[*set] = 0;
  }
  return order;
}

std::unique_ptr<RowReader> mix_rows(std::vector<RowSource> sets, const MixOptions& options) {
  return std::make_unique<MixedRows>(std::move(sets), options);
}

}  // namespace llmbox
