// The kernels of attention.h, written once over L = PortableLanes or Avx512Lanes. Scores are held transposed, keys by
// queries: a register holds 16 queries, so maxima, sums and masks need no work across lanes, the keys are read in place
// as the product's left operand, and queries are packed once per tile. Softmax runs in powers of two.
// (FlashAttention-2, Dao 2023, algorithms 1 and 2.)
#pragma once

#include <cmath>
#include <cstring>

#include "kernels/attention.h"
#include "kernels/lane_math.h"
#include "kernels/scratch.h"
#include "kernels/tile_product.h"

namespace llmbox {

template <class L, class T>
struct AttentionOver {
  using F = typename L::F;
  using U = UnitOf<T>;
  using Product = TileProduct<L, U>;
  static constexpr int64_t kUnit = kUnitSize<T>;
  static constexpr float kLog2e = 1.44269504f;
  static constexpr float kLowest = -1e30f;  // the running maximum before any key was seen

  static int64_t padded(int64_t n) { return (n + 15) / 16 * 16; }
  static int64_t units(int64_t n) { return (n + kUnit - 1) / kUnit; }

  /// Rows (count, dim) → units [dim / kUnit][kTile], one row a column; columns from count on are zero.
  template <class RowOf>
  static void pack_transposed(const RowOf& row_of, int64_t count, int64_t dim, U* to) {
    for (int64_t p = 0; p < units(dim); ++p) {
      for (int64_t i = count; i < kTile; ++i) to[p * kTile + i] = U{};
    }
    for (int64_t i = 0; i < count; ++i) {
      const T* row = row_of(i);
      for (int64_t p = 0; p < units(dim); ++p) std::memcpy(to + p * kTile + i, row + p * kUnit, sizeof(U));
    }
  }

  /// Rows (count, dim) → units [count / kUnit][padded dim]: kUnit neighbouring rows in one unit; zeros beyond both
  /// ends.
  template <class RowOf>
  static void pack_rows(const RowOf& row_of, int64_t count, int64_t dim, U* to) {
    const int64_t width = padded(dim);
    for (int64_t i = 0; i < count; i += kUnit) {
      const T* first = row_of(i);
      const T* second = i + 1 < count ? row_of(i + 1) : nullptr;
      for (int64_t c = 0; c < width; c += 16) {
        const int64_t m = dim - c < 16 ? dim - c : 16;
        const F a = load(first + c, m);
        store_units(to + i / kUnit * width + c, a, second ? load(second + c, m) : L::set(0));
      }
    }
  }

  static F load(const T* p, int64_t n) { return n == 16 ? L::load(p) : L::load(p, n); }
  static void store_units(float* to, F a, F) { L::store(to, a); }
  static void store_units(uint32_t* to, F a, F b) { L::store_units(to, a, b); }

  static void zero(float* p, int64_t n) {
    for (int64_t i = 0; i < n; i += 16) L::store(p + i, L::set(0));
  }

  /// score → its exponent in powers of two.
  static F exponent(F score, const AttentionScaling& s) {
    if (s.softcap == 0) return L::mul(score, L::set(s.scale * kLog2e));
    return L::mul(tanh_lanes<L>(L::mul(score, L::set(s.scale / s.softcap))), L::set(s.softcap * kLog2e));
  }

  // ---- forward -------------------------------------------------------------------------------------------------

  struct ForwardState {
    U* queries;       // packed, [dim / kUnit][kTile]
    float* scores;    // [kTile keys][kTile queries]
    U* weights;       // [kTile keys / kUnit][kTile queries]
    U* values;        // packed rows, [kTile / kUnit][padded dim]
    T* keys;          // [kTile][dim], used where keys lie in pages
    float* out;       // [kTile queries][padded dim]
    float* maximum;   // [kTile]
    float* sum;       // [kTile]
    float* factor;    // [kTile]
    float* position;  // [kTile], relative to the first query's
    float* slope;     // [kTile], in powers of two
    int64_t lanes;    // queries padded to 16

