#include "model/layers/lightning.h"

#include <ATen/ATen.h>

#include "model/layers/recurrence.h"
#include "tensor/activation.h"
#include "tensor/memory_scan.h"

namespace llmbox {

Lightning::Lightning(const LightningSpec& spec, const MixerPlace& place, const ParameterSource& source)
    : spec_(spec),
      layer_(place.layer),
      qkv_(make_linear(spec.qkv, source)),
      gate_(make_linear(spec.gate, source)),
      out_(make_linear(spec.out, source)),
      norm_(spec.norm, source) {}

at::Tensor Lightning::forward(const at::Tensor& x, Pass& pass) const {
  const auto heads = llmbox::silu(qkv_->matmul(x))
                         .to(at::kFloat)
                         .view({x.size(0), spec_.n_head, 3 * spec_.head_dim})
                         .chunk(3, -1);  // (N, H, D) each
  const at::Tensor decay = at::tensor(spec_.slopes, x.options().dtype(at::kFloat)).neg().view({1, -1, 1});
  const BatchStates states =
      take_states(pass.context, layer_, at::zeros({0}, x.options()),
                  at::zeros({spec_.n_head, spec_.head_dim, spec_.head_dim}, x.options().dtype(at::kFloat)));
  const MemoryScan scan{
      .q = heads[0], .k = heads[1], .v = heads[2], .log_decay = decay.expand({x.size(0), spec_.n_head, 1})};
  const at::Tensor y = memory_scan(scan, pass.context.segment_starts(), states.memory).flatten(1);
  if (states.memory.defined()) give_states(pass.context, layer_, states);
  return out_->matmul(llmbox::sigmoid(gate_->matmul(x)) * norm_.forward(y.to(x.scalar_type())));
}

void Lightning::visit_parameters(const ParameterVisitor& visit) const {
  visit_linear(spec_.qkv, *qkv_, visit);
  norm_.visit_parameters(visit);
  visit_linear(spec_.gate, *gate_, visit);
  visit_linear(spec_.out, *out_, visit);
}

void Lightning::visit_linears(const LinearVisitor& visit) {
  visit(spec_.qkv, qkv_);
  visit(spec_.gate, gate_);
  visit(spec_.out, out_);
}

}  // namespace llmbox
