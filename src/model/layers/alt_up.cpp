#include "model/layers/alt_up.h"

#include <ATen/ATen.h>

#include "tensor/activation.h"

namespace llmbox {

namespace {

/// x (N, E) brought to the length of `like`.
at::Tensor as_long_as(const at::Tensor& x, const at::Tensor& like) {
  const at::Tensor length = x.square().mean(-1, true).clamp_min(1e-5).sqrt();
  return x * like.square().mean(-1, true).sqrt() / length;
}

}  // namespace

AltUp::AltUp(const AltUpSpec& spec, const ParameterSource& source)
    : spec_(spec),
      router_norm_(spec.router_norm, source),
      router_(make_linear(spec.router, source)),
      predict_(make_linear(spec.predict, source)),
      correct_(make_linear(spec.correct, source)) {
  if (spec.scale_active) scale_ = source(spec.name + ".correct_output_scale");
}

at::Tensor AltUp::modalities(const at::Tensor& x) const {
  const at::Tensor input = router_norm_.forward(x) * (1.0 / static_cast<double>(spec_.router.in));
  return llmbox::tanh(router_->matmul(input).to(at::kFloat)).to(x.scalar_type());
}

at::Tensor AltUp::predict(const at::Tensor& x) const {
  const at::Tensor blocks = x.contiguous();
  const at::Tensor weights =
      predict_->matmul(modalities(active(blocks).contiguous())).view({x.size(0), spec_.n_stream, spec_.n_stream, 1});
  at::Tensor y = blocks;
  for (int64_t i = 0; i < spec_.n_stream; ++i) y = y + weights.select(2, i) * blocks.select(1, i).unsqueeze(1);
  return y;
}

at::Tensor AltUp::correct(const at::Tensor& predicted, const at::Tensor& computed) const {
  const at::Tensor weights = correct_->matmul(modalities(computed)) + 1.0;  // (N, S)
  return predicted + (computed - active(predicted)).unsqueeze(1) * weights.unsqueeze(-1);
}

at::Tensor AltUp::scaled_active(const at::Tensor& x) const {
  const at::Tensor first = active(x).contiguous();
  return scale_.defined() ? first * scale_ : first;
}

void AltUp::visit_parameters(const ParameterVisitor& visit) const {
  if (scale_.defined()) visit(spec_.name + ".correct_output_scale", scale_);
  router_norm_.visit_parameters(visit);
  visit_linear(spec_.router, *router_, visit);
  visit_linear(spec_.predict, *predict_, visit);
  visit_linear(spec_.correct, *correct_, visit);
}

void AltUp::visit_linears(const LinearVisitor& visit) {
  visit(spec_.router, router_);
  visit(spec_.predict, predict_);
  visit(spec_.correct, correct_);
}

Streams::Streams(const StreamsSpec& spec, const ParameterSource& source) : spec_(spec) {
  for (const LinearSpec& linear : spec.spread) spread_.push_back(make_linear(linear, source));
  for (const LinearSpec& linear : spec.merge) merge_.push_back(make_linear(linear, source));
}

at::Tensor Streams::spread(const at::Tensor& x) const {
  std::vector<at::Tensor> blocks{x};
  for (const auto& linear : spread_) blocks.push_back(as_long_as(linear->matmul(x), x));
  return at::stack(blocks, 1);
}

at::Tensor Streams::merge(const at::Tensor& x) const {
  const at::Tensor first = x.select(1, 0);
  at::Tensor sum = first;
  for (size_t i = 0; i < merge_.size(); ++i) {
    const at::Tensor block = x.select(1, static_cast<int64_t>(i) + 1).contiguous();
    sum = sum + as_long_as(merge_[i]->matmul(block), first);
  }
  return sum / static_cast<double>(merge_.size() + 1);
}

void Streams::visit_spread(const ParameterVisitor& visit) const {
  for (size_t i = 0; i < spread_.size(); ++i) visit_linear(spec_.spread[i], *spread_[i], visit);
}

void Streams::visit_merge(const ParameterVisitor& visit) const {
  for (size_t i = 0; i < merge_.size(); ++i) visit_linear(spec_.merge[i], *merge_[i], visit);
}

void Streams::visit_linears(const LinearVisitor& visit) {
  for (size_t i = 0; i < spread_.size(); ++i) visit(spec_.spread[i], spread_[i]);
  for (size_t i = 0; i < merge_.size(); ++i) visit(spec_.merge[i], merge_[i]);
}

}  // namespace llmbox