    static ForwardState make(const ForwardTile<T>& t) {
      const int64_t width = padded(t.value_dim);
      const size_t per_row = sizeof(float) * (2 * kTile + 2 * width + padded(t.dim) + 16) + 2 * t.dim * sizeof(T);
      ScratchCutter cut(thread_scratch(kTile * per_row + 4096));
      ForwardState s;
      s.queries = cut.template take<U>(units(t.dim) * kTile);
      s.scores = cut.template take<float>(kTile * kTile);
      s.weights = cut.template take<U>(units(kTile) * kTile);
      s.values = cut.template take<U>(units(kTile) * width);
      s.keys = cut.template take<T>(kTile * t.dim);
      s.out = cut.template take<float>(kTile * width);
      s.maximum = cut.template take<float>(kTile);
      s.sum = cut.template take<float>(kTile);
      s.factor = cut.template take<float>(kTile);
      s.position = cut.template take<float>(kTile);
      s.slope = cut.template take<float>(kTile);
      s.lanes = padded(t.count);
      return s;
    }
  };

  static void forward(const ForwardTile<T>& t) {
    const ForwardState s = ForwardState::make(t);
    pack_transposed([&](int64_t i) { return t.query[i]; }, t.count, t.dim, s.queries);
    zero(s.out, t.count * padded(t.value_dim));
    for (int64_t i = 0; i < kTile; ++i) {
      const int64_t query = i < t.count ? i : t.count - 1;
      s.maximum[i] = t.has_sinks ? t.sink[query] * kLog2e : kLowest;
      s.sum[i] = t.has_sinks ? 1.0f : 0.0f;
      s.position[i] = static_cast<float>(t.position[query] - t.position[0]);
      s.slope[i] = t.has_slopes ? t.slope[query] * kLog2e : 0.0f;
    }
    const int64_t last = t.position[t.count - 1];
    const int64_t earliest = t.scaling.window > 0 ? t.scaling.first_seen(t.position[0]) : 0;
    const int64_t first_block = earliest / kTile * kTile;
    for (int64_t key = first_block; key <= last; key += kTile) {
      forward_block(t, s, key, last + 1 - key < kTile ? last + 1 - key : kTile);
    }
    finish_forward(t, s);
  }

  static void forward_block(const ForwardTile<T>& t, const ForwardState& s, int64_t key, int64_t n_key) {
    const int64_t width = padded(t.value_dim);
    const T* keys = t.rows.key(key);
    int64_t key_stride = t.rows.key_stride;
    if (t.rows.pages) {
      for (int64_t i = 0; i < n_key; ++i) std::memcpy(s.keys + i * t.dim, t.rows.key(key + i), t.dim * sizeof(T));
      keys = s.keys;
      key_stride = t.dim;
    }
    Product::run({n_key, s.lanes, units(t.dim)}, {as_units(keys), key_stride / kUnit, 1}, s.queries, kTile,
                 {s.scores, kTile, false});
    update_maximum(t, s, key, n_key);
    weigh(s, n_key);
    scale_out(t, s);
    pack_rows([&](int64_t i) { return t.rows.value(key + i); }, n_key, t.value_dim, s.values);
    Product::run({t.count, width, units(n_key)}, {s.weights, 1, kTile}, s.values, width, {s.out, width, true});
  }

  /// Scores → exponents, masked; the running maximum moves on and `factor` says by how much older sums shrink.
  static void update_maximum(const ForwardTile<T>& t, const ForwardState& s, int64_t key, int64_t n_key) {
    const int64_t window = t.scaling.window;
    const bool masked =
        key + n_key - 1 > t.position[0] || (window > 0 && t.scaling.unseen_from(key) <= t.position[t.count - 1]);
    for (int64_t q = 0; q < s.lanes; q += 16) {
      const F at = L::load(s.position + q), old = L::load(s.maximum + q), slope = L::load(s.slope + q);
      F top = old;
      for (int64_t i = 0; i < n_key; ++i) {
        const int64_t relative = key + i - t.position[0];
        F e = exponent(L::load(s.scores + i * kTile + q), t.scaling);
        if (t.has_slopes) e = L::fma(slope, L::sub(L::set(static_cast<float>(relative)), at), e);
        if (masked) {
          const int64_t end_position = window > 0 ? t.scaling.unseen_from(key + i) - t.position[0] : 0;
          const float end = window > 0 ? static_cast<float>(end_position) : INFINITY;
          e = L::keep_within(e, at, static_cast<float>(relative), end, L::set(-INFINITY));
        }
        L::store(s.scores + i * kTile + q, e);
        top = L::max(top, e);
      }
      L::store(s.maximum + q, top);
      L::store(s.factor + q, exp2_lanes<L>(L::sub(old, top)));
    }
  }

