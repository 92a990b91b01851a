#include "model/virtual_tokens.h"

#include <ATen/ATen.h>

namespace llmbox {

VirtualPlaces VirtualPlaces::find(const at::Tensor& tokens, int64_t vocab_size) {
  const at::Tensor rows = at::nonzero(tokens >= vocab_size).flatten();
  return {rows, tokens.index_select(0, rows) - vocab_size};
}

at::Tensor VirtualContext::attend(const AttentionParams& params, const at::Tensor& q, const at::Tensor& k,
                                  const at::Tensor& v) {
  const auto learned = [&](const at::Tensor& x, int64_t part) {
    const int64_t width = x.size(1) * x.size(2);
    const at::Tensor own = tokens_.rows.narrow(1, (2 * params.layer + part) * width, width);
    const at::Tensor rows = own.index_select(0, places_.ids).view({-1, x.size(1), x.size(2)});
    return x.index_copy(0, places_.rows, rows.to(x.scalar_type()));
  };
  return base_.attend(params, q, learned(k, 0), learned(v, 1));
}

}  // namespace llmbox
