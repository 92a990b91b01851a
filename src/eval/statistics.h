// Estimates of a metric with their standard errors.
#pragma once

#include <cmath>
#include <span>

#include "core/json.h"

namespace llmbox {

struct Estimate {
  double value = 0;
  double error = std::nan("");  // standard error; NaN = unknown (one sample)
  int64_t n = 0;
};

/// Mean and sample standard deviation / sqrt(n).
Estimate mean_of(std::span<const double> samples);
/// The mean of independent estimates, all of the same weight; n is their sum.
Estimate macro_average(std::span<const Estimate> parts);
/// exp of an estimate (delta method).
Estimate exponential(const Estimate& estimate);
/// sum(numerators) / sum(denominators) (delta method).
Estimate ratio_of(std::span<const double> numerators, std::span<const double> denominators);

/// {"value", "stderr", "n"}; an unknown error is null.
Json to_json(const Estimate& estimate);

}  // namespace llmbox