  /// Exponents → softmax weights (not yet divided), in units for the product with the values; adds to the sums.
  static void weigh(const ForwardState& s, int64_t n_key) {
    for (int64_t q = 0; q < s.lanes; q += 16) {
      const F top = L::load(s.maximum + q);
      F sum = L::mul(L::load(s.sum + q), L::load(s.factor + q));
      for (int64_t i = 0; i < n_key; i += kUnit) {
        const F a = exp2_lanes<L>(L::sub(L::load(s.scores + i * kTile + q), top));
        sum = L::add(sum, a);
        F b = L::set(0);
        if (kUnit == 2 && i + 1 < n_key) {
          b = exp2_lanes<L>(L::sub(L::load(s.scores + (i + 1) * kTile + q), top));
          sum = L::add(sum, b);
        }
        store_units(s.weights + i / kUnit * kTile + q, a, b);
      }
      L::store(s.sum + q, sum);
    }
  }

  static void scale_out(const ForwardTile<T>& t, const ForwardState& s) {
    const int64_t width = padded(t.value_dim);
    for (int64_t i = 0; i < t.count; ++i) {
      if (s.factor[i] == 1.0f) continue;
      const F factor = L::set(s.factor[i]);
      for (int64_t c = 0; c < width; c += 16)
        L::store(s.out + i * width + c, L::mul(L::load(s.out + i * width + c), factor));
    }
  }

  static void finish_forward(const ForwardTile<T>& t, const ForwardState& s) {
    const int64_t width = padded(t.value_dim);
    for (int64_t i = 0; i < t.count; ++i) {
      const F share = L::set(1.0f / s.sum[i]);
      for (int64_t c = 0; c < t.value_dim; c += 16) {
        const F y = L::mul(L::load(s.out + i * width + c), share);
        if (t.value_dim - c >= 16) {
          L::store(t.out[i] + c, y);
        } else {
          L::store(t.out[i] + c, y, t.value_dim - c);
        }
      }
      if (t.log_sum[0]) *t.log_sum[i] = (s.maximum[i] + std::log2(s.sum[i])) / kLog2e;
    }
  }

  // ---- backward ------------------------------------------------------------------------------------------------

  struct BackwardState {
    U *queries, *grads;                  // packed transposed, one [dim / kUnit][kTile] a block of queries
    U *query_rows, *grad_rows;           // packed rows, [length / kUnit][padded dim]
    float* grad_query;                   // [length][padded dim]
    float *log_sum, *delta;              // [length padded]; log_sum in powers of two
    float *scores, *grad_scores;         // [kTile keys][kTile queries]
    T *weights, *weight_grads;           // [kTile keys][kTile queries], for the products over queries
    U* weight_grad_units;                // [kTile keys / kUnit][kTile queries], for the product over keys
    U* key_rows;                         // packed rows, [kTile / kUnit][padded dim]
    float *grad_key, *grad_value;        // [kTile][padded dim]
    int64_t width, value_width, blocks;  // padded dim and value_dim

    static BackwardState make(const BackwardHead<T>& h) {
      BackwardState s;
      s.width = padded(h.dim);
      s.value_width = padded(h.value_dim);
      s.blocks = (h.length + kTile - 1) / kTile;
      const size_t rows = s.blocks * kTile, both = s.width + s.value_width;
      const size_t per_row = sizeof(U) * (units(h.dim) + units(h.value_dim) + both) + sizeof(float) * (s.width + 2);
      ScratchCutter cut(thread_scratch(rows * per_row + kTile * sizeof(float) * (5 * kTile + 2 * both) + 8192));
      s.queries = cut.template take<U>(s.blocks * units(h.dim) * kTile);
      s.grads = cut.template take<U>(s.blocks * units(h.value_dim) * kTile);
      s.query_rows = cut.template take<U>(units(rows) * s.width);
      s.grad_rows = cut.template take<U>(units(rows) * s.value_width);
      s.grad_query = cut.template take<float>(rows * s.width);
      s.log_sum = cut.template take<float>(rows);
      s.delta = cut.template take<float>(rows);
      s.scores = cut.template take<float>(kTile * kTile);
      s.grad_scores = cut.template take<float>(kTile * kTile);
      s.weights = cut.template take<T>(kTile * kTile);
      s.weight_grads = cut.template take<T>(kTile * kTile);
      s.weight_grad_units = cut.template take<U>(units(kTile) * kTile);
      s.key_rows = cut.template take<U>(units(kTile) * s.width);
      s.grad_key = cut.template take<float>(kTile * s.width);
      s.grad_value = cut.template take<float>(kTile * s.value_width);
      return s;
    }
  };

