#include "core/error.h"
#include "core/near_name.h"
#include "eval/metrics/metric.h"

namespace llmbox {

namespace {

constexpr MetricKind kMetrics[] = {
    {"accuracy", "the prediction is a reference, to the letter", make_accuracy},
    {"exact_match", "equal after normalisation (case, punctuation, articles, spaces)", make_exact_match},
    {"f1", "overlap of the bags of words", make_f1},
};

}  // namespace

std::span<const MetricKind> metric_kinds() { return kMetrics; }

Metric make_metric(const NamedStep& step, const std::string& where) {
  std::vector<std::string> names;
  for (const MetricKind& kind : kMetrics) {
    if (step.name == kind.name) return kind.make(step.arguments);
    names.emplace_back(kind.name);
  }
  fail(where, "expected a metric, got '{}'; try {}", step.name, near_names(step.name, names));
}

double aggregate_references(std::vector<double> scores, const std::string& strategy) {
  if (scores.empty()) return 0;
  std::sort(scores.begin(), scores.end(), std::greater<>());
  if (strategy != "leave_one_out" || scores.size() == 1) return scores[0];
  const auto n = static_cast<double>(scores.size());
  return ((n - 1) * scores[0] + scores[1]) / n;
}

}  // namespace llmbox
