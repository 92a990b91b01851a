#include "tensor/block/affine_fit.h"

#include <algorithm>
#include <cmath>

#include "tensor/block/scale.h"

namespace llmbox {

namespace {

constexpr int kTrials = 20;

/// Sums over one choice of codes, for the least-squares scale and minimum.
struct Moments {
  double n = 0, code = 0, code2 = 0, value = 0, product = 0;
  void add(double value_of, double code_of) {
    n += 1;
    code += code_of;
    code2 += code_of * code_of;
    value += value_of;
    product += value_of * code_of;
  }
};

AffineFit solve(const Moments& m) {
  const double determinant = m.n * m.code2 - m.code * m.code;
  if (determinant <= 0) return {};
  const double scale = (m.n * m.product - m.code * m.value) / determinant;
  const double offset = (m.code2 * m.value - m.code * m.product) / determinant;
  if (offset > 0) return {static_cast<float>(m.code2 > 0 ? std::max(0.0, m.product / m.code2) : 0.0), 0};
  return {static_cast<float>(std::max(0.0, scale)), static_cast<float>(-offset)};
}

double squared_error(std::span<const float> values, const AffineFit& fit, int top) {
  double error = 0;
  for (const float value : values) {
    const int code = nearest_code(value + fit.minimum, fit.scale, top);
    const double miss = static_cast<double>(fit.scale) * code - fit.minimum - value;
    error += miss * miss;
  }
  return error;
}

}  // namespace

int nearest_code(float value, float scale, int top) {
  if (scale == 0) return 0;
  return static_cast<int>(nearest(std::clamp(value / scale, 0.0F, static_cast<float>(top))));
}

AffineFit fit_affine(std::span<const float> values, int top) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const float minimum = std::max(0.0F, -*low), range = std::max(*high, -minimum) + minimum;
  if (range <= 0) return {0, minimum};
  AffineFit best{range / static_cast<float>(top), minimum};
  double least = squared_error(values, best, top);
  for (int trial = 0; trial <= kTrials; ++trial) {
    // Steps a little narrower and wider than the whole range asks for.
    const float steps = static_cast<float>(top) - 1 + 0.1F * static_cast<float>(trial);
    Moments moments;
    for (const float value : values) moments.add(value, nearest_code(value + minimum, range / steps, top));
    const AffineFit fit = solve(moments);
    const double error = squared_error(values, fit, top);
    if (fit.scale > 0 && error < least) best = fit, least = error;
  }
  return best;
}

float fit_symmetric(std::span<const float> values, int bottom) {
  const float extreme =
      *std::max_element(values.begin(), values.end(), [](float a, float b) { return std::abs(a) < std::abs(b); });
  if (extreme == 0) return 0;
  float best = -extreme / static_cast<float>(bottom);
  double most = -1;  // of what the codes explain: (Σ v c)² / Σ c²
  for (int trial = -kTrials / 2; trial <= kTrials / 2; ++trial) {
    const float scale = -extreme / (static_cast<float>(bottom) + 0.1F * static_cast<float>(trial));
    double product = 0, square = 0;
    for (const float value : values) {
      const double code =
          nearest(std::clamp(value / scale, static_cast<float>(-bottom), static_cast<float>(bottom - 1)));
      product += value * code;
      square += code * code;
    }
    if (square > 0 && product * product / square > most) {
      most = product * product / square;
      best = static_cast<float>(product / square);
    }
  }
  return best;
}

}  // namespace llmbox
