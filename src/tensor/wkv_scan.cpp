#include "tensor/wkv_scan.h"

#include <cmath>

#include "tensor/differentiable.h"
#include "tensor/kernel_access.h"

namespace llmbox {

namespace {

constexpr float kLowest = -1e38f;
constexpr int64_t kWkvBlock = 16;  // neighbouring channels that one task takes

/// Numerator and denominator are e^top times these.
struct Sums {
  float num = 0, den = 0, top = kLowest;
};

/// What a token answers with and what it leaves.
struct Step {
  float y, den, top;  // the answer, its denominator and the exponent that is divided by
  Sums next;
};

Step step(const Sums& was, float w, float u, float k, float v) {
  Step result{};
  result.top = std::max(was.top, u + k);
  const float old = std::exp(was.top - result.top), own = std::exp(u + k - result.top);
  result.den = old * was.den + own;
  result.y = (old * was.num + own * v) / result.den;
  result.next.top = std::max(was.top + w, k);
  const float kept = std::exp(was.top + w - result.next.top), added = std::exp(k - result.next.top);
  result.next.num = kept * was.num + added * v;
  result.next.den = kept * was.den + added;
  return result;
}

/// One segment's part of one block of channels.
struct WkvStretch {
  int64_t segment, begin, end, first, last;  // tokens [begin, end), channels [first, last)
};

WkvStretch wkv_stretch(std::span<const int64_t> starts, int64_t item, int64_t channels) {
  const int64_t blocks = (channels + kWkvBlock - 1) / kWkvBlock, segment = item / blocks,
                first = item % blocks * kWkvBlock;
  return {segment, starts[segment], starts[segment + 1], first, std::min(first + kWkvBlock, channels)};
}

int64_t n_items(std::span<const int64_t> starts, int64_t channels) {
  return (static_cast<int64_t>(starts.size()) - 1) * ((channels + kWkvBlock - 1) / kWkvBlock);
}

at::Tensor wkv_forward(const WkvScan& in, std::span<const int64_t> starts, const at::Tensor& states) {
  const at::Tensor out = at::empty_like(in.k);
  const int64_t channels = in.k.size(1);
  const float *w = pointer<float>(in.decay), *u = pointer<float>(in.bonus), *k = pointer<float>(in.k),
              *v = pointer<float>(in.v);
  float *y = mutable_pointer<float>(out), *kept = states.defined() ? mutable_pointer<float>(states) : nullptr;
  parallel_items(n_items(starts, channels), [&](int64_t item) {
    const WkvStretch s = wkv_stretch(starts, item, channels);
    for (int64_t c = s.first; c < s.last; ++c) {
      float* state = kept ? kept + s.segment * 3 * channels + c : nullptr;
      Sums sums = state ? Sums{state[0], state[channels], state[2 * channels]} : Sums{};
      for (int64_t t = s.begin; t < s.end; ++t) {
        const Step now = step(sums, w[c], u[c], k[t * channels + c], v[t * channels + c]);
        y[t * channels + c] = now.y;
        sums = now.next;
      }
      if (state) state[0] = sums.num, state[channels] = sums.den, state[2 * channels] = sums.top;
    }
  });
  return out;
}

struct Grads {
  float *w, *u;  // (S, C), this segment's share
  float *k, *v;  // (N, C)
};

/// One channel of one segment backwards. `past` holds the sums before each of its tokens. The gradients of numerator
/// and denominator are e^-low times what is kept of them.
void backward_channel(const WkvScan& in, const WkvStretch& s, int64_t c, const float* dy, std::span<const Sums> past,
                      const Grads& grads) {
  const int64_t channels = in.k.size(1);
  const float w = pointer<float>(in.decay)[c], u = pointer<float>(in.bonus)[c];
  const float *ks = pointer<float>(in.k) + c, *vs = pointer<float>(in.v) + c;
  float d_num = 0, d_den = 0, low = -kLowest, dw = 0, du = 0;
  for (int64_t t = s.end - 1; t >= s.begin; --t) {
    const Sums& was = past[t - s.begin];
    const float k = ks[t * channels], v = vs[t * channels], g = dy[t * channels + c];
    const Step now = step(was, w, u, k, v);
    const float own = std::exp(u + k - now.top) * g / now.den, later = std::exp(k - low);
    du += own * (v - now.y);
    grads.k[t * channels + c] = own * (v - now.y) + later * (d_num * v + d_den);
    grads.v[t * channels + c] = own + later * d_num;
    dw += std::exp(w - low + was.top) * (d_num * was.num + d_den * was.den);
    const float next = std::min(low - w, now.top);
    const float kept = std::exp(next + w - low), added = std::exp(next - now.top) * g / now.den;
    d_num = kept * d_num + added;
    d_den = kept * d_den - added * now.y;
    low = next;
  }
  grads.w[s.segment * channels + c] = dw;
  grads.u[s.segment * channels + c] = du;
}

/// The sums before each token of one channel's stretch.
void walk(const WkvScan& in, const WkvStretch& s, int64_t c, std::vector<Sums>& past) {
  const int64_t channels = in.k.size(1);
  Sums sums;
  for (int64_t t = s.begin; t < s.end; ++t) {
    past[t - s.begin] = sums;
    const int64_t at = t * channels + c;
    sums = step(sums, pointer<float>(in.decay)[c], pointer<float>(in.bonus)[c], pointer<float>(in.k)[at],
                pointer<float>(in.v)[at])
               .next;
  }
}

/// Gradients of decay, bonus, k and v, which `saved` holds.
std::vector<at::Tensor> wkv_backward(const std::vector<at::Tensor>& saved, const std::vector<int64_t>& starts,
                                     const at::Tensor& dy) {
  const WkvScan in{saved[0], saved[1], saved[2], saved[3]};
  const at::Tensor dk = at::zeros_like(in.k), dv = at::zeros_like(in.v);
  const int64_t channels = in.k.size(1), n_segment = static_cast<int64_t>(starts.size()) - 1;
  // Shares that meet in one place are summed afterwards, in order.
  const at::Tensor dw = at::zeros({n_segment, channels}, in.k.options()), du = at::zeros_like(dw);
  const Grads grads{mutable_pointer<float>(dw), mutable_pointer<float>(du), mutable_pointer<float>(dk),
                    mutable_pointer<float>(dv)};
  parallel_items(n_items(starts, channels), [&](int64_t item) {
    const WkvStretch s = wkv_stretch(starts, item, channels);
    std::vector<Sums> past(s.end - s.begin);
    for (int64_t c = s.first; c < s.last; ++c) {
      walk(in, s, c, past);
      backward_channel(in, s, c, pointer<float>(dy), past, grads);
    }
  });
  return {dw.sum(0), du.sum(0), dk, dv};
}

}  // namespace

at::Tensor empty_wkv_state(int64_t channels) {
  at::Tensor state = at::zeros({3, channels});
  state[2].fill_(kLowest);
  return state;
}

at::Tensor wkv_scan_naive(const WkvScan& in, std::span<const int64_t> segment_starts) {
  std::vector<at::Tensor> rows;
  for (size_t s = 0; s + 1 < segment_starts.size(); ++s) {
    at::Tensor num = at::zeros_like(in.decay), den = num;
    for (int64_t t = segment_starts[s]; t < segment_starts[s + 1]; ++t) {
      const at::Tensor own = at::exp(in.bonus + in.k[t]), added = at::exp(in.k[t]), kept = at::exp(in.decay);
      rows.push_back((num + own * in.v[t]) / (den + own));
      num = kept * num + added * in.v[t];
      den = kept * den + added;
    }
  }
  return rows.empty() ? at::zeros_like(in.k) : at::stack(rows);
}

at::Tensor wkv_scan(const WkvScan& in, std::span<const int64_t> segment_starts, const at::Tensor& states) {
  const WkvScan c{in.decay.contiguous(), in.bonus.contiguous(), in.k.contiguous(), in.v.contiguous()};
  if (states.defined() || !needs_grad({c.decay, c.bonus, c.k, c.v})) return wkv_forward(c, segment_starts, states);
  const std::vector<int64_t> starts(segment_starts.begin(), segment_starts.end());
  const std::vector<at::Tensor> inputs{c.decay, c.bonus, c.k, c.v};
  return differentiable(
      inputs,
      [&] {
        return Computed{wkv_forward(c, starts, {}), inputs};
      },
      [starts](const auto& saved, const at::Tensor& dy) { return wkv_backward(saved, starts, dy); });
}

}  // namespace llmbox