  static int64_t block_length(int64_t block, int64_t length) {
    return length - block * kTile < kTile ? length - block * kTile : kTile;
  }

  static void backward(const BackwardHead<T>& h) {
    const BackwardState s = BackwardState::make(h);
    for (int64_t b = 0; b < s.blocks; ++b) prepare_queries(h, s, b);
    for (int64_t kb = 0; kb < s.blocks; ++kb) {
      const int64_t key = kb * kTile, n_key = block_length(kb, h.length);
      pack_rows([&](int64_t i) { return h.key + (key + i) * h.key_stride; }, n_key, h.dim, s.key_rows);
      zero(s.grad_key, n_key * s.width);
      zero(s.grad_value, n_key * s.value_width);
      const int64_t last_query = h.scaling.window > 0 ? h.scaling.unseen_from(key + n_key - 1) - 1 : h.length - 1;
      for (int64_t qb = kb; qb < s.blocks && qb * kTile <= last_query; ++qb) backward_block(h, s, kb, qb);
      for (int64_t i = 0; i < n_key; ++i) {
        std::memcpy(h.grad_key + (key + i) * h.grad_key_stride, s.grad_key + i * s.width, h.dim * sizeof(float));
        std::memcpy(h.grad_value + (key + i) * h.grad_value_stride, s.grad_value + i * s.value_width,
                    h.value_dim * sizeof(float));
      }
    }
    for (int64_t i = 0; i < h.length; ++i) {
      for (int64_t c = 0; c < h.dim; ++c)
        from_float(s.grad_query[i * s.width + c], h.grad_query[i * h.query_stride + c]);
    }
  }

  /// Packs a block of queries and of output gradients both ways; delta = Σ out · grad_out.
  static void prepare_queries(const BackwardHead<T>& h, const BackwardState& s, int64_t block) {
    const int64_t first = block * kTile, n = block_length(block, h.length);
    const auto query = [&](int64_t i) { return h.query + (first + i) * h.query_stride; };
    const auto grad = [&](int64_t i) { return h.grad_out + (first + i) * h.out_stride; };
    pack_transposed(query, n, h.dim, s.queries + block * units(h.dim) * kTile);
    pack_transposed(grad, n, h.value_dim, s.grads + block * units(h.value_dim) * kTile);
    pack_rows(query, n, h.dim, s.query_rows + units(first) * s.width);
    pack_rows(grad, n, h.value_dim, s.grad_rows + units(first) * s.value_width);
    zero(s.grad_query + first * s.width, n * s.width);
    for (int64_t i = 0; i < kTile; ++i) {
      s.log_sum[first + i] = i < n ? h.log_sum[(first + i) * h.log_sum_stride] * kLog2e : INFINITY;
      s.delta[first + i] = i < n ? dot(h.out + (first + i) * h.out_stride, grad(i), h.value_dim) : 0.0f;
    }
  }

  static float dot(const T* a, const T* b, int64_t n) {
    F sum = L::set(0);
    for (int64_t i = 0; i < n; i += 16)
      sum = L::fma(load(a + i, n - i < 16 ? n - i : 16), load(b + i, n - i < 16 ? n - i : 16), sum);
    return L::sum(sum);
  }

