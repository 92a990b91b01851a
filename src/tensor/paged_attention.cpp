#include "tensor/paged_attention.h"

#include "tensor/attention_shape_access.h"
#include "tensor/kernel_access.h"
#include "tensor/naive_attention.h"

namespace llmbox {

namespace {

struct PagedTile {
  const PagedSequence* sequence;
  int64_t first;   // of its queries · group pairs
  int64_t prefix;  // all queries see the keys below this position
};

std::vector<PagedTile> paged_tiles(std::span<const PagedSequence> sequences, const AttentionShape& shape,
                                   int64_t group) {
  std::vector<PagedTile> tiles;
  for (size_t s = 0; s < sequences.size(); ++s) {
    const int64_t pairs = (sequences[s].q_end - sequences[s].q_begin) * group;
    const int64_t prefix = shape.prefixes.empty() ? 0 : shape.prefixes[s];
    for (int64_t first = 0; first < pairs; first += kTile) tiles.push_back({&sequences[s], first, prefix});
  }
  return tiles;
}

struct PagedInputs {
  at::Tensor q, key_pages, value_pages, out;
  KernelShape shape;
};

template <class T>
void run_tile(const PagedInputs& in, const PagedTile& place, int64_t key_head) {
  const int64_t heads = in.q.size(1), key_heads = in.key_pages.size(2), group = heads / key_heads;
  const int64_t dim = in.q.size(2), value_dim = in.value_pages.size(3);
  const PagedSequence& sequence = *place.sequence;
  const int64_t n_query = sequence.q_end - sequence.q_begin;
  ForwardTile<T> tile;
  tile.count = std::min(kTile, n_query * group - place.first);
  tile.log_sum[0] = nullptr;
  in.shape.begin_tile(tile);
  for (int64_t i = 0; i < tile.count; ++i) {
    const int64_t query = (place.first + i) / group, head = key_head * group + (place.first + i) % group;
    const int64_t row = (sequence.q_begin + query) * heads + head;
    tile.query[i] = pointer<T>(in.q) + row * dim;
    tile.out[i] = mutable_pointer<T>(in.out) + row * value_dim;
    in.shape.set_head(tile, i, head);
    tile.position[i] = std::max(sequence.kv_length - n_query + query, place.prefix - 1);
  }
  tile.rows = {.keys = pointer<T>(in.key_pages) + key_head * dim,
               .values = pointer<T>(in.value_pages) + key_head * value_dim,
               .key_stride = key_heads * dim,
               .value_stride = key_heads * value_dim,
               .pages = sequence.pages.data(),
               .page_size = in.key_pages.size(1)};
  tile.dim = dim;
  tile.value_dim = value_dim;
  kernel_table().of<T>().attention.forward(tile);
}

}  // namespace

at::Tensor paged_attention_naive(const at::Tensor& q, const at::Tensor& key_pages, const at::Tensor& value_pages,
                                 std::span<const PagedSequence> sequences, const AttentionShape& shape) {
  const at::NoGradGuard no_grad;
  at::Tensor result = at::empty({q.size(0), q.size(1), value_pages.size(3)}, q.options());
  for (size_t s = 0; s < sequences.size(); ++s) {
    const PagedSequence& sequence = sequences[s];
    const int64_t n_query = sequence.q_end - sequence.q_begin;
    if (n_query == 0) continue;
    const std::vector<int64_t> numbers(sequence.pages.begin(), sequence.pages.end());
    const at::Tensor pages = at::tensor(numbers, at::kLong).to(q.device());
    const at::Tensor keys = key_pages.index_select(0, pages).flatten(0, 1).narrow(0, 0, sequence.kv_length);
    const at::Tensor values = value_pages.index_select(0, pages).flatten(0, 1).narrow(0, 0, sequence.kv_length);
    result.narrow(0, sequence.q_begin, n_query)
        .copy_(attend_naive(q.narrow(0, sequence.q_begin, n_query), keys, values, shape.of_segment(s)));
  }
  return result;
}

at::Tensor paged_attention(const at::Tensor& q, const at::Tensor& key_pages, const at::Tensor& value_pages,
                           std::span<const PagedSequence> sequences, const AttentionShape& shape) {
  const bool odd_pairs = q.scalar_type() == at::kBFloat16 && (q.size(2) % 2 != 0 || value_pages.size(3) % 2 != 0);
  const bool in_place = key_pages.is_contiguous() && value_pages.is_contiguous();
  if (!shape.has_kernel() || !kernels_take({q, key_pages, value_pages}) || odd_pairs || !in_place) {
    return paged_attention_naive(q, key_pages, value_pages, sequences, shape);
  }
  const at::Tensor queries = q.contiguous();
  const at::Tensor out = at::empty({q.size(0), q.size(1), value_pages.size(3)}, q.options());
  const PagedInputs in{queries, key_pages, value_pages, out, KernelShape(shape)};
  const int64_t key_heads = key_pages.size(2);
  const std::vector<PagedTile> tiles = paged_tiles(sequences, shape, q.size(1) / key_heads);
  by_type(q, [&](auto type) {
    parallel_items(static_cast<int64_t>(tiles.size()) * key_heads,
                   [&](int64_t i) { run_tile<decltype(type)>(in, tiles[i / key_heads], i % key_heads); });
  });
  return in.out;
}

}  // namespace llmbox
