#include "eval/metrics/metric.h"

namespace llmbox {

Metric make_accuracy(const Json&) {
  return [](const std::string& prediction, const std::vector<std::string>& references) {
    return std::find(references.begin(), references.end(), prediction) != references.end() ? 1.0 : 0.0;
  };
}

}  // namespace llmbox