  static void backward_block(const BackwardHead<T>& h, const BackwardState& s, int64_t kb, int64_t qb) {
    const int64_t key = kb * kTile, n_key = block_length(kb, h.length);
    const int64_t first = qb * kTile, n_query = block_length(qb, h.length), lanes = padded(n_query);
    const U* keys = as_units(h.key + key * h.key_stride);
    const U* values = as_units(h.value + key * h.value_stride);
    Product::run({n_key, lanes, units(h.dim)}, {keys, h.key_stride / kUnit, 1}, s.queries + qb * units(h.dim) * kTile,
                 kTile, {s.scores, kTile, false});
    Product::run({n_key, lanes, units(h.value_dim)}, {values, h.value_stride / kUnit, 1},
                 s.grads + qb * units(h.value_dim) * kTile, kTile, {s.grad_scores, kTile, false});
    grade_weights(h, s, kb, qb);
    const int64_t k_query = units(n_query), row = kTile / kUnit;
    Product::run({n_key, s.value_width, k_query}, {as_units(s.weights), row, 1},
                 s.grad_rows + units(first) * s.value_width, s.value_width, {s.grad_value, s.value_width, true});
    Product::run({n_key, s.width, k_query}, {as_units(s.weight_grads), row, 1}, s.query_rows + units(first) * s.width,
                 s.width, {s.grad_key, s.width, true});
    Product::run({n_query, s.width, units(n_key)}, {s.weight_grad_units, 1, kTile}, s.key_rows, s.width,
                 {s.grad_query + first * s.width, s.width, true});
  }

  struct Weight {
    F value, grad;  // the softmax weight, and the gradient of the unscaled score
  };

  /// scores, grad_scores → weights and their gradients, in the layouts of the three products that follow.
  static void grade_weights(const BackwardHead<T>& h, const BackwardState& s, int64_t kb, int64_t qb) {
    const int64_t n_key = block_length(kb, h.length), lanes = padded(block_length(qb, h.length));
    for (int64_t q = 0; q < lanes; q += 16) {
      for (int64_t i = 0; i < n_key; i += kUnit) {
        const Weight a = grade(h, s, kb, qb, {i, q});
        L::store(s.weights + i * kTile + q, a.value);
        L::store(s.weight_grads + i * kTile + q, a.grad);
        Weight b{L::set(0), L::set(0)};
        if (kUnit == 2 && i + 1 < n_key) {
          b = grade(h, s, kb, qb, {i + 1, q});
          L::store(s.weights + (i + 1) * kTile + q, b.value);
          L::store(s.weight_grads + (i + 1) * kTile + q, b.grad);
        }
        store_units(s.weight_grad_units + i / kUnit * kTile + q, a.grad, b.grad);
      }
    }
  }

  struct Place {
    int64_t key, query;  // within their blocks
  };

  static Weight grade(const BackwardHead<T>& h, const BackwardState& s, int64_t kb, int64_t qb, Place at) {
    const F score = L::load(s.scores + at.key * kTile + at.query);
    const int64_t query = qb * kTile + at.query;
    F slope = L::set(h.scaling.scale);
    F e;
    if (h.scaling.softcap == 0) {
      e = L::mul(score, L::set(h.scaling.scale * kLog2e));
    } else {
      const F t = tanh_lanes<L>(L::mul(score, L::set(h.scaling.scale / h.scaling.softcap)));
      slope = L::mul(slope, L::fnma(t, t, L::set(1)));
      e = L::mul(t, L::set(h.scaling.softcap * kLog2e));
    }
    const int64_t window = h.scaling.window, key = kb * kTile + at.key;
    if (h.slope != 0) {
      const F distance = L::sub(L::set(static_cast<float>(key - query)), lane_numbers());
      e = L::fma(L::set(h.slope * kLog2e), distance, e);
    }
    F weight = exp2_lanes<L>(L::sub(e, L::load(s.log_sum + query)));
    if (key > query || (window > 0 && h.scaling.unseen_from(key) <= query + 15)) {
      const float low =
          static_cast<float>(key - query);  // lane l holds query + l: visible where key ≤ query + l < key + window
      const float high = window > 0 ? static_cast<float>(h.scaling.unseen_from(key) - query) : INFINITY;
      weight = L::keep_within(weight, lane_numbers(), low, high, L::set(0));
    }
    const F grad = L::sub(L::load(s.grad_scores + at.key * kTile + at.query), L::load(s.delta + query));
    return {weight, L::mul(L::mul(weight, slope), grad)};
  }

  static F lane_numbers() {
    static constexpr float kNumbers[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return L::load(kNumbers);
  }

  static AttentionKernels<T> table() { return {.forward = forward, .backward = backward}; }
};

}  // namespace llmbox
