#include "model/layers/block.h"

#include <ATen/ATen.h>

#include <cmath>

namespace llmbox {

namespace {

std::optional<Norm> make_norm(const std::optional<NormSpec>& spec, const ParameterSource& source) {
  if (!spec) return std::nullopt;
  return Norm(*spec, source);
}

at::Tensor normed(const std::optional<Norm>& norm, const at::Tensor& x) { return norm ? norm->forward(x) : x; }

at::Tensor joined(const at::Tensor& stream, const at::Tensor& branch, const ResidualScale& scale) {
  return at::add(scale.stream == 1 ? stream : stream * scale.stream, branch, scale.branch);
}

/// Whatever of these a layer has.
template <class... Parts>
void visit_parts(const ParameterVisitor& visit, const Parts&... parts) {
  ((parts ? parts->visit_parameters(visit) : void()), ...);
}
template <class... Parts>
void visit_parts(const LinearVisitor& visit, Parts&... parts) {
  ((parts ? parts->visit_linears(visit) : void()), ...);
}

}  // namespace

Block::Block(const LayerSpec& spec, const MixerPlace& place, const ParameterSource& source)
    : layer_(place.layer),
      residual_(spec.residual),
      attention_residual_(spec.attention_residual),
      ffn_residual_(spec.ffn_residual),
      residual_of_normed_(spec.residual_of_normed),
      before_attention_(make_norm(spec.before_attention, source)),
      after_attention_(make_norm(spec.after_attention, source)),
      before_second_(make_norm(spec.before_second, source)),
      before_ffn_(make_norm(spec.before_ffn, source)),
      after_ffn_(make_norm(spec.after_ffn, source)),
      mixer_(make_mixer(spec, place, source)),
      second_(make_second_mixer(spec, place, source)),
      ffn_(make_feed_forward(spec, source)) {
  if (spec.altup) altup_.emplace(*spec.altup, source);
  if (spec.laurel) laurel_.emplace(*spec.laurel, source);
  if (spec.input) input_.emplace(*spec.input, source);
}

at::Tensor Block::forward(const at::Tensor& x, Pass& pass) const {
  if (altup_) return forward_streams(x, pass);
  const at::Tensor attention_input = normed(before_attention_, x);
  const at::Tensor attended = mixer_->forward(attention_input, pass);
  if (residual_ == Residual::parallel) {
    const at::Tensor ffn_input = before_ffn_ ? before_ffn_->forward(x) : attention_input;
    return joined(x, normed(after_attention_, attended) + normed(after_ffn_, ffn_->forward(ffn_input)),
                  attention_residual_);
  }
  if (residual_ == Residual::post_norm) {
    const at::Tensor middle = normed(after_attention_, x + attended);
    return normed(after_ffn_, middle + ffn_->forward(middle));
  }
  const at::Tensor& stream = residual_of_normed_ ? attention_input : x;
  at::Tensor middle = joined(stream, normed(after_attention_, attended), attention_residual_);
  if (second_) middle = middle + second_->forward(normed(before_second_, middle), pass);
  if (!ffn_) return middle;
  const at::Tensor ffn_input = normed(before_ffn_, middle);
  const at::Tensor& from = residual_of_normed_ ? ffn_input : middle;
  return joined(from, normed(after_ffn_, ffn_->forward(ffn_input)), ffn_residual_);
}

at::Tensor Block::forward_streams(const at::Tensor& x, Pass& pass) const {
  const at::Tensor predicted = altup_->predict(x), own = altup_->active(predicted).contiguous();
  const at::Tensor input = normed(before_attention_, own);
  const at::Tensor attended = own + normed(after_attention_, mixer_->forward(input, pass));
  const at::Tensor middle = laurel_ ? (attended + laurel_->forward(input)) / std::sqrt(2.0) : attended;
  const at::Tensor computed = middle + normed(after_ffn_, ffn_->forward(normed(before_ffn_, middle)));
  const at::Tensor y = altup_->correct(predicted, computed);
  if (!input_) return y;
  const at::Tensor extra = input_->forward(altup_->scaled_active(y), pass.layer_inputs.select(1, layer_).contiguous());
  return at::cat({y.narrow(1, 0, 1), y.narrow(1, 1, y.size(1) - 1) + extra.unsqueeze(1)}, 1);
}

void Block::visit_parameters(const ParameterVisitor& visit) const {
  visit_parts(visit, altup_, before_attention_, laurel_, mixer_, after_attention_, before_second_);
  visit_parts(visit, second_, before_ffn_, ffn_, after_ffn_, input_);
}

void Block::visit_linears(const LinearVisitor& visit) {
  visit_parts(visit, altup_, laurel_, mixer_, second_, ffn_, input_);
}

}  // namespace llmbox
