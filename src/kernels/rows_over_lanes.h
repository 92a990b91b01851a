// The kernels of rows.h, written once over L = PortableLanes or Avx512Lanes.
#pragma once

#include <cmath>

#include "kernels/lane_math.h"
#include "kernels/rows.h"

namespace llmbox {

inline constexpr int64_t kLanes = 16;

/// f(offset, count) over [0, n) in steps of the lanes; the last may be short.
template <class Step>
inline void over_lanes(int64_t n, const Step& step) {
  for (int64_t i = 0; i < n; i += kLanes) step(i, n - i < kLanes ? n - i : kLanes);
}

template <class L, class T>
typename L::F load_some(const T* p, int64_t n) {
  return n == kLanes ? L::load(p) : L::load(p, n);
}

template <class L, class T>
void store_some(T* p, typename L::F x, int64_t n) {
  if (n == kLanes) {
    L::store(p, x);
  } else {
    L::store(p, x, n);
  }
}

template <class L, class T>
struct RowsOver {
  using F = typename L::F;

  static float sum(const T* x, int64_t n) {
    F total = L::set(0);
    over_lanes(n, [&](int64_t i, int64_t m) { total = L::add(total, load_some<L>(x + i, m)); });
    return L::sum(total);
  }

  static float squares(const T* x, int64_t n, float mean) {  // sum of (x - mean)²
    const int64_t whole = n / kLanes * kLanes;
    F lanes = L::set(0);
    for (int64_t i = 0; i < whole; i += kLanes) {
      const F d = L::sub(L::load(x + i), L::set(mean));
      lanes = L::fma(d, d, lanes);
    }
    float total = L::sum(lanes);
    for (int64_t i = whole; i < n; ++i) total += (to_float(x[i]) - mean) * (to_float(x[i]) - mean);
    return total;
  }

  struct Moments {
    float mean, scale;
  };
  template <bool kCentered>
  static Moments moments(const T* x, int64_t n, float eps) {
    const float width = static_cast<float>(n);
    const float mean = kCentered ? sum(x, n) / width : 0.0f;
    return {mean, 1.0f / std::sqrt(squares(x, n, mean) / width + eps)};
  }

  template <bool kCentered>
  static void norm(const NormArgs<T>& a) {
    for (int64_t r = 0; r < a.rows; ++r) {
      const T* x = a.x + r * a.width;
      T* y = a.y + r * a.width;
      const Moments row = moments<kCentered>(x, a.width, a.eps);
      over_lanes(a.width, [&](int64_t i, int64_t m) {
        const F normal = L::mul(L::sub(load_some<L>(x + i, m), L::set(row.mean)), L::set(row.scale));
        const F bias = a.bias ? load_some<L>(a.bias + i, m) : L::set(0);
        store_some<L>(y + i, L::fma(normal, load_some<L>(a.weight + i, m), bias), m);
      });
    }
  }

  // With n = (x - mean)·scale and g = dy·weight: dx = scale (g - mean(g) - n·mean(g·n)); the mean(g) only if centred.
  template <bool kCentered>
  static void norm_grad(const NormGradArgs<T>& a) {
    if (a.dweight) over_lanes(a.width, [&](int64_t i, int64_t m) { store_some<L>(a.dweight + i, L::set(0), m); });
    if (a.dbias) over_lanes(a.width, [&](int64_t i, int64_t m) { store_some<L>(a.dbias + i, L::set(0), m); });
    for (int64_t r = 0; r < a.rows; ++r) norm_grad_row<kCentered>(a, r);
  }

  template <bool kCentered>
  static void norm_grad_row(const NormGradArgs<T>& a, int64_t r) {
    const T* x = a.x + r * a.width;
    const T* dy = a.dy + r * a.width;
    const Moments row = moments<kCentered>(x, a.width, a.eps);
    const F mean = L::set(row.mean), scale = L::set(row.scale);
    F sum_g = L::set(0), sum_gn = L::set(0);
    over_lanes(a.width, [&](int64_t i, int64_t m) {
      const F grad = load_some<L>(dy + i, m);
      const F normal = L::mul(L::sub(load_some<L>(x + i, m), mean), scale);
      const F g = L::mul(grad, load_some<L>(a.weight + i, m));
      sum_g = L::add(sum_g, g);
      sum_gn = L::fma(g, normal, sum_gn);
      if (a.dweight) store_some<L>(a.dweight + i, L::fma(grad, normal, load_some<L>(a.dweight + i, m)), m);
      if (a.dbias) store_some<L>(a.dbias + i, L::add(grad, load_some<L>(a.dbias + i, m)), m);
    });
    if (!a.dx) return;
    const float width = static_cast<float>(a.width);
    const F mean_g = L::set(kCentered ? L::sum(sum_g) / width : 0.0f), mean_gn = L::set(L::sum(sum_gn) / width);
    T* dx = a.dx + r * a.width;
    over_lanes(a.width, [&](int64_t i, int64_t m) {
      const F normal = L::mul(L::sub(load_some<L>(x + i, m), mean), scale);
      const F g = L::mul(load_some<L>(dy + i, m), load_some<L>(a.weight + i, m));
      store_some<L>(dx + i, L::mul(scale, L::fnma(normal, mean_gn, L::sub(g, mean_g))), m);
    });
  }

