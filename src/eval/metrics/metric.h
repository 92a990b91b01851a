// Metrics of generated answers: a prediction and its accepted references to a score in [0, 1]. Pure functions, made
// from the options that the task file gives. Scores of ranking and perplexity tasks come from ranking.h and
// perplexity.h.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/json.h"
#include "eval/task.h"

namespace llmbox {

using Metric = std::function<double(const std::string& prediction, const std::vector<std::string>& references)>;

struct MetricKind {
  const char* name;  // also the name in results.json
  const char* summary;
  Metric (*make)(const Json& options);
};

/// Every metric, in the order of the documentation.
std::span<const MetricKind> metric_kinds();

/// Throws Error naming `where` and the nearest known metric.
Metric make_metric(const NamedStep& step, const std::string& where);

Metric make_accuracy(const Json& options);
Metric make_exact_match(const Json& options);
Metric make_f1(const Json& options);

/// LLMBox's normalisation: lower case, no ASCII punctuation, no a/an/the/and, single spaces.
std::string normalized_answer(const std::string& text);

/// Scores against several references as one: "max", or "leave_one_out" = ((n-1)·max + second max) / n.
double aggregate_references(std::vector<double> scores, const std::string& strategy);

}  // namespace llmbox
