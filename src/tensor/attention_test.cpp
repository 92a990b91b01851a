#include "tensor/naive_attention.h"
#include "tensor/op_check.h"
#include "tensor/paged_attention.h"
#include "tensor/segment_attention.h"

namespace llmbox {
namespace {

struct Case {
  int64_t heads, key_heads, dim;
  std::vector<int64_t> lengths;
  AttentionShape shape;
  int64_t value_dim = 0;  // 0: dim
};

AttentionShape with_slopes(AttentionShape shape, std::vector<float> slopes) {
  shape.slopes = at::tensor(at::ArrayRef<float>(slopes), at::kFloat);
  return shape;
}

AttentionShape with_sinks(AttentionShape shape, std::vector<float> sinks) {
  shape.sinks = at::tensor(at::ArrayRef<float>(sinks), at::kFloat);
  return shape;
}

AttentionShape chunked(AttentionShape shape) {
  shape.chunked = true;
  return shape;
}

std::vector<Case> cases() {
  return {
      {4, 2, 16, {1, 100, 200}, chunked({0.25, 24})},
      {2, 2, 32, {130}, chunked({0.2, 70, 5.0})},
      {1, 1, 8, {1}, {0.3}},
      {4, 2, 10, {1, 2, 3, 17}, {0.3}},
      {3, 1, 64, {64, 65, 130}, {0.125}},
      {6, 2, 16, {200, 1, 63}, {0.25, 20}},
      {2, 2, 20, {5, 150}, {0.2, 0, 5.0}},
      {8, 2, 128, {100}, {0.088, 70, 8.0}},
      {5, 5, 80, {33, 129}, {0.11, 64}},
      {9, 3, 64, {300}, {0.125}},
      {4, 2, 24, {70, 3, 130}, {0.2}, 16},
      {2, 2, 16, {5, 150}, {0.2, 20}, 40},
      {4, 2, 16, {1, 100, 129}, with_slopes({0.25}, {0.5, 0.25, 0.0625, 0.01})},
      {2, 1, 32, {200}, with_slopes({0.2, 50, 4.0}, {0.7, 0.1})},
      {4, 2, 16, {1, 100, 129}, with_sinks({0.25}, {2.0, -1.0, 0.5, 9.0})},
      {2, 2, 32, {200}, with_slopes(with_sinks({0.2, 30}, {0.3, 1.0}), {0.7, 0.1})},
  };
}

std::vector<int64_t> starts_of(const std::vector<int64_t>& lengths) {
  std::vector<int64_t> starts{0};
  for (const int64_t n : lengths) starts.push_back(starts.back() + n);
  return starts;
}

Tensors inputs_of(const Case& c, at::ScalarType type) {
  const int64_t n = starts_of(c.lengths).back();
  return {random_tensor({n, c.heads, c.dim}, type, 1), random_tensor({n, c.key_heads, c.dim}, type, 2),
          random_tensor({n, c.key_heads, c.value_dim > 0 ? c.value_dim : c.dim}, type, 3)};
}

TEST(SegmentAttentionTest, EqualsNaiveInValueAndGradients) {
  for (const Case& c : cases()) {
    const std::vector<int64_t> starts = starts_of(c.lengths);
    const Op op = [&](const Tensors& t) { return segment_attention(t[0], t[1], t[2], starts, c.shape); };
    const Op naive = [&](const Tensors& t) { return segment_attention_naive(t[0], t[1], t[2], starts, c.shape); };
    for (const auto type : {at::kFloat, at::kBFloat16}) {
      SCOPED_TRACE(std::to_string(c.heads) + " heads of " + std::to_string(c.dim));
      expect_equal_to_naive(op, naive, inputs_of(c, type), type);
    }
  }
}

TEST(SegmentAttentionTest, SinksGetTheirGradient) {
  const std::vector<int64_t> starts{0, 70, 75};
  const Case c{4, 2, 16, {70, 5}, {0.3}};
  Tensors in = inputs_of(c, at::kFloat);
  in.push_back(at::tensor({0.5f, -1.0f, 2.0f, 0.0f}));
  const auto shape = [](const at::Tensor& sinks) { return AttentionShape{.scale = 0.3, .sinks = sinks}; };
  const Op op = [&](const Tensors& t) { return segment_attention(t[0], t[1], t[2], starts, shape(t[3])); };
  const Op naive = [&](const Tensors& t) { return segment_attention_naive(t[0], t[1], t[2], starts, shape(t[3])); };
  expect_equal_to_naive(op, naive, in, at::kFloat);
}

TEST(SegmentAttentionTest, NaiveGradientIsThatOfDifferences) {
  const std::vector<int64_t> starts{0, 3, 12};
  for (const AttentionShape& shape :
       {AttentionShape{0.4}, AttentionShape{0.4, 4, 2.0}, AttentionShape{.scale = 0.4, .window = 4, .chunked = true}}) {
    const Op naive = [&](const Tensors& t) { return segment_attention_naive(t[0], t[1], t[2], starts, shape); };
    expect_gradient_of_differences(naive, inputs_of({4, 2, 6, {3, 9}, shape}, at::kFloat));
  }
}

TEST(SegmentAttentionTest, PackedEqualsUnpackedBitForBit) {
  const Case c{6, 2, 16, {70, 1, 129, 64}, {0.25}};
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    const Tensors in = inputs_of(c, type);
    const std::vector<int64_t> starts = starts_of(c.lengths);
    const Op packed = [&](const Tensors& t) { return segment_attention(t[0], t[1], t[2], starts, c.shape); };
    const Op one_by_one = [&](const Tensors& t) {
      Tensors parts;
      for (size_t s = 0; s + 1 < starts.size(); ++s) {
        const auto cut = [&](const at::Tensor& x) { return x.slice(0, starts[s], starts[s + 1]); };
        const std::vector<int64_t> own{0, starts[s + 1] - starts[s]};
        parts.push_back(segment_attention(cut(t[0]), cut(t[1]), cut(t[2]), own, c.shape));
      }
      return at::cat(parts, 0);
    };
    const Tensors a = value_and_gradients(packed, in, type), b = value_and_gradients(one_by_one, in, type);
    for (size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(at::equal(a[i], b[i])) << i;
  }
}

TEST(SegmentAttentionTest, DoesNotDependOnThreads) {
  const Case c{6, 2, 64, {300, 40}, {0.125}};
  const std::vector<int64_t> starts = starts_of(c.lengths);
  const Op op = [&](const Tensors& t) { return segment_attention(t[0], t[1], t[2], starts, c.shape); };
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const Tensors one = value_and_gradients(op, inputs_of(c, at::kFloat), at::kFloat);
  at::set_num_threads(4);
  const Tensors four = value_and_gradients(op, inputs_of(c, at::kFloat), at::kFloat);
  at::set_num_threads(threads);
  for (size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(at::equal(one[i], four[i])) << i;
}

TEST(SegmentAttentionTest, AttendsToNothingOfOtherSegments) {
  const std::vector<int64_t> starts{0, 10, 30};
  Tensors in = inputs_of({2, 1, 8, {10, 20}, {}}, at::kFloat);
  const at::Tensor before = segment_attention(in[0], in[1], in[2], starts, {0.3});
  in[1].narrow(0, 0, 10).fill_(100);
  in[2].narrow(0, 0, 10).fill_(-100);
  const at::Tensor after = segment_attention(in[0], in[1], in[2], starts, {0.3});
  EXPECT_TRUE(at::equal(before.narrow(0, 10, 20), after.narrow(0, 10, 20)));
}

/// A cache whose pages are handed out backwards, filled with the keys and values of one sequence; the rest is NaN.
struct Cache {
  at::Tensor keys, values;
  std::vector<int32_t> pages;
};

Cache cache_of(const at::Tensor& k, const at::Tensor& v, int64_t page_size) {
  const int64_t n = k.size(0), n_page = (n + page_size - 1) / page_size + 1;
  Cache cache{at::full({n_page, page_size, k.size(1), k.size(2)}, std::nan(""), k.options()), {}, {}};
  cache.values = at::full({n_page, page_size, v.size(1), v.size(2)}, std::nan(""), v.options());
  for (int64_t p = 0; p + 1 < n_page; ++p) cache.pages.push_back(static_cast<int32_t>(n_page - 1 - p));
  for (int64_t i = 0; i < n; ++i) {
    cache.keys[cache.pages[i / page_size]][i % page_size].copy_(k[i]);
    cache.values[cache.pages[i / page_size]][i % page_size].copy_(v[i]);
  }
  return cache;
}

at::Tensor attend_rows(const at::Tensor& q, const Cache& cache, int64_t begin, int64_t end,
                       const AttentionShape& shape) {
  const std::vector<PagedSequence> sequences{{0, end - begin, end, cache.pages}};
  return paged_attention(q.slice(0, begin, end), cache.keys, cache.values, sequences, shape);
}

TEST(PagedAttentionTest, EqualsNaiveAndDoesNotDependOnChunks) {
  for (const Case& c : cases()) {
    for (const auto type : {at::kFloat, at::kBFloat16}) {
      const Tensors in = inputs_of(c, type);
      const int64_t n = in[0].size(0);
      const Cache cache = cache_of(in[1], in[2], 16);
      for (const KernelTable& table : runnable_kernel_tables()) {
        use_kernel_table(table);
        const at::Tensor whole = attend_rows(in[0], cache, 0, n, c.shape);
        const at::Tensor truth =
            attend_naive(in[0].to(at::kDouble), in[1].to(at::kDouble), in[2].to(at::kDouble), c.shape);
        EXPECT_LE(relative_error(whole, truth), type == at::kFloat ? 3e-6 : 1e-2) << table.name << " " << c.dim;
        for (const auto& [begin, end] :
             std::vector<std::pair<int64_t, int64_t>>{{n - 1, n}, {n / 2, n}, {n / 3, n / 2}}) {
          if (begin < end) {
            EXPECT_TRUE(at::equal(attend_rows(in[0], cache, begin, end, c.shape), whole.slice(0, begin, end)));
          }
        }
      }
      use_kernel_table(runnable_kernel_tables().front());
    }
  }
}

TEST(PagedAttentionTest, EqualsSegmentAttentionBitForBit) {
  const Case c{9, 3, 64, {200}, {0.125}};
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    const Tensors in = inputs_of(c, type);
    const at::Tensor flat = segment_attention(in[0], in[1], in[2], starts_of(c.lengths), c.shape);
    EXPECT_TRUE(at::equal(attend_rows(in[0], cache_of(in[1], in[2], 32), 0, 200, c.shape), flat));
  }
}

TEST(PagedAttentionTest, SequencesOfABatchDoNotMeet) {
  const Case c{4, 2, 16, {90}, {0.25}};
  const Tensors in = inputs_of(c, at::kFloat);
  const Cache cache = cache_of(in[1], in[2], 16);
  const at::Tensor q = at::cat({in[0].slice(0, 89, 90), in[0].slice(0, 10, 60), in[0].slice(0, 0, 1)}, 0);
  const std::vector<PagedSequence> batch{{0, 1, 90, cache.pages}, {1, 51, 60, cache.pages}, {51, 52, 1, cache.pages}};
  const at::Tensor together = paged_attention(q, cache.keys, cache.values, batch, c.shape);
  EXPECT_TRUE(at::equal(together.slice(0, 0, 1), attend_rows(in[0], cache, 89, 90, c.shape)));
  EXPECT_TRUE(at::equal(together.slice(0, 1, 51), attend_rows(in[0], cache, 10, 60, c.shape)));
  EXPECT_TRUE(at::equal(together.slice(0, 51, 52), attend_rows(in[0], cache, 0, 1, c.shape)));
}

}  // namespace
}  // namespace llmbox
