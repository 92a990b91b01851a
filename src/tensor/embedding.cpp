#include "tensor/embedding.h"

#include "tensor/differentiable.h"
#include "tensor/kernel_access.h"

namespace llmbox {

namespace {

/// One run of equal ids in the sorted list of (id, token) pairs: its tokens' rows are summed in float, in token order.
template <class T>
void sum_rows(const T* dy, std::span<const std::pair<int64_t, int64_t>> run, int64_t width, T* to) {
  const auto& kernels = kernel_table().of<T>().rows;
  std::vector<float> sum(width, 0.0f);
  for (const auto& [id, token] : run) kernels.accumulate(dy + token * width, sum.data(), width);
  kernels.scale_into(sum.data(), 1.0f, to + run.front().first * width, width);
}

at::Tensor table_gradient(const at::Tensor& dy, const at::Tensor& ids, int64_t n_row) {
  const int64_t width = dy.size(1);
  at::Tensor grad = at::zeros({n_row, width}, dy.options());
  std::vector<std::pair<int64_t, int64_t>> order(ids.numel());  // (id, token)
  for (int64_t i = 0; i < ids.numel(); ++i) order[i] = {ids.const_data_ptr<int64_t>()[i], i};
  std::sort(order.begin(), order.end());
  std::vector<size_t> runs;  // where each begins
  for (size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || order[i].first != order[i - 1].first) runs.push_back(i);
  }
  runs.push_back(order.size());
  by_type(dy, [&](auto type) {
    using T = decltype(type);
    at::parallel_for(0, runs.size() - 1, row_grain(width), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        sum_rows(pointer<T>(dy), std::span(order).subspan(runs[r], runs[r + 1] - runs[r]), width,
                 mutable_pointer<T>(grad));
      }
    });
  });
  return grad;
}

}  // namespace

at::Tensor embedding(const at::Tensor& weight, const at::Tensor& ids) {
  if (!kernels_take({weight}) || !needs_grad({weight})) return at::embedding(weight, ids);
  const at::Tensor rows = ids.contiguous();
  return differentiable(
      {weight},
      [&] {
        return Computed{weight.index_select(0, rows), {rows}};
      },
      [n = weight.size(0)](const auto& saved, const at::Tensor& dy) {
        return std::vector{table_gradient(dy, saved[0], n)};
      });
}

}  // namespace llmbox
