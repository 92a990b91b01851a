#include "model/layers/cross_attention.h"

#include <ATen/ATen.h>

namespace llmbox {

CrossAttention::CrossAttention(const AttentionSpec& spec, const ParameterSource& source)
    : spec_(spec), out_(make_linear(spec.out, source)) {
  for (const LinearSpec& linear : spec.qkv) qkv_.push_back(make_linear(linear, source));
}

at::Tensor CrossAttention::heads(size_t part, const at::Tensor& x) const {
  return qkv_[part]->matmul(x).unflatten(1, {-1, spec_.head_dim});
}

at::Tensor CrossAttention::forward(const at::Tensor& x, Pass& pass) const {
  const at::Tensor memory = pass.context.memory();
  const AttentionShape shape{.scale = spec_.scale, .causal = false};
  return out_->matmul(pass.context.attend_memory(shape, heads(0, x), heads(1, memory), heads(2, memory)).flatten(1));
}

void CrossAttention::visit_parameters(const ParameterVisitor& visit) const {
  for (size_t i = 0; i < qkv_.size(); ++i) visit_linear(spec_.qkv[i], *qkv_[i], visit);
  visit_linear(spec_.out, *out_, visit);
}

void CrossAttention::visit_linears(const LinearVisitor& visit) {
  for (size_t i = 0; i < qkv_.size(); ++i) visit(spec_.qkv[i], qkv_[i]);
  visit(spec_.out, out_);
}

}  // namespace llmbox
