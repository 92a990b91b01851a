#include "tensor/paged_attention.h"

#include "tensor/naive_attention.h"

namespace llmbox {

at::Tensor paged_attention_naive(const at::Tensor& q, const at::Tensor& key_pages, const at::Tensor& value_pages,
                                 std::span<const PagedSequence> sequences, const AttentionShape& shape) {
  const at::NoGradGuard no_grad;
  at::Tensor result = at::empty_like(q, at::MemoryFormat::Contiguous);
  for (const PagedSequence& sequence : sequences) {
    const int64_t n_query = sequence.q_end - sequence.q_begin;
    if (n_query == 0) continue;
    const std::vector<int64_t> numbers(sequence.pages.begin(), sequence.pages.end());
    const at::Tensor pages = at::tensor(numbers, at::kLong).to(q.device());
    const at::Tensor keys = key_pages.index_select(0, pages).flatten(0, 1).narrow(0, 0, sequence.kv_length);
    const at::Tensor values = value_pages.index_select(0, pages).flatten(0, 1).narrow(0, 0, sequence.kv_length);
    result.narrow(0, sequence.q_begin, n_query)
        .copy_(attend_naive(q.narrow(0, sequence.q_begin, n_query), keys, values, shape));
  }
  return result;
}

at::Tensor paged_attention(const at::Tensor& q, const at::Tensor& key_pages, const at::Tensor& value_pages,
                           std::span<const PagedSequence> sequences, const AttentionShape& shape) {
  return paged_attention_naive(q, key_pages, value_pages, sequences, shape);
}

}  // namespace llmbox
