#include "eval/statistics.h"

#include "core/error.h"

namespace llmbox {

Estimate mean_of(std::span<const double> samples) {
  const auto n = static_cast<double>(samples.size());
  if (samples.empty()) return {};
  double sum = 0, squares = 0;
  for (const double x : samples) sum += x;
  const double mean = sum / n;
  for (const double x : samples) squares += (x - mean) * (x - mean);
  const double error = samples.size() > 1 ? std::sqrt(squares / (n - 1) / n) : std::nan("");
  return {mean, error, static_cast<int64_t>(samples.size())};
}

Estimate macro_average(std::span<const Estimate> parts) {
  Estimate mean{0, 0, 0};
  for (const Estimate& part : parts) {
    mean.value += part.value;
    mean.error += part.error * part.error;
    mean.n += part.n;
  }
  mean.value /= static_cast<double>(parts.size());
  mean.error = std::sqrt(mean.error) / static_cast<double>(parts.size());
  return mean;
}

Estimate exponential(const Estimate& estimate) {
  const double value = std::exp(estimate.value);
  return {value, value * estimate.error, estimate.n};
}

Estimate ratio_of(std::span<const double> numerators, std::span<const double> denominators) {
  CHECK(numerators.size() == denominators.size(), "{} and {}", numerators.size(), denominators.size());
  double above = 0, below = 0, squares = 0;
  for (size_t i = 0; i < numerators.size(); ++i) above += numerators[i], below += denominators[i];
  const auto n = static_cast<double>(numerators.size());
  const double ratio = above / below;
  for (size_t i = 0; i < numerators.size(); ++i) squares += std::pow(numerators[i] - ratio * denominators[i], 2);
  const double error = n > 1 ? std::sqrt(squares * n / (n - 1)) / below : std::nan("");
  return {ratio, error, static_cast<int64_t>(numerators.size())};
}

Json to_json(const Estimate& estimate) {
  return {{"value", estimate.value},
          {"stderr", std::isnan(estimate.error) ? Json(nullptr) : Json(estimate.error)},
          {"n", estimate.n}};
}

}  // namespace llmbox
