#include "model/layers/block.h"

#include <ATen/ATen.h>

namespace llmbox {

namespace {

std::optional<Norm> make_norm(const std::optional<NormSpec>& spec, const ParameterSource& source) {
  if (!spec) return std::nullopt;
  return Norm(*spec, source);
}

at::Tensor normed(const std::optional<Norm>& norm, const at::Tensor& x) { return norm ? norm->forward(x) : x; }

}  // namespace

Block::Block(const LayerSpec& spec, const MixerPlace& place, const ParameterSource& source)
    : residual_(spec.residual),
      residual_scale_(spec.residual_scale),
      residual_of_normed_(spec.residual_of_normed),
      before_attention_(make_norm(spec.before_attention, source)),
      after_attention_(make_norm(spec.after_attention, source)),
      before_cross_(make_norm(spec.before_cross, source)),
      before_ffn_(make_norm(spec.before_ffn, source)),
      after_ffn_(make_norm(spec.after_ffn, source)),
      mixer_(make_mixer(spec, place, source)),
      cross_(spec.cross ? make_cross_attention(*spec.cross, source) : nullptr),
      ffn_(make_feed_forward(spec, source)) {}

at::Tensor Block::forward(const at::Tensor& x, std::span<const RopeAngles> ropes, AttentionContext& context) const {
  const at::Tensor attention_input = normed(before_attention_, x);
  const at::Tensor attended = mixer_->forward(attention_input, ropes, context);
  if (residual_ == Residual::parallel) {
    const at::Tensor ffn_input = before_ffn_ ? before_ffn_->forward(x) : attention_input;
    return at::add(x, normed(after_attention_, attended) + normed(after_ffn_, ffn_->forward(ffn_input)),
                   residual_scale_);
  }
  if (residual_ == Residual::post_norm) {
    const at::Tensor middle = normed(after_attention_, x + attended);
    return normed(after_ffn_, middle + ffn_->forward(middle));
  }
  const at::Tensor& stream = residual_of_normed_ ? attention_input : x;
  at::Tensor middle = at::add(stream, normed(after_attention_, attended), residual_scale_);
  if (cross_) middle = middle + cross_->forward(normed(before_cross_, middle), ropes, context);
  if (!ffn_) return middle;
  const at::Tensor ffn_input = normed(before_ffn_, middle);
  const at::Tensor& from = residual_of_normed_ ? ffn_input : middle;
  return at::add(from, normed(after_ffn_, ffn_->forward(ffn_input)), residual_scale_);
}

void Block::visit_parameters(const ParameterVisitor& visit) const {
  if (before_attention_) before_attention_->visit_parameters(visit);
  mixer_->visit_parameters(visit);
  if (after_attention_) after_attention_->visit_parameters(visit);
  if (before_cross_) before_cross_->visit_parameters(visit);
  if (cross_) cross_->visit_parameters(visit);
  if (before_ffn_) before_ffn_->visit_parameters(visit);
  if (ffn_) ffn_->visit_parameters(visit);
  if (after_ffn_) after_ffn_->visit_parameters(visit);
}

void Block::visit_linears(const LinearVisitor& visit) {
  mixer_->visit_linears(visit);
  if (cross_) cross_->visit_linears(visit);
  if (ffn_) ffn_->visit_linears(visit);
}

}  // namespace llmbox
