#include "tensor/segment_attention.h"

#include "tensor/attention_shape_access.h"
#include "tensor/differentiable.h"
#include "tensor/kernel_access.h"
#include "tensor/naive_attention.h"

namespace llmbox {

namespace {

struct Heads {
  int64_t query, key, dim, value_dim;
  int64_t group() const { return query / key; }
};

/// One forward tile: up to kTile of a segment's (token, head of the group) pairs that share a key head.
struct TilePlace {
  int64_t begin, length;  // the segment
  int64_t first;          // of its length · group pairs
};

std::vector<TilePlace> tile_places(std::span<const int64_t> starts, int64_t group) {
  std::vector<TilePlace> places;
  for (size_t s = 0; s + 1 < starts.size(); ++s) {
    const int64_t begin = starts[s], length = starts[s + 1] - begin;
    for (int64_t first = 0; first < length * group; first += kTile) places.push_back({begin, length, first});
  }
  // The last tiles of a segment see the most keys: long ones first, so that no thread is left with one at the end.
  std::stable_sort(places.begin(), places.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  return places;
}

struct Inputs {
  at::Tensor q, k, v;  // contiguous
  Heads heads() const { return {q.size(1), k.size(1), q.size(2), v.size(2)}; }
  at::Tensor empty_out() const { return at::empty({q.size(0), q.size(1), v.size(2)}, q.options()); }
};

/// What a forward pass leaves.
struct Attended {
  at::Tensor out, log_sum;  // log_sum (N, H) where wanted
};

template <class T>
void forward_tile(const Inputs& in, const Attended& to, const TilePlace& place, int64_t key_head,
                  const KernelShape& shape) {
  const Heads heads = in.heads();
  const int64_t group = heads.group();
  ForwardTile<T> tile;
  shape.begin_tile(tile);
  tile.count = std::min(kTile, place.length * group - place.first);
  for (int64_t i = 0; i < tile.count; ++i) {
    const int64_t position = (place.first + i) / group, head = key_head * group + (place.first + i) % group;
    const int64_t row = (place.begin + position) * heads.query + head;
    tile.query[i] = pointer<T>(in.q) + row * heads.dim;
    tile.out[i] = mutable_pointer<T>(to.out) + row * heads.value_dim;
    tile.log_sum[i] = to.log_sum.defined() ? mutable_pointer<float>(to.log_sum) + row : nullptr;
    shape.set_head(tile, i, head);
    tile.position[i] = position;
  }
  const int64_t first = place.begin * heads.key + key_head;
  tile.rows = {.keys = pointer<T>(in.k) + first * heads.dim,
               .values = pointer<T>(in.v) + first * heads.value_dim,
               .key_stride = heads.key * heads.dim,
               .value_stride = heads.key * heads.value_dim};
  tile.dim = heads.dim;
  tile.value_dim = heads.value_dim;
  kernel_table().of<T>().attention.forward(tile);
}

Attended attend(const Inputs& in, std::span<const int64_t> starts, const AttentionShape& shape, bool keep_log_sum) {
  const Heads heads = in.heads();
  Attended to{in.empty_out(), {}};
  if (keep_log_sum) to.log_sum = at::empty({in.q.size(0), heads.query}, in.q.options().dtype(at::kFloat));
  const KernelShape kernel_shape(shape);
  const std::vector<TilePlace> places = tile_places(starts, heads.group());
  by_type(in.q, [&](auto type) {
    parallel_items(static_cast<int64_t>(places.size()) * heads.key, [&](int64_t i) {
      forward_tile<decltype(type)>(in, to, places[i / heads.key], i % heads.key, kernel_shape);
    });
  });
  return to;
}

struct BackwardInputs {
  Inputs in;
  Attended attended;
  at::Tensor grad_out;
};

/// Sums the query heads' shares (N, H, D) of a key head's gradient, in the order of the heads.
at::Tensor sum_groups(const at::Tensor& shares, const at::Tensor& like) {
  const int64_t group = shares.size(1) / like.size(1);
  if (group == 1) return shares.to(like.scalar_type());
  return shares.view({shares.size(0), like.size(1), group, shares.size(2)}).sum(2).to(like.scalar_type());
}

std::vector<at::Tensor> attend_backward(const BackwardInputs& b, std::span<const int64_t> starts,
                                        const AttentionShape& shape) {
  const Heads heads = b.in.heads();
  const KernelShape kernel_shape(shape);
  const at::Tensor dq = at::empty(b.in.q.sizes(), b.in.q.options());
  const at::Tensor dk = at::empty(b.in.q.sizes(), b.in.q.options().dtype(at::kFloat));
  const at::Tensor dv = at::empty(b.attended.out.sizes(), dk.options());
  std::vector<std::pair<int64_t, int64_t>> segments;  // (length, begin), long ones first
  for (size_t s = 0; s + 1 < starts.size(); ++s) segments.push_back({starts[s + 1] - starts[s], starts[s]});
  std::sort(segments.rbegin(), segments.rend());
  by_type(b.in.q, [&](auto type) {
    using T = decltype(type);
    parallel_items(static_cast<int64_t>(segments.size()) * heads.query, [&](int64_t i) {
      const auto [length, begin] = segments[i / heads.query];
      const int64_t head = i % heads.query, row = begin * heads.query + head;
      const int64_t key_row = begin * heads.key + head / heads.group();
      const int64_t at = row * heads.dim, value_at = row * heads.value_dim;
      if (length == 0) return;
      kernel_table().of<T>().attention.backward({.query = pointer<T>(b.in.q) + at,
                                                 .key = pointer<T>(b.in.k) + key_row * heads.dim,
                                                 .value = pointer<T>(b.in.v) + key_row * heads.value_dim,
                                                 .out = pointer<T>(b.attended.out) + value_at,
                                                 .grad_out = pointer<T>(b.grad_out) + value_at,
                                                 .log_sum = pointer<float>(b.attended.log_sum) + row,
                                                 .grad_query = mutable_pointer<T>(dq) + at,
                                                 .grad_key = mutable_pointer<float>(dk) + at,
                                                 .grad_value = mutable_pointer<float>(dv) + value_at,
                                                 .query_stride = heads.query * heads.dim,
                                                 .key_stride = heads.key * heads.dim,
                                                 .log_sum_stride = heads.query,
                                                 .grad_key_stride = heads.query * heads.dim,
                                                 .out_stride = heads.query * heads.value_dim,
                                                 .value_stride = heads.key * heads.value_dim,
                                                 .grad_value_stride = heads.query * heads.value_dim,
                                                 .length = length,
                                                 .dim = heads.dim,
                                                 .value_dim = heads.value_dim,
                                                 .slope = kernel_shape.slope(head),
                                                 .scaling = kernel_shape.scaling()});
    });
  });
  return {dq, sum_groups(dk, b.in.k), sum_groups(dv, b.in.v)};
}

/// A sink's weight is exp(sink - log_sum); it has no value, so its score's gradient is -weight · (out · grad_out).
at::Tensor sink_gradient(const BackwardInputs& b, const at::Tensor& sinks) {
  const at::Tensor delta = (b.attended.out.to(at::kFloat) * b.grad_out.to(at::kFloat)).sum(-1);  // (N, H)
  const at::Tensor weight = at::exp(sinks.to(at::kFloat) - b.attended.log_sum);
  return (weight * delta).sum(0).neg().to(sinks.scalar_type());
}

}  // namespace

at::Tensor segment_attention_naive(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                   std::span<const int64_t> segment_starts, const AttentionShape& shape) {
  std::vector<at::Tensor> parts;
  for (size_t s = 0; s + 1 < segment_starts.size(); ++s) {
    const int64_t begin = segment_starts[s], length = segment_starts[s + 1] - begin;
    if (length > 0) {
      parts.push_back(
          attend_naive(q.narrow(0, begin, length), k.narrow(0, begin, length), v.narrow(0, begin, length), shape));
    }
  }
  return parts.empty() ? Inputs{q, k, v}.empty_out() : at::cat(parts, 0);
}

at::Tensor segment_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                             std::span<const int64_t> segment_starts, const AttentionShape& shape) {
  const bool odd_pairs = q.scalar_type() == at::kBFloat16 && (q.size(2) % 2 != 0 || v.size(2) % 2 != 0);
  if (!shape.has_kernel() || !kernels_take({q, k, v}) || odd_pairs)
    return segment_attention_naive(q, k, v, segment_starts, shape);
  const Inputs in{q.contiguous(), k.contiguous(), v.contiguous()};
  if (needs_grad({q, k, v, shape.sinks})) {
    const std::vector<int64_t> starts(segment_starts.begin(), segment_starts.end());
    const auto compute = [&] {
      const Attended attended = attend(in, starts, shape, true);
      return Computed{attended.out, {in.q, in.k, in.v, attended.out, attended.log_sum, shape.sinks}};
    };
    AttentionShape rest = shape;
    rest.sinks = at::Tensor();
    return differentiable({in.q, in.k, in.v, shape.sinks}, compute,
                          [starts, rest](const auto& saved, const at::Tensor& dy) {
                            const BackwardInputs inputs{{saved[0], saved[1], saved[2]}, {saved[3], saved[4]}, dy};
                            std::vector<at::Tensor> result = attend_backward(inputs, starts, rest);
                            result.push_back(saved[5].defined() ? sink_gradient(inputs, saved[5]) : at::Tensor());
                            return result;
                          });
  }
  return attend(in, segment_starts, shape, false).out;
}

}  // namespace llmbox
