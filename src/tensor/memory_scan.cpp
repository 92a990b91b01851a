#include "tensor/memory_scan.h"

#include <cmath>

#include "tensor/differentiable.h"
#include "tensor/kernel_access.h"

namespace llmbox {

namespace {

constexpr int64_t kMemoryBlock = 32;  // tokens between kept memories

/// One head's rows of an input over one segment; null where there is no such input.
template <class Number>
struct Rows {
  Number* first = nullptr;
  int64_t step = 0;
  Number* operator[](int64_t t) const { return first + t * step; }
  explicit operator bool() const { return first != nullptr; }
};

/// What one head does over one segment.
struct HeadRun {
  Rows<const float> q, k, v, g, seek, write;
  int64_t length, dk, dv;
  int64_t decay_step;  // 1: a decay for each row of the memory; 0: one for all
  bool read_first;
  int64_t size() const { return dk * dv; }
};

float dot(const float* a, const float* b, int64_t n) {
  float sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

/// y = Mᵀ x
void read_memory(const HeadRun& h, const float* m, const float* x, float* y) {
  std::fill_n(y, h.dv, 0.0f);
  for (int64_t i = 0; i < h.dk; ++i)
    for (int64_t j = 0; j < h.dv; ++j) y[j] += x[i] * m[i * h.dv + j];
}

/// M += x yᵀ
void write_memory(const HeadRun& h, float* m, const float* x, const float* y) {
  for (int64_t i = 0; i < h.dk; ++i)
    for (int64_t j = 0; j < h.dv; ++j) m[i * h.dv + j] += x[i] * y[j];
}

/// M moves over token t. room: Dv numbers.
void advance(const HeadRun& h, int64_t t, float* m, float* room) {
  const float *k = h.k[t], *v = h.v[t], *g = h.g[t];
  if (h.seek) read_memory(h, m, h.seek[t], room);
  const float shared = h.decay_step == 0 ? std::exp(g[0]) : 0;
  for (int64_t i = 0; i < h.dk; ++i) {
    const float kept = h.decay_step == 0 ? shared : std::exp(g[i]);
    float* row = m + i * h.dv;
    if (h.seek) {
      const float back = h.write[t][i];
      for (int64_t j = 0; j < h.dv; ++j) row[j] = kept * row[j] + back * room[j] + k[i] * v[j];
    } else {
      for (int64_t j = 0; j < h.dv; ++j) row[j] = kept * row[j] + k[i] * v[j];
    }
  }
}

void forward_head(const HeadRun& h, float* m, Rows<float> out) {
  std::vector<float> room(h.dv);
  for (int64_t t = 0; t < h.length; ++t) {
    if (h.read_first) read_memory(h, m, h.q[t], out[t]);
    advance(h, t, m, room.data());
    if (!h.read_first) read_memory(h, m, h.q[t], out[t]);
  }
}

struct MemoryGrads {
  Rows<float> q, k, v, g, seek, write;
};

/// Room for one token's way back.
struct Backpack {
  std::vector<float> sought, d_sought;  // (Dv): Mᵀ seek and its gradient
};

/// One token backwards. before, after: M before and after it; dm: gradient of M after it, becomes that of `before`.
void retreat(const HeadRun& h, int64_t t, const float* d_out, const float* before, float* dm, const MemoryGrads& grads,
             Backpack& room) {
  const float *k = h.k[t], *v = h.v[t], *g = h.g[t];
  if (!h.read_first) write_memory(h, dm, h.q[t], d_out);
  read_memory(h, dm, k, grads.v[t]);
  if (h.seek) {
    read_memory(h, before, h.seek[t], room.sought.data());
    read_memory(h, dm, h.write[t], room.d_sought.data());
  }
  if (h.decay_step == 0) grads.g[t][0] = 0;
  for (int64_t i = 0; i < h.dk; ++i) {
    const float* was = before + i * h.dv;
    float* grad = dm + i * h.dv;
    const float kept = std::exp(g[i * h.decay_step]), d_decay = kept * dot(grad, was, h.dv);
    grads.k[t][i] = dot(grad, v, h.dv);
    if (h.decay_step == 0) {
      grads.g[t][0] += d_decay;
    } else {
      grads.g[t][i] = d_decay;
    }
    if (h.seek) {
      grads.write[t][i] = dot(grad, room.sought.data(), h.dv);
      grads.seek[t][i] = dot(was, room.d_sought.data(), h.dv);
      for (int64_t j = 0; j < h.dv; ++j) grad[j] = kept * grad[j] + h.seek[t][i] * room.d_sought[j];
    } else {
      for (int64_t j = 0; j < h.dv; ++j) grad[j] *= kept;
    }
  }
  if (h.read_first) write_memory(h, dm, h.q[t], d_out);
}

void backward_head(const HeadRun& h, Rows<const float> d_out, const MemoryGrads& grads) {
  const int64_t blocks = (h.length + kMemoryBlock - 1) / kMemoryBlock;
  std::vector<float> kept(blocks * h.size()), inside((kMemoryBlock + 1) * h.size()), m(h.size(), 0.0f);
  std::vector<float> dm(h.size(), 0.0f);
  Backpack room{std::vector<float>(h.dv), std::vector<float>(h.dv)};
  for (int64_t t = 0; t < h.length; ++t) {
    if (t % kMemoryBlock == 0) std::copy(m.begin(), m.end(), kept.begin() + t / kMemoryBlock * h.size());
    advance(h, t, m.data(), room.sought.data());
  }
  for (int64_t b = blocks - 1; b >= 0; --b) {
    const int64_t first = b * kMemoryBlock, n = std::min(kMemoryBlock, h.length - first);
    std::copy_n(kept.begin() + b * h.size(), h.size(), inside.begin());
    for (int64_t i = 0; i < n; ++i) {
      float* next = inside.data() + (i + 1) * h.size();
      std::copy_n(next - h.size(), h.size(), next);
      advance(h, first + i, next, room.sought.data());
    }
    for (int64_t i = n - 1; i >= 0; --i) {
      const int64_t t = first + i;
      const float* read = inside.data() + (h.read_first ? i : i + 1) * h.size();
      for (int64_t c = 0; c < h.dk; ++c) grads.q[t][c] = dot(read + c * h.dv, d_out[t], h.dv);
      retreat(h, t, d_out[t], inside.data() + i * h.size(), dm.data(), grads, room);
    }
  }
}

/// Head item % H of segment item / H.
template <class Number>
Rows<Number> rows_of(const at::Tensor& x, std::span<const int64_t> starts, int64_t item) {
  if (!x.defined()) return {};
  const int64_t heads = x.size(1);
  Number* data = const_cast<float*>(pointer<float>(x));
  return {data + starts[item / heads] * x.stride(0) + item % heads * x.stride(1), x.stride(0)};
}

HeadRun run_of(const MemoryScan& in, std::span<const int64_t> starts, int64_t item) {
  const auto rows = [&](const at::Tensor& x) { return rows_of<const float>(x, starts, item); };
  const int64_t segment = item / in.q.size(1);
  return {.q = rows(in.q),
          .k = rows(in.k),
          .v = rows(in.v),
          .g = rows(in.log_decay),
          .seek = rows(in.seek),
          .write = rows(in.write),
          .length = starts[segment + 1] - starts[segment],
          .dk = in.q.size(2),
          .dv = in.v.size(2),
          .decay_step = in.log_decay.size(2) == 1 ? 0 : 1,
          .read_first = in.read_first};
}

int64_t n_items(const MemoryScan& in, std::span<const int64_t> starts) {
  return (static_cast<int64_t>(starts.size()) - 1) * in.q.size(1);
}

at::Tensor memory_forward(const MemoryScan& in, std::span<const int64_t> starts, const at::Tensor& states) {
  const at::Tensor out = at::empty(in.v.sizes(), in.v.options());
  parallel_items(n_items(in, starts), [&](int64_t i) {
    const HeadRun h = run_of(in, starts, i);
    std::vector<float> zero;
    if (!states.defined()) zero.assign(h.size(), 0.0f);
    float* m = states.defined() ? mutable_pointer<float>(states) + i * h.size() : zero.data();
    forward_head(h, m, rows_of<float>(out, starts, i));
  });
  return out;
}

MemoryScan scan_of(const std::vector<at::Tensor>& t, bool read_first) {
  MemoryScan in{.q = t[0], .k = t[1], .v = t[2], .log_decay = t[3], .read_first = read_first};
  if (t.size() > 4) in.seek = t[4], in.write = t[5];
  return in;
}

/// Gradients of all inputs, which `saved` holds.
std::vector<at::Tensor> memory_backward(const std::vector<at::Tensor>& saved, const std::vector<int64_t>& starts,
                                        bool read_first, const at::Tensor& d_out) {
  const MemoryScan in = scan_of(saved, read_first);
  std::vector<at::Tensor> grads(6);
  for (size_t i = 0; i < saved.size(); ++i) grads[i] = at::zeros(saved[i].sizes(), d_out.options());
  parallel_items(n_items(in, starts), [&](int64_t i) {
    const auto rows = [&](size_t n) { return rows_of<float>(grads[n], starts, i); };
    backward_head(run_of(in, starts, i), rows_of<const float>(d_out, starts, i),
                  {rows(0), rows(1), rows(2), rows(3), rows(4), rows(5)});
  });
  return grads;
}

}  // namespace

at::Tensor memory_scan_naive(const MemoryScan& in, std::span<const int64_t> segment_starts) {
  std::vector<at::Tensor> rows;
  for (size_t s = 0; s + 1 < segment_starts.size(); ++s) {
    at::Tensor m = at::zeros({in.q.size(1), in.q.size(2), in.v.size(2)}, in.v.options());
    for (int64_t t = segment_starts[s]; t < segment_starts[s + 1]; ++t) {
      const at::Tensor read = in.q[t].unsqueeze(-1), before = m;  // (H, Dk, 1)
      m = m * at::exp(in.log_decay[t]).unsqueeze(-1) + in.k[t].unsqueeze(-1) * in.v[t].unsqueeze(1);
      if (in.seek.defined()) {
        const at::Tensor sought = (before * in.seek[t].unsqueeze(-1)).sum(1, true);  // (H, 1, Dv)
        m = m + in.write[t].unsqueeze(-1) * sought;
      }
      rows.push_back(((in.read_first ? before : m) * read).sum(1));
    }
  }
  return rows.empty() ? at::zeros_like(in.v) : at::stack(rows);
}

at::Tensor memory_scan(const MemoryScan& in, std::span<const int64_t> segment_starts, const at::Tensor& states) {
  std::vector<at::Tensor> tensors{in.q, in.k, in.v, in.log_decay};
  if (in.seek.defined()) tensors.insert(tensors.end(), {in.seek, in.write});
  bool wants_grad = false;
  for (at::Tensor& tensor : tensors) {
    if (tensor.stride(2) != 1 && tensor.size(2) > 1) tensor = tensor.contiguous();
    wants_grad = wants_grad || needs_grad({tensor});
  }
  const std::vector<int64_t> starts(segment_starts.begin(), segment_starts.end());
  const auto compute = [&] { return memory_forward(scan_of(tensors, in.read_first), starts, states); };
  if (states.defined() || !wants_grad) return compute();
  return differentiable(
      tensors,
      [&] {
        return Computed{compute(), tensors};
      },
      [starts, read_first = in.read_first](const auto& saved, const at::Tensor& dy) {
        return memory_backward(saved, starts, read_first, dy);
      });
}

}  // namespace llmbox
