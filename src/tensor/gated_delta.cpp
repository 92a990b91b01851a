#include "tensor/gated_delta.h"

#include <cmath>

#include "tensor/differentiable.h"
#include "tensor/kernel_access.h"

namespace llmbox {

namespace {

constexpr int64_t kDeltaBlock = 32;  // tokens between kept memories

/// One head over one segment. Rows of q and k are stride_k apart, of v and o stride_v, of g and β heads.
struct HeadRun {
  const float *q, *k, *v, *g, *beta;
  int64_t length, dk, dv, heads;
  int64_t stride_k() const { return heads * dk; }
  int64_t stride_v() const { return heads * dv; }
};

/// u = Mᵀ x
void read_memory(const float* m, const float* x, int64_t dk, int64_t dv, float* u) {
  std::fill_n(u, dv, 0.0f);
  for (int64_t i = 0; i < dk; ++i)
    for (int64_t j = 0; j < dv; ++j) u[j] += x[i] * m[i * dv + j];
}

/// M += x yᵀ
void write_memory(float* m, const float* x, const float* y, int64_t dk, int64_t dv) {
  for (int64_t i = 0; i < dk; ++i)
    for (int64_t j = 0; j < dv; ++j) m[i * dv + j] += x[i] * y[j];
}

/// M moves over token t; r (Dv) gets what was written: β(v - Mᵀk).
void advance(const HeadRun& h, int64_t t, float* m, float* r) {
  const float kept = std::exp(h.g[t * h.heads]), beta = h.beta[t * h.heads];
  const float *k = h.k + t * h.stride_k(), *v = h.v + t * h.stride_v();
  for (int64_t i = 0; i < h.dk * h.dv; ++i) m[i] *= kept;
  read_memory(m, k, h.dk, h.dv, r);
  for (int64_t j = 0; j < h.dv; ++j) r[j] = beta * (v[j] - r[j]);
  write_memory(m, k, r, h.dk, h.dv);
}

void forward_head(const HeadRun& h, float* m, float* o) {
  std::vector<float> r(h.dv);
  for (int64_t t = 0; t < h.length; ++t) {
    advance(h, t, m, r.data());
    read_memory(m, h.q + t * h.stride_k(), h.dk, h.dv, o + t * h.stride_v());
  }
}

struct HeadGrads {
  float *q, *k, *v, *g, *beta;  // laid out as the inputs
};

float dot(const float* a, const float* b, int64_t n) {
  float sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

/// One token backwards. before: M before it; dm: gradient of M after it, becomes that of `before`; decayed, r: room.
void retreat(const HeadRun& h, int64_t t, const float* d_out, const float* before, float* dm, const HeadGrads& grads) {
  const int64_t dk = h.dk, dv = h.dv;
  const float kept = std::exp(h.g[t * h.heads]), beta = h.beta[t * h.heads];
  const float *q = h.q + t * h.stride_k(), *k = h.k + t * h.stride_k(), *v = h.v + t * h.stride_v();
  float *dq = grads.q + t * h.stride_k(), *dk_row = grads.k + t * h.stride_k(), *dv_row = grads.v + t * h.stride_v();
  std::vector<float> decayed(before, before + dk * dv), u(dv), r(dv), dr(dv);
  for (float& value : decayed) value *= kept;
  read_memory(decayed.data(), k, dk, dv, u.data());
  for (int64_t j = 0; j < dv; ++j) r[j] = beta * (v[j] - u[j]);

  write_memory(dm, q, d_out, dk, dv);  // o = Mᵀq
  read_memory(dm, k, dk, dv, dr.data());
  float dbeta = 0;
  for (int64_t j = 0; j < dv; ++j) {
    dbeta += dr[j] * (v[j] - u[j]);
    dr[j] *= beta;
    dv_row[j] = dr[j];
  }
  grads.beta[t * h.heads] = dbeta;
  for (int64_t i = 0; i < dk; ++i) {
    const float *was = decayed.data() + i * dv, *grad = dm + i * dv;
    dq[i] = dot(was, d_out, dv) + k[i] * dot(r.data(), d_out, dv);
    dk_row[i] = dot(grad, r.data(), dv) - dot(was, dr.data(), dv);
  }
  for (float& value : dr) value = -value;
  write_memory(dm, k, dr.data(), dk, dv);
  grads.g[t * h.heads] = dot(dm, decayed.data(), dk * dv);
  for (int64_t i = 0; i < dk * dv; ++i) dm[i] *= kept;
}

void backward_head(const HeadRun& h, const float* d_out, const HeadGrads& grads) {
  const int64_t size = h.dk * h.dv, blocks = (h.length + kDeltaBlock - 1) / kDeltaBlock;
  std::vector<float> kept(blocks * size), inside(kDeltaBlock * size), m(size, 0.0f), dm(size, 0.0f), r(h.dv);
  for (int64_t t = 0; t < h.length; ++t) {
    if (t % kDeltaBlock == 0) std::copy(m.begin(), m.end(), kept.begin() + t / kDeltaBlock * size);
    advance(h, t, m.data(), r.data());
  }
  for (int64_t b = blocks - 1; b >= 0; --b) {
    const int64_t first = b * kDeltaBlock, n = std::min(kDeltaBlock, h.length - first);
    std::copy_n(kept.begin() + b * size, size, m.begin());
    for (int64_t i = 0; i < n; ++i) {
      std::copy(m.begin(), m.end(), inside.begin() + i * size);
      advance(h, first + i, m.data(), r.data());
    }
    for (int64_t i = n - 1; i >= 0; --i)
      retreat(h, first + i, d_out + (first + i) * h.stride_v(), inside.data() + i * size, dm.data(), grads);
  }
}

HeadRun run_of(const GatedDelta& in, std::span<const int64_t> starts, int64_t item) {
  const int64_t heads = in.q.size(1), dk = in.q.size(2), dv = in.v.size(2);
  const int64_t begin = starts[item / heads], row = begin * heads + item % heads;
  return {.q = pointer<float>(in.q) + row * dk,
          .k = pointer<float>(in.k) + row * dk,
          .v = pointer<float>(in.v) + row * dv,
          .g = pointer<float>(in.log_decay) + row,
          .beta = pointer<float>(in.strength) + row,
          .length = starts[item / heads + 1] - begin,
          .dk = dk,
          .dv = dv,
          .heads = heads};
}

int64_t first_row(std::span<const int64_t> starts, int64_t item, int64_t heads) {
  return starts[item / heads] * heads + item % heads;
}

at::Tensor run_forward(const GatedDelta& in, std::span<const int64_t> starts, const at::Tensor& states) {
  const at::Tensor out = at::empty(in.v.sizes(), in.v.options());
  const int64_t heads = in.q.size(1), items = (static_cast<int64_t>(starts.size()) - 1) * heads;
  parallel_items(items, [&](int64_t i) {
    const HeadRun h = run_of(in, starts, i);
    std::vector<float> zero;
    if (!states.defined()) zero.assign(h.dk * h.dv, 0.0f);
    float* m = states.defined() ? mutable_pointer<float>(states) + i * h.dk * h.dv : zero.data();
    forward_head(h, m, mutable_pointer<float>(out) + first_row(starts, i, heads) * h.dv);
  });
  return out;
}

/// Gradients of q, k, v, log_decay and strength, which `s` holds.
std::vector<at::Tensor> run_backward(const std::vector<at::Tensor>& s, const std::vector<int64_t>& starts,
                                     const at::Tensor& d_out) {
  const GatedDelta in{s[0], s[1], s[2], s[3], s[4]};
  std::vector<at::Tensor> grads;
  for (const at::Tensor& tensor : s) grads.push_back(at::zeros_like(tensor));
  const int64_t heads = in.q.size(1);
  parallel_items((static_cast<int64_t>(starts.size()) - 1) * heads, [&](int64_t i) {
    const HeadRun h = run_of(in, starts, i);
    const int64_t row = first_row(starts, i, heads);
    backward_head(h, pointer<float>(d_out) + row * h.dv,
                  {mutable_pointer<float>(grads[0]) + row * h.dk, mutable_pointer<float>(grads[1]) + row * h.dk,
                   mutable_pointer<float>(grads[2]) + row * h.dv, mutable_pointer<float>(grads[3]) + row,
                   mutable_pointer<float>(grads[4]) + row});
  });
  return grads;
}

}  // namespace

at::Tensor gated_delta_naive(const GatedDelta& in, std::span<const int64_t> segment_starts) {
  std::vector<at::Tensor> rows;
  for (size_t s = 0; s + 1 < segment_starts.size(); ++s) {
    at::Tensor m = at::zeros({in.q.size(1), in.q.size(2), in.v.size(2)}, in.v.options());
    for (int64_t t = segment_starts[s]; t < segment_starts[s + 1]; ++t) {
      const at::Tensor k = in.k[t].unsqueeze(-1);  // (H, Dk, 1)
      m = m * at::exp(in.log_decay[t]).view({-1, 1, 1});
      const at::Tensor r = (in.v[t] - (m * k).sum(1)) * in.strength[t].unsqueeze(-1);
      m = m + k * r.unsqueeze(1);
      rows.push_back((m * in.q[t].unsqueeze(-1)).sum(1));
    }
  }
  return rows.empty() ? at::zeros_like(in.v) : at::stack(rows);
}

at::Tensor gated_delta(const GatedDelta& in, std::span<const int64_t> segment_starts, const at::Tensor& states) {
  const GatedDelta c{in.q.contiguous(), in.k.contiguous(), in.v.contiguous(), in.log_decay.contiguous(),
                     in.strength.contiguous()};
  if (states.defined() || !needs_grad({c.q, c.k, c.v, c.log_decay, c.strength}))
    return run_forward(c, segment_starts, states);
  const std::vector<int64_t> starts(segment_starts.begin(), segment_starts.end());
  const std::vector<at::Tensor> inputs = {c.q, c.k, c.v, c.log_decay, c.strength};
  return differentiable(
      inputs,
      [&] {
        return Computed{run_forward(c, starts, {}), inputs};
      },
      [starts](const auto& saved, const at::Tensor& dy) { return run_backward(saved, starts, dy); });
}

}  // namespace llmbox
