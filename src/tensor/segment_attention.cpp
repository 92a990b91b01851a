#include "tensor/segment_attention.h"

#include "tensor/kernel_access.h"
#include "tensor/naive_attention.h"

namespace llmbox {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

AttentionScaling scaling_of(const AttentionShape& shape) {
  return {static_cast<float>(shape.scale), static_cast<float>(shape.softcap), shape.window};
}

struct Heads {
  int64_t query, key, dim;
  int64_t group() const { return query / key; }
};

Heads heads_of(const at::Tensor& q, const at::Tensor& k) { return {q.size(1), k.size(1), q.size(2)}; }

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
};

template <class T>
void forward_tile(const Inputs& in, const at::Tensor& out, const at::Tensor& log_sum, const TilePlace& place,
                  int64_t key_head, const AttentionScaling& scaling) {
  const Heads heads = heads_of(in.q, in.k);
  const int64_t group = heads.group(), key_row = heads.key * heads.dim;
  ForwardTile<T> tile;
  tile.count = std::min(kTile, place.length * group - place.first);
  for (int64_t i = 0; i < tile.count; ++i) {
    const int64_t position = (place.first + i) / group, head = key_head * group + (place.first + i) % group;
    const int64_t row = (place.begin + position) * heads.query + head;
    tile.query[i] = pointer<T>(in.q) + row * heads.dim;
    tile.out[i] = mutable_pointer<T>(out) + row * heads.dim;
    tile.log_sum[i] = log_sum.defined() ? mutable_pointer<float>(log_sum) + row : nullptr;
    tile.position[i] = position;
  }
  const int64_t offset = place.begin * key_row + key_head * heads.dim;
  tile.rows = {pointer<T>(in.k) + offset, pointer<T>(in.v) + offset, key_row};
  tile.dim = heads.dim;
  tile.scaling = scaling;
  kernel_table().of<T>().attention.forward(tile);
}

/// → (out, log_sum (N, H) where wanted)
std::pair<at::Tensor, at::Tensor> attend(const Inputs& in, std::span<const int64_t> starts, const AttentionShape& shape,
                                         bool keep_log_sum) {
  const Heads heads = heads_of(in.q, in.k);
  const at::Tensor out = at::empty(in.q.sizes(), in.q.options());
  at::Tensor log_sum;
  if (keep_log_sum) log_sum = at::empty({in.q.size(0), heads.query}, in.q.options().dtype(at::kFloat));
  const std::vector<TilePlace> places = tile_places(starts, heads.group());
  by_type(in.q, [&](auto type) {
    parallel_items(static_cast<int64_t>(places.size()) * heads.key, [&](int64_t i) {
      forward_tile<decltype(type)>(in, out, log_sum, places[i / heads.key], i % heads.key, scaling_of(shape));
    });
  });
  return {out, log_sum};
}

struct BackwardInputs {
  Inputs in;
  at::Tensor out, log_sum, grad_out;
};

/// Sums the query heads' shares (N, H, D) of a key head's gradient, in the order of the heads.
at::Tensor sum_groups(const at::Tensor& shares, const at::Tensor& like) {
  const int64_t group = shares.size(1) / like.size(1);
  if (group == 1) return shares.to(like.scalar_type());
  return shares.view({shares.size(0), like.size(1), group, shares.size(2)}).sum(2).to(like.scalar_type());
}

variable_list attend_backward(const BackwardInputs& b, std::span<const int64_t> starts, const AttentionShape& shape) {
  const Heads heads = heads_of(b.in.q, b.in.k);
  const at::Tensor dq = at::empty(b.in.q.sizes(), b.in.q.options());
  const at::Tensor dk = at::empty(b.in.q.sizes(), b.in.q.options().dtype(at::kFloat)), dv = at::empty_like(dk);
  std::vector<std::pair<int64_t, int64_t>> segments;  // (length, begin), long ones first
  for (size_t s = 0; s + 1 < starts.size(); ++s) segments.push_back({starts[s + 1] - starts[s], starts[s]});
  std::sort(segments.rbegin(), segments.rend());
  by_type(b.in.q, [&](auto type) {
    using T = decltype(type);
    parallel_items(static_cast<int64_t>(segments.size()) * heads.query, [&](int64_t i) {
      const auto [length, begin] = segments[i / heads.query];
      const int64_t head = i % heads.query, row = (begin * heads.query + head) * heads.dim;
      const int64_t key_row = (begin * heads.key + head / heads.group()) * heads.dim;
      if (length == 0) return;
      kernel_table().of<T>().attention.backward({.query = pointer<T>(b.in.q) + row,
                                                 .key = pointer<T>(b.in.k) + key_row,
                                                 .value = pointer<T>(b.in.v) + key_row,
                                                 .out = pointer<T>(b.out) + row,
                                                 .grad_out = pointer<T>(b.grad_out) + row,
                                                 .log_sum = pointer<float>(b.log_sum) + begin * heads.query + head,
                                                 .grad_query = mutable_pointer<T>(dq) + row,
                                                 .grad_key = mutable_pointer<float>(dk) + row,
                                                 .grad_value = mutable_pointer<float>(dv) + row,
                                                 .query_stride = heads.query * heads.dim,
                                                 .key_stride = heads.key * heads.dim,
                                                 .log_sum_stride = heads.query,
                                                 .grad_key_stride = heads.query * heads.dim,
                                                 .length = length,
                                                 .dim = heads.dim,
                                                 .scaling = scaling_of(shape)});
    });
  });
  return {dq, sum_groups(dk, b.in.k), sum_groups(dv, b.in.v)};
}

class SegmentAttention : public torch::autograd::Function<SegmentAttention> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            const std::vector<int64_t>& starts, const AttentionShape& shape) {
    const auto [out, log_sum] = attend({q, k, v}, starts, shape, true);
    ctx->save_for_backward({q, k, v, out, log_sum});
    ctx->saved_data["starts"] = starts;
    ctx->saved_data["scale"] = shape.scale;
    ctx->saved_data["window"] = shape.window;
    ctx->saved_data["softcap"] = shape.softcap;
    return out;
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const AttentionShape shape{ctx->saved_data["scale"].toDouble(), ctx->saved_data["window"].toInt(),
                               ctx->saved_data["softcap"].toDouble()};
    variable_list result = attend_backward({{saved[0], saved[1], saved[2]}, saved[3], saved[4], grads[0].contiguous()},
                                           ctx->saved_data["starts"].toIntVector(), shape);
    result.resize(5);
    return result;
  }
};

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
  return parts.empty() ? at::empty_like(q) : at::cat(parts, 0);
}

at::Tensor segment_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                             std::span<const int64_t> segment_starts, const AttentionShape& shape) {
  const bool odd_pairs = q.scalar_type() == at::kBFloat16 && q.size(2) % 2 != 0;
  if (!kernels_take({q, k, v}) || odd_pairs) return segment_attention_naive(q, k, v, segment_starts, shape);
  const Inputs in{q.contiguous(), k.contiguous(), v.contiguous()};
  if (needs_grad({q, k, v})) {
    const std::vector<int64_t> starts(segment_starts.begin(), segment_starts.end());
    return SegmentAttention::apply(in.q, in.k, in.v, starts, shape);
  }
  return attend(in, segment_starts, shape, false).first;
}

}  // namespace llmbox
