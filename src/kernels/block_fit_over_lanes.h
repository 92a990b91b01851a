// The kernels of block_fit.h, written once over L = PortableLanes or Avx512Lanes. A lane is a run of values (and one of
// two starting scales), so that nothing is summed across lanes.
#pragma once

#include <limits>

#include "kernels/block_fit.h"

namespace llmbox {

template <class L>
struct BlockFitOver {
  using F = typename L::F;
  static constexpr int kLanes = 16, kTrials = 20;

  static F add(F a, F b) { return L::add(a, b); }
  static F sub(F a, F b) { return L::sub(a, b); }
  static F mul(F a, F b) { return L::mul(a, b); }
  static F set(float x) { return L::set(x); }

  /// x where at < 0, else other.
  static F where_negative(F x, F at, F other) {
    return L::keep_within(x, at, -std::numeric_limits<float>::infinity(), 0, other);
  }

  static F nearest(F x, float low, float high) { return L::round(L::min(L::max(x, set(low)), set(high))); }

  /// 1 / x, 0 where x is 0.
  static F inverse(F x) {
    const F size = L::max(x, sub(set(0), x));
    const F none = sub(set(std::numeric_limits<float>::min()), size);  // > 0: too small to divide by
    return where_negative(L::div(set(1), where_negative(x, none, set(1))), none, set(0));
  }

  struct Fit {
    F scale, minimum, error;
  };

  /// Least squares for given codes' sums: n values with sum `value`, codes with sums `code` and `code2`, products.
  static Fit solve(F n, F value, F code, F code2, F product) {
    const F determinant = sub(mul(n, code2), mul(code, code));
    const F over = inverse(determinant);
    const F scale = mul(sub(mul(n, product), mul(code, value)), over);
    const F offset = mul(sub(mul(code2, value), mul(code, product)), over);
    // A positive offset is no minimum: the best without one.
    const F alone = mul(product, inverse(code2));
    const F is_above = sub(set(0), offset);
    return {L::max(where_negative(alone, is_above, scale), set(0)),
            L::max(where_negative(set(0), is_above, is_above), set(0)), set(0)};
  }

  static F squared_error(const F* values, int n, F scale, F minimum) {
    const F over = inverse(scale);
    F error = set(0);
    for (int i = 0; i < n; ++i) {
      const F code = nearest(mul(add(values[i], minimum), over), 0, 15);
      const F miss = sub(sub(mul(scale, code), minimum), values[i]);
      error = add(error, mul(miss, miss));
    }
    return error;
  }

  static void keep_better(Fit& best, const Fit& found) {
    const F gain = sub(found.error, best.error);                            // < 0: better
    const F open = where_negative(gain, sub(set(0), found.scale), set(1));  // and its scale is above 0
    best = {where_negative(found.scale, open, best.scale), where_negative(found.minimum, open, best.minimum),
            where_negative(found.error, open, best.error)};
  }

  static Fit refine(const F* values, F total, const Fit& start, F steps, F range) {
    const F over = mul(steps, inverse(range));
    F code = set(0), code2 = set(0), product = set(0);
    for (int i = 0; i < 32; ++i) {
      const F c = nearest(mul(add(values[i], start.minimum), over), 0, 15);
      code = add(code, c);
      code2 = add(code2, mul(c, c));
      product = add(product, mul(values[i], c));
    }
    Fit fit = solve(set(32), total, code, code2, product);
    fit.error = squared_error(values, 32, fit.scale, fit.minimum);
    return fit;
  }

  static void affine(const float* values, float* scales, float* minima) {
    F lanes[32], low = set(0), high = set(std::numeric_limits<float>::lowest()), total = set(0);
    for (int i = 0; i < 32; ++i) {
      float column[kLanes];
      for (int run = 0; run < 8; ++run) column[run] = column[run + 8] = values[32 * run + i];
      lanes[i] = L::load(column);
      low = L::min(low, lanes[i]);
      high = L::max(high, lanes[i]);
      total = add(total, lanes[i]);
    }
    const F minimum = sub(set(0), low), range = add(L::max(high, low), minimum);
    Fit best{mul(range, set(1.0F / 15)), minimum, set(0)};
    best.error = squared_error(lanes, 32, best.scale, minimum);
    for (int trial = 0; trial <= kTrials; trial += 2) {
      float steps[kLanes];
      for (int i = 0; i < kLanes; ++i) steps[i] = 14 + 0.1F * static_cast<float>(trial + i / 8);
      keep_better(best, refine(lanes, total, {set(0), minimum, set(0)}, L::load(steps), range));
    }
    float scale[kLanes], least[kLanes], error[kLanes];
    L::store(scale, best.scale);
    L::store(least, best.minimum);
    L::store(error, best.error);
    for (int run = 0; run < 8; ++run) {
      const int chosen = error[run + 8] < error[run] ? run + 8 : run;
      scales[run] = scale[chosen];
      minima[run] = least[chosen];
    }
  }

  static void symmetric(const float* values, float* scales) {
    F lanes[16], extreme = set(0), size = set(0);
    for (int i = 0; i < 16; ++i) {
      float column[kLanes];
      for (int run = 0; run < kLanes; ++run) column[run] = values[16 * run + i];
      lanes[i] = L::load(column);
      const F own = L::max(lanes[i], sub(set(0), lanes[i])), further = sub(size, own);  // < 0: of a larger size
      extreme = where_negative(lanes[i], further, extreme);
      size = L::max(size, own);
    }
    const F over = inverse(extreme);
    F best = mul(extreme, set(-1.0F / 32)), most = set(-1);  // of what the codes explain: (Σ v c)² / Σ c²
    for (int trial = -kTrials / 2; trial <= kTrials / 2; ++trial) {
      const F steps = mul(over, set(-(32 + 0.1F * static_cast<float>(trial))));
      F product = set(0), square = set(0);
      for (const F& value : lanes) {
        const F code = nearest(mul(value, steps), -32, 31);
        product = add(product, mul(value, code));
        square = add(square, mul(code, code));
      }
      const F scale = mul(product, inverse(square)), explained = mul(product, scale);
      const F worse = sub(most, explained);  // < 0: explains more
      best = where_negative(scale, worse, best);
      most = L::max(most, explained);
    }
    L::store(scales, best);
  }

  static void codes(const float* values, int64_t n, float scale, float minimum, float low, float high, float* codes) {
    const F over = inverse(set(scale));
    for (int64_t i = 0; i < n; i += kLanes)
      L::store(codes + i, nearest(mul(add(L::load(values + i), set(minimum)), over), low, high));
  }

  static BlockFitKernels table() { return {affine, symmetric, codes}; }
};

}  // namespace llmbox
