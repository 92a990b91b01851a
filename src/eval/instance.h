// One question of an evaluation: what is asked (request numbers in a RequestSet), and, once the model has answered, its
// line of TASK.jsonl and its scores.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "eval/filters/filter.h"
#include "eval/metrics/metric.h"
#include "eval/prompt.h"
#include "eval/request_set.h"

namespace llmbox {

struct Instance {
  size_t index = 0;  // of the row in its file (slice)
  std::string subset;
  Prompt prompt;
  Record record;
  std::vector<size_t> scores;        // per continuation; `prob` has every label twice
  std::vector<size_t> content_free;  // per continuation, where the task normalises
  std::vector<size_t> completions;   // one per sample
};

/// What scoring needs to know of the task.
struct Scoring {
  TaskKind kind = TaskKind::kChoice;
  Ranking ranking = Ranking::kPplNoOption;
  Filter filter;
  std::vector<std::pair<std::string, Metric>> metrics;
};

struct Outcome {
  Json line;                                           // of TASK.jsonl
  std::vector<std::pair<std::string, double>> scores;  // metric → value; perplexity: nats, tokens, words, bytes
};

Outcome score_instance(const Instance& instance, const Scoring& scoring, const RequestSet& answers);

}  // namespace llmbox
