#include "tensor/selective_scan.h"

#include <cmath>

#include "tensor/differentiable.h"
#include "tensor/kernel_access.h"

namespace llmbox {

namespace {

constexpr int64_t kScanBlock = 64;     // tokens between kept states
constexpr int64_t kChannelBlock = 16;  // channels of one work item

/// A stretch of channels of one segment.
struct Stretch {
  int64_t begin, end;        // tokens
  int64_t first, n_channel;  // channels
};

struct Pointers {
  const float *x, *step, *decay, *input, *output;
  int64_t channels, states;
};

Pointers pointers_of(const SelectiveScan& in) {
  return {pointer<float>(in.x),     pointer<float>(in.step),   pointer<float>(in.decay),
          pointer<float>(in.input), pointer<float>(in.output), in.x.size(1),
          in.decay.size(1)};
}

/// h (n_channel, St) moves over token t.
void advance(const Pointers& p, const Stretch& s, int64_t t, float* h) {
  for (int64_t c = 0; c < s.n_channel; ++c) {
    const int64_t channel = s.first + c;
    const float step = p.step[t * p.channels + channel], push = step * p.x[t * p.channels + channel];
    for (int64_t n = 0; n < p.states; ++n) {
      float& value = h[c * p.states + n];
      value = std::exp(step * p.decay[channel * p.states + n]) * value + push * p.input[t * p.states + n];
    }
  }
}

void scan_forward(const Pointers& p, const Stretch& s, float* h, float* y) {
  for (int64_t t = s.begin; t < s.end; ++t) {
    advance(p, s, t, h);
    for (int64_t c = 0; c < s.n_channel; ++c) {
      float sum = 0;
      for (int64_t n = 0; n < p.states; ++n) sum += p.output[t * p.states + n] * h[c * p.states + n];
      y[t * p.channels + s.first + c] = sum;
    }
  }
}

struct ScanGrads {
  float *x, *step;        // (N, C)
  float* decay;           // this stretch's own (n_channel, St), added to
  float *input, *output;  // this stretch's own (N, St) share
};

/// One token backwards. before, after: h around it; dh: gradient of `after`, becomes that of `before`.
void retreat(const Pointers& p, const Stretch& s, int64_t t, const float* dy, const float* before, const float* after,
             float* dh, const ScanGrads& g) {
  for (int64_t c = 0; c < s.n_channel; ++c) {
    const int64_t channel = s.first + c, at = t * p.channels + channel;
    const float step = p.step[at], x = p.x[at];
    float dstep = 0, dx = 0;
    for (int64_t n = 0; n < p.states; ++n) {
      const int64_t i = c * p.states + n, token = t * p.states + n;
      const float decay = p.decay[channel * p.states + n], kept = std::exp(step * decay);
      g.output[token] += dy[at] * after[i];
      const float grad = dh[i] + dy[at] * p.output[token];
      const float through = grad * before[i] * kept;
      dstep += through * decay + grad * p.input[token] * x;
      g.decay[i] += through * step;
      g.input[token] += grad * step * x;
      dx += grad * step * p.input[token];
      dh[i] = grad * kept;
    }
    g.step[at] = dstep;
    g.x[at] = dx;
  }
}

void scan_backward(const Pointers& p, const Stretch& s, const float* dy, const ScanGrads& g) {
  const int64_t size = s.n_channel * p.states, blocks = (s.end - s.begin + kScanBlock - 1) / kScanBlock;
  std::vector<float> kept(blocks * size, 0.0f), inside((kScanBlock + 1) * size), dh(size, 0.0f), h(size, 0.0f);
  for (int64_t b = 0; b < blocks; ++b) {
    std::copy(h.begin(), h.end(), kept.begin() + b * size);
    for (int64_t t = s.begin + b * kScanBlock; t < std::min(s.end, s.begin + (b + 1) * kScanBlock); ++t)
      advance(p, s, t, h.data());
  }
  for (int64_t b = blocks - 1; b >= 0; --b) {
    const int64_t first = s.begin + b * kScanBlock, n = std::min(kScanBlock, s.end - first);
    std::copy_n(kept.begin() + b * size, size, inside.begin());
    for (int64_t i = 0; i < n; ++i) {
      std::copy_n(inside.begin() + i * size, size, inside.begin() + (i + 1) * size);
      advance(p, s, first + i, inside.data() + (i + 1) * size);
    }
    for (int64_t i = n - 1; i >= 0; --i)
      retreat(p, s, first + i, dy, inside.data() + i * size, inside.data() + (i + 1) * size, dh.data(), g);
  }
}

int64_t channel_blocks(int64_t channels) { return (channels + kChannelBlock - 1) / kChannelBlock; }

Stretch stretch_of(std::span<const int64_t> starts, int64_t item, int64_t channels) {
  const int64_t blocks = channel_blocks(channels), segment = item / blocks, first = item % blocks * kChannelBlock;
  return {starts[segment], starts[segment + 1], first, std::min(kChannelBlock, channels - first)};
}

at::Tensor selective_forward(const SelectiveScan& in, std::span<const int64_t> starts, const at::Tensor& states) {
  const at::Tensor y = at::empty(in.x.sizes(), in.x.options());
  const Pointers p = pointers_of(in);
  const int64_t blocks = channel_blocks(p.channels), items = (static_cast<int64_t>(starts.size()) - 1) * blocks;
  parallel_items(items, [&](int64_t i) {
    const Stretch s = stretch_of(starts, i, p.channels);
    std::vector<float> zero;
    float* h = nullptr;
    if (states.defined()) {
      h = mutable_pointer<float>(states) + (i / blocks * p.channels + s.first) * p.states;
    } else {
      zero.assign(s.n_channel * p.states, 0.0f);
      h = zero.data();
    }
    scan_forward(p, s, h, mutable_pointer<float>(y));
  });
  return y;
}

/// Gradients of x, step, decay, input and output, which `v` holds.
std::vector<at::Tensor> selective_backward(const std::vector<at::Tensor>& v, const std::vector<int64_t>& starts,
                                           const at::Tensor& dy) {
  const SelectiveScan in{v[0], v[1], v[2], v[3], v[4]};
  const Pointers p = pointers_of(in);
  const int64_t blocks = channel_blocks(p.channels), n_segment = static_cast<int64_t>(starts.size()) - 1;
  const at::Tensor dx = at::zeros_like(in.x), dstep = at::zeros_like(in.x);
  // Shares that meet in one place are summed afterwards, in order.
  const at::Tensor ddecay = at::zeros({n_segment, p.channels, p.states}, in.x.options());
  const at::Tensor dinput = at::zeros({blocks, in.x.size(0), p.states}, in.x.options());
  const at::Tensor doutput = at::zeros_like(dinput);
  parallel_items(n_segment * blocks, [&](int64_t i) {
    const Stretch s = stretch_of(starts, i, p.channels);
    const int64_t share = i % blocks * in.x.size(0) * p.states;
    scan_backward(p, s, pointer<float>(dy),
                  {mutable_pointer<float>(dx), mutable_pointer<float>(dstep),
                   mutable_pointer<float>(ddecay) + (i / blocks * p.channels + s.first) * p.states,
                   mutable_pointer<float>(dinput) + share, mutable_pointer<float>(doutput) + share});
  });
  return {dx, dstep, ddecay.sum(0), dinput.sum(0), doutput.sum(0)};
}

}  // namespace

at::Tensor selective_scan_naive(const SelectiveScan& in, std::span<const int64_t> segment_starts) {
  std::vector<at::Tensor> rows;
  for (size_t s = 0; s + 1 < segment_starts.size(); ++s) {
    at::Tensor h = at::zeros_like(in.decay);
    for (int64_t t = segment_starts[s]; t < segment_starts[s + 1]; ++t) {
      const at::Tensor step = in.step[t].unsqueeze(1);  // (C, 1)
      h = at::exp(step * in.decay) * h + step * in.x[t].unsqueeze(1) * in.input[t].unsqueeze(0);
      rows.push_back((h * in.output[t].unsqueeze(0)).sum(1));
    }
  }
  return rows.empty() ? at::zeros_like(in.x) : at::stack(rows);
}

at::Tensor selective_scan(const SelectiveScan& in, std::span<const int64_t> segment_starts, const at::Tensor& states) {
  const SelectiveScan c{in.x.contiguous(), in.step.contiguous(), in.decay.contiguous(), in.input.contiguous(),
                        in.output.contiguous()};
  if (states.defined() || !needs_grad({c.x, c.step, c.decay, c.input, c.output}))
    return selective_forward(c, segment_starts, states);
  const std::vector<int64_t> starts(segment_starts.begin(), segment_starts.end());
  const std::vector<at::Tensor> inputs = {c.x, c.step, c.decay, c.input, c.output};
  return differentiable(
      inputs,
      [&] {
        return Computed{selective_forward(c, starts, {}), inputs};
      },
      [starts](const auto& saved, const at::Tensor& dy) { return selective_backward(saved, starts, dy); });
}

}  // namespace llmbox