  static void rope(const RopeArgs<T>& a) {
    for (int64_t r = 0; r < a.rows; ++r) {
      for (int64_t h = 0; h < a.heads; ++h) {
        const int64_t at = (r * a.heads + h) * a.dim;
        if (a.interleaved) {
          rope_pairs(a, r, a.x + at, a.y + at);
        } else {
          rope_halves(a, r, a.x + at, a.y + at);
        }
        for (int64_t i = 2 * a.half; i < a.dim; ++i) a.y[at + i] = a.x[at + i];
      }
    }
  }

  static void rope_halves(const RopeArgs<T>& a, int64_t r, const T* x, T* y) {
    over_lanes(a.half, [&](int64_t i, int64_t m) {
      const F cos = load_some<L>(a.cos + r * a.half + i, m);
      const F sin = L::mul(load_some<L>(a.sin + r * a.half + i, m), L::set(a.direction));
      const F first = load_some<L>(x + i, m), second = load_some<L>(x + a.half + i, m);
      store_some<L>(y + i, L::fnma(second, sin, L::mul(first, cos)), m);
      store_some<L>(y + a.half + i, L::fma(first, sin, L::mul(second, cos)), m);
    });
  }

  static void rope_pairs(const RopeArgs<T>& a, int64_t r, const T* x, T* y) {
    for (int64_t i = 0; i < a.half; ++i) {
      const float cos = a.cos[r * a.half + i], sin = a.sin[r * a.half + i] * a.direction;
      const float first = to_float(x[2 * i]), second = to_float(x[2 * i + 1]);
      from_float(first * cos - second * sin, y[2 * i]);
      from_float(second * cos + first * sin, y[2 * i + 1]);
    }
  }

  static void swiglu(const T* gate, const T* up, T* y, int64_t n) {
    over_lanes(n, [&](int64_t i, int64_t m) {
      const F g = load_some<L>(gate + i, m);
      store_some<L>(y + i, L::mul(L::mul(g, sigmoid_lanes<L>(g)), load_some<L>(up + i, m)), m);
    });
  }

  static void swiglu_grad(const T* gate, const T* up, const T* dy, T* dgate, T* dup, int64_t n) {
    over_lanes(n, [&](int64_t i, int64_t m) {
      const F g = load_some<L>(gate + i, m), grad = load_some<L>(dy + i, m);
      const F s = sigmoid_lanes<L>(g);
      const F silu = L::mul(g, s);
      const F slope = L::fma(s, L::sub(g, silu), s);  // s (1 + g (1 - s))
      store_some<L>(dup + i, L::mul(grad, silu), m);
      store_some<L>(dgate + i, L::mul(L::mul(grad, load_some<L>(up + i, m)), slope), m);
    });
  }

  static RowLoss row_loss(T* logits, int64_t n, int64_t label, bool gradient) {
    const F low = L::set(-INFINITY);
    F top = low;
    const int64_t whole = n / kLanes * kLanes;
    for (int64_t i = 0; i < whole; i += kLanes) top = L::max(top, L::load(logits + i));
    float largest = L::largest(top);
    for (int64_t i = whole; i < n; ++i) largest = largest > to_float(logits[i]) ? largest : to_float(logits[i]);
    const float chosen = to_float(logits[label]);
    const bool is_argmax = chosen == largest && !found_before(logits, label, largest);

    F sums = L::set(0);
    const F log2e = L::set(1.44269504f), shift = L::set(-largest * 1.44269504f);
    for (int64_t i = 0; i < whole; i += kLanes) {
      sums = L::add(sums, exp2_lanes<L>(L::fma(L::load(logits + i), log2e, shift)));
    }
    float total = L::sum(sums);
    for (int64_t i = whole; i < n; ++i) total += std::exp(to_float(logits[i]) - largest);
    if (gradient) softmax_minus_one_hot(logits, n, label, {largest, total});
    return {largest + std::log(total) - chosen, is_argmax};
  }

 private:
  static bool found_before(const T* logits, int64_t end, float value) {
    bool found = false;
    for (int64_t i = 0; i < end; ++i) found |= to_float(logits[i]) == value;
    return found;
  }

  struct SoftmaxSums {
    float largest, total;
  };
  static void softmax_minus_one_hot(T* logits, int64_t n, int64_t label, SoftmaxSums sums) {
    const F log2e = L::set(1.44269504f);
    const F shift = L::set(-sums.largest * 1.44269504f - std::log2(sums.total));
    const float chosen = std::exp(to_float(logits[label]) - sums.largest) / sums.total - 1.0f;
    over_lanes(n, [&](int64_t i, int64_t m) {
      store_some<L>(logits + i, exp2_lanes<L>(L::fma(load_some<L>(logits + i, m), log2e, shift)), m);
    });
    from_float(chosen, logits[label]);
  }

 public:
  static void accumulate(const T* x, float* sum, int64_t n) {
    over_lanes(n, [&](int64_t i, int64_t m) {
      store_some<L>(sum + i, L::add(load_some<L>(sum + i, m), load_some<L>(x + i, m)), m);
    });
  }

  static void scale_into(const float* x, float scale, T* y, int64_t n) {
    over_lanes(n,
               [&](int64_t i, int64_t m) { store_some<L>(y + i, L::mul(load_some<L>(x + i, m), L::set(scale)), m); });
  }

  static RowKernels<T> table() {
    return {.rms_norm = norm<false>,
            .rms_norm_grad = norm_grad<false>,
            .layer_norm = norm<true>,
            .layer_norm_grad = norm_grad<true>,
            .rope = rope,
            .swiglu = swiglu,
            .swiglu_grad = swiglu_grad,
            .row_loss = row_loss,
            .accumulate = accumulate,
            .scale_into = scale_into};
  }
};

}  // namespace llmbox
