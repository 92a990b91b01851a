#include "model/layers/channel_mix.h"

#include <ATen/ATen.h>

#include "model/layers/recurrence.h"
#include "tensor/activation.h"
#include "tensor/causal_conv.h"

namespace llmbox {

ChannelMix::ChannelMix(const ChannelMixSpec& spec, const MixerPlace& place, const ParameterSource& source)
    : spec_(spec),
      state_(place.n_layer + place.layer),
      key_(make_linear(spec.key, source)),
      value_(make_linear(spec.value, source)),
      receptance_(spec.receptance ? make_linear(*spec.receptance, source) : nullptr) {
  for (const ParameterSpec& tensor : own_tensors(spec)) own_.push_back(source(tensor.name));
}

at::Tensor ChannelMix::mixed(const at::Tensor& x, const at::Tensor& before, const at::Tensor& mix) const {
  const at::Tensor share = mix.flatten();
  return spec_.version <= 5 ? x * share + before * (1 - share) : x + (before - x) * share;
}

at::Tensor ChannelMix::forward(const at::Tensor& x, Pass& pass) const {
  const auto starts = pass.context.segment_starts();
  BatchStates states = take_states(pass.context, state_, at::zeros({1, x.size(1)}, x.options()),
                                   at::zeros({0}, x.options().dtype(at::kFloat)));
  const at::Tensor before = rows_before(x, 1, starts, states.inputs);
  if (states.inputs.defined()) {
    states.inputs = causal_conv_states(x, 2, starts, states.inputs);
    give_states(pass.context, state_, states);
  }
  const at::Tensor y = value_->matmul(at::relu(key_->matmul(mixed(x, before, own_[0]))).square());
  return receptance_ ? llmbox::sigmoid(receptance_->matmul(mixed(x, before, own_[1]))) * y : y;
}

void ChannelMix::visit_parameters(const ParameterVisitor& visit) const {
  const std::vector<ParameterSpec> tensors = own_tensors(spec_);
  for (size_t i = 0; i < own_.size(); ++i) visit(tensors[i].name, own_[i]);
  visit_linear(spec_.key, *key_, visit);
  if (receptance_) visit_linear(*spec_.receptance, *receptance_, visit);
  visit_linear(spec_.value, *value_, visit);
}

void ChannelMix::visit_linears(const LinearVisitor& visit) {
  visit(spec_.key, key_);
  if (receptance_) visit(*spec_.receptance, receptance_);
  visit(spec_.value, value_);
}

}  // namespace llmbox
