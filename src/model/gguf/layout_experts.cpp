#include <ATen/ATen.h>

#include "model/gguf/layout_parts.h"

namespace llmbox {

namespace {

/// [experts, out, in] of gate, up and down each; the hub has gate and up in one, half by half or alternately.
void fused_experts(const LayoutScope& scope, const FusedExpertsSpec& fused, const MoeSpec& moe,
                   const std::string& block) {
  const int64_t experts = moe.n_expert, inner = fused.inner, width = moe.router.gate.in;
  const bool turned = fused.transposed, alternate = fused.interleaved;
  const auto half = [=](const at::Tensor& both, int64_t which) {
    return alternate ? both.slice(1, which, std::nullopt, 2) : both.narrow(1, which * inner, inner);
  };
  const auto cut = [=](int64_t which) {
    return [=](const std::vector<at::Tensor>& parts) {
      return half(turned && parts[0].dim() == 3 ? parts[0].transpose(1, 2) : parts[0], which);
    };
  };
  const auto both = [=](const std::vector<at::Tensor>& parts) {
    const at::Tensor whole = alternate ? at::stack(parts, 2).flatten(1, 2) : at::cat(parts, 1);
    return turned && whole.dim() == 3 ? whole.transpose(1, 2) : whole;
  };
  const auto shape = [=](int64_t out, int64_t in) {
    return turned ? std::vector<int64_t>{experts, in, out} : std::vector<int64_t>{experts, out, in};
  };
  scope.builder.joined(fused.gate_up, shape(2 * inner, width),
                       {{block + "ffn_gate_exps.weight", {experts, inner, width}, {}, cut(0)},
                        {block + "ffn_up_exps.weight", {experts, inner, width}, {}, cut(1)}},
                       both);
  TensorJoin turn;
  if (turned) turn = [](const std::vector<at::Tensor>& parts) { return parts[0].transpose(1, 2); };
  scope.builder.changed(fused.down, shape(width, inner),
                        {block + "ffn_down_exps.weight", {experts, width, inner}, {}, turn}, turn);
  if (!fused.has_bias) return;
  scope.builder.joined(fused.gate_up + "_bias", {experts, 2 * inner},
                       {{block + "ffn_gate_exps.bias", {experts, inner}, {}, cut(0)},
                        {block + "ffn_up_exps.bias", {experts, inner}, {}, cut(1)}},
                       both);
  scope.builder.tensor(fused.down + "_bias", {experts, width}, block + "ffn_down_exps.bias");
}

}  // namespace

void lay_ffn(const LayoutScope& scope, const FfnSpec& ffn, const std::string& block, const std::string& end) {
  const bool folds = scope.family.folds_scales;
  if (ffn.gate) scope.builder.linear(*ffn.gate, block + "ffn_gate" + end, {{}, 1, {folds ? ffn.gate_scale : 1}});
  scope.builder.linear(ffn.up, block + "ffn_up" + end);
  scope.builder.linear(ffn.down, block + "ffn_down" + end, {{}, 1, {folds ? ffn.down_scale : 1}});
}

void lay_moe(const LayoutScope& scope, const MoeSpec& moe, const std::string& block) {
  scope.builder.linear(moe.router.gate, block + "ffn_gate_inp");
  if (!moe.router.correction.empty()) {
    const std::vector<int64_t> row = {1, moe.n_expert}, flat = {moe.n_expert};
    scope.builder.tensor(moe.router.correction, moe.router.correction_is_row ? row : flat, block + "exp_probs_b.bias",
                         flat);
  }
  if (moe.fused) {
    fused_experts(scope, *moe.fused, moe, block);
  } else {
    const auto all = [&](auto part) {
      std::vector<LinearSpec> linears;
      for (const FfnSpec& expert : moe.experts) linears.push_back(part(expert));
      return linears;
    };
    scope.builder.stacked(all([](const FfnSpec& e) { return e.gate.value(); }), block + "ffn_gate_exps");
    scope.builder.stacked(all([](const FfnSpec& e) { return e.up; }), block + "ffn_up_exps");
    scope.builder.stacked(all([](const FfnSpec& e) { return e.down; }), block + "ffn_down_exps");
  }
  if (moe.shared) lay_ffn(scope, *moe.shared, block, "_shexp");
  if (moe.shared_gate)
    scope.builder.tensor(moe.shared_gate->name + ".weight", {1, moe.shared_gate->in},
                         block + "ffn_gate_inp_shexp.weight", {moe.shared_gate->in});
}

}  // namespace llmbox
