#include "model/layers/time_mix.h"

#include <ATen/ATen.h>

#include "tensor/activation.h"
#include "tensor/causal_conv.h"
#include "tensor/linear.h"
#include "tensor/memory_scan.h"
#include "tensor/wkv_scan.h"

namespace llmbox {

namespace {

/// 4 and 5: share of the token against the one before.
at::Tensor mixed(const at::Tensor& x, const at::Tensor& before, const at::Tensor& share) {
  const at::Tensor s = share.flatten();
  return x * s + before * (1 - s);
}

/// 6 and 7: share of the difference to the one before.
at::Tensor shifted(const at::Tensor& x, const at::Tensor& delta, const at::Tensor& share) {
  return x + delta * (share.dim() == 2 ? share : share.flatten());
}

std::string last_part(const std::string& name) { return name.substr(name.rfind('.') + 1); }

/// Over the last dimension, to length 1.
at::Tensor clamped_unit_length(const at::Tensor& x) { return x / x.square().sum(-1, true).sqrt().clamp_min(1e-12); }

}  // namespace

TimeMix::TimeMix(const TimeMixSpec& spec, const MixerPlace& place, const ParameterSource& source)
    : spec_(spec),
      layer_(place.layer),
      receptance_(make_linear(spec.receptance, source)),
      key_(make_linear(spec.key, source)),
      value_(make_linear(spec.value, source)),
      gate_(spec.gate ? make_linear(*spec.gate, source) : nullptr),
      out_(make_linear(spec.out, source)) {
  for (const ParameterSpec& tensor : own_tensors(spec)) own_[last_part(tensor.name)] = source(tensor.name);
  for (const auto& [down, up] : spec.low_ranks)
    low_ranks_.emplace_back(make_linear(down, source), make_linear(up, source));
  if (spec.norm) norm_.emplace(*spec.norm, source);
}

at::Tensor TimeMix::heads(const at::Tensor& x) const {
  return x.to(at::kFloat).unflatten(1, {spec_.n_head, spec_.head_dim});
}

at::Tensor TimeMix::low_rank(size_t i, const at::Tensor& x, at::Tensor (*between)(const at::Tensor&)) const {
  const at::Tensor narrow = low_ranks_[i].first->matmul(x);
  return low_ranks_[i].second->matmul(between ? between(narrow) : narrow);
}

at::Tensor TimeMix::run_4(const Shifted& in) const {
  const auto mix = [&](const char* name) { return mixed(in.x, in.before, own(name)); };
  const at::Tensor receptance = llmbox::sigmoid(receptance_->matmul(mix("time_mix_receptance")));
  const WkvScan scan{.decay = at::exp(own("time_decay").to(at::kFloat)).neg(),
                     .bonus = own("time_first").to(at::kFloat),
                     .k = key_->matmul(mix("time_mix_key")).to(at::kFloat),
                     .v = value_->matmul(mix("time_mix_value")).to(at::kFloat)};
  const at::Tensor mean = wkv_scan(scan, in.context.segment_starts(), in.states.memory);
  return receptance * mean.to(in.x.scalar_type());
}

at::Tensor TimeMix::recall(const std::vector<at::Tensor>& parts, const at::Tensor& log_decay, const Shifted& in) const {
  const at::Tensor r = heads(parts[0]), k = heads(parts[1]), v = heads(parts[2]);
  const MemoryScan scan{.q = r, .k = k, .v = v, .log_decay = log_decay, .read_first = true};
  const at::Tensor past = memory_scan(scan, in.context.segment_starts(), in.states.memory);
  const at::Tensor present = (r * k * own("time_faaaa").to(at::kFloat)).sum(-1, true) * v;  // the token's own part
  const at::Tensor y = (past + present).flatten(1).to(in.x.scalar_type());
  return norm_->forward(y) * llmbox::silu(parts[3]);
}

at::Tensor TimeMix::run_5(const Shifted& in) const {
  const auto mix = [&](const char* name) { return mixed(in.x, in.before, own(name)); };
  const at::Tensor decay = at::exp(own("time_decay").to(at::kFloat)).neg();  // (H, D)
  return recall({receptance_->matmul(mix("time_mix_receptance")), key_->matmul(mix("time_mix_key")),
                 value_->matmul(mix("time_mix_value")), gate_->matmul(mix("time_mix_gate"))},
                decay.unsqueeze(0).expand({in.x.size(0), -1, -1}), in);
}

at::Tensor TimeMix::run_6(const Shifted& in) const {
  const at::Tensor delta = in.before - in.x, w1 = own("time_maa_w1"), w2 = own("time_maa_w2");
  const auto inner = llmbox::tanh(llmbox::linear(shifted(in.x, delta, own("time_maa_x")), w1.t().contiguous(), {}))
                         .chunk(5, 1);  // for the decay, k, v, r and the gate
  const auto mix = [&](int64_t i, const char* name) {
    const at::Tensor more = llmbox::linear(inner[static_cast<size_t>(i)].contiguous(), w2[i].t().contiguous(), {});
    return shifted(in.x, delta, own(name).flatten() + more);
  };
  const at::Tensor narrow =
      llmbox::tanh(llmbox::linear(mix(0, "time_maa_w"), own("time_decay_w1").t().contiguous(), {}));
  const at::Tensor rate =
      own("time_decay").flatten() + llmbox::linear(narrow, own("time_decay_w2").t().contiguous(), {});
  return recall({receptance_->matmul(mix(3, "time_maa_r")), key_->matmul(mix(1, "time_maa_k")),
                 value_->matmul(mix(2, "time_maa_v")), gate_->matmul(mix(4, "time_maa_g"))},
                heads(llmbox::exp(rate.to(at::kFloat)).neg()), in);
}

at::Tensor TimeMix::run_7(const Shifted& in, SharedParts& shared) const {
  constexpr double kFastest = -0.6065306597126334;  // -e^-½: the log of the strongest decay
  const at::Tensor delta = in.before - in.x;
  const auto mix = [&](const char* name) { return shifted(in.x, delta, own(name)); };
  const at::Tensor decay = llmbox::sigmoid(low_rank(0, mix("x_w"), llmbox::tanh).to(at::kFloat)) * kFastest;
  const at::Tensor rate = llmbox::sigmoid(low_rank(1, mix("x_a"), nullptr));
  const at::Tensor gate = low_rank(low_ranks_.size() - 1, mix("x_g"), llmbox::sigmoid);
  const at::Tensor r = heads(receptance_->matmul(mix("x_r")));
  const at::Tensor key = key_->matmul(mix("x_k")), value_input = mix("x_v");
  at::Tensor value = value_->matmul(value_input);
  if (spec_.is_first) {
    shared.first_values = value;
  } else {
    value = value + (shared.first_values - value) * llmbox::sigmoid(low_rank(2, value_input, nullptr));
  }
  const at::Tensor sought = clamped_unit_length(heads(key * own("k_k"))), v = heads(value);
  const at::Tensor k = heads(key + key * (rate - 1) * own("k_a"));
  const MemoryScan scan{
      .q = r, .k = k, .v = v, .log_decay = heads(decay), .seek = -sought, .write = sought * heads(rate)};
  const at::Tensor y = memory_scan(scan, in.context.segment_starts(), in.states.memory).flatten(1);
  const at::Tensor present = ((r * k * own("r_k").to(at::kFloat)).sum(-1, true) * v).flatten(1);
  return (norm_->forward(y.to(in.x.scalar_type())) + present.to(in.x.scalar_type())) * gate;
}

at::Tensor TimeMix::forward(const at::Tensor& x, Pass& pass) const {
  const auto starts = pass.context.segment_starts();
  const auto wide = x.options().dtype(at::kFloat);
  const at::Tensor memory = spec_.version == 4 ? empty_wkv_state(spec_.channels())
                                               : at::zeros({spec_.n_head, spec_.head_dim, spec_.head_dim}, wide);
  BatchStates states = take_states(pass.context, layer_, at::zeros({1, x.size(1)}, x.options()), memory);
  const Shifted in{x, rows_before(x, 1, starts, states.inputs), pass.context, states};
  const at::Tensor y = spec_.version == 4   ? run_4(in)
                       : spec_.version == 5 ? run_5(in)
                       : spec_.version == 6 ? run_6(in)
                                            : run_7(in, pass.shared);
  if (states.memory.defined()) {
    states.inputs = causal_conv_states(x, 2, starts, states.inputs);
    give_states(pass.context, layer_, states);
  }
  return out_->matmul(y);
}

void TimeMix::visit_parameters(const ParameterVisitor& visit) const {
  for (const ParameterSpec& tensor : own_tensors(spec_)) visit(tensor.name, own_.at(last_part(tensor.name)));
  for (size_t i = 0; i < low_ranks_.size(); ++i) {
    visit_linear(spec_.low_ranks[i].down, *low_ranks_[i].first, visit);
    visit_linear(spec_.low_ranks[i].up, *low_ranks_[i].second, visit);
  }
  visit_linear(spec_.receptance, *receptance_, visit);
  visit_linear(spec_.key, *key_, visit);
  visit_linear(spec_.value, *value_, visit);
  if (gate_) visit_linear(*spec_.gate, *gate_, visit);
  if (norm_) norm_->visit_parameters(visit);
  visit_linear(spec_.out, *out_, visit);
}

void TimeMix::visit_linears(const LinearVisitor& visit) {
  for (size_t i = 0; i < low_ranks_.size(); ++i) {
    visit(spec_.low_ranks[i].down, low_ranks_[i].first);
    visit(spec_.low_ranks[i].up, low_ranks_[i].second);
  }
  visit(spec_.receptance, receptance_);
  visit(spec_.key, key_);
  visit(spec_.value, value_);
  if (gate_) visit(*spec_.gate, gate_);
  visit(spec_.out, out_);
}

}  // namespace llmbox
