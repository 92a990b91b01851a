#include <ATen/ATen.h>

#include "model/gguf/layout_parts.h"

namespace llmbox {

namespace {

/// llama.cpp wants a row for every token; the hub takes the first one's for those of images and sounds.
void layer_inputs(const LayoutScope& scope, const LayerInputsSpec& inputs) {
  const int64_t rows = inputs.table.rows, size = inputs.table.size, all = std::max(rows, scope.spec.vocab_size);
  const TensorJoin fill = [=](const auto& parts) {
    return at::cat({parts[0], parts[0].narrow(0, 0, 1).expand({all - rows, size})});
  };
  scope.builder.changed(inputs.table.name + ".weight", {rows, size},
                        {"per_layer_token_embd.weight", {all, size}, {}, fill},
                        [=](const auto& parts) { return parts[0].narrow(0, 0, rows); });
  scope.builder.linear(inputs.project, "per_layer_model_proj");
  scope.builder.norm(inputs.norm, "per_layer_proj_norm");
}

}  // namespace

void lay_streams(const LayoutScope& scope) {
  if (scope.spec.layer_inputs) layer_inputs(scope, *scope.spec.layer_inputs);
  if (!scope.spec.streams) return;
  scope.builder.stacked(scope.spec.streams->spread, "altup_proj");
  scope.builder.stacked(scope.spec.streams->merge, "altup_unembd_proj");
}

void lay_streams(const LayoutScope& scope, const LayerSpec& layer, const std::string& block) {
  LayoutBuilder& builder = scope.builder;
  if (layer.altup) {
    const AltUpSpec& altup = *layer.altup;
    if (altup.scale_active)
      builder.tensor(altup.name + ".correct_output_scale", {altup.router.in}, block + "altup_correct_scale.weight");
    builder.norm(altup.router_norm, block + "altup_router_norm");
    builder.linear(altup.router, block + "altup_router");
    builder.linear(altup.predict, block + "altup_predict_coef");
    builder.linear(altup.correct, block + "altup_correct_coef");
  }
  if (layer.laurel) {
    builder.linear(layer.laurel->left, block + "laurel_l");
    builder.linear(layer.laurel->right, block + "laurel_r");
    builder.norm(layer.laurel->norm, block + "laurel_post_norm");
  }
  if (layer.input) {
    builder.linear(layer.input->gate, block + "inp_gate");
    builder.linear(layer.input->project, block + "proj");
    builder.norm(layer.input->norm, block + "post_norm");
  }
}

}  // namespace llmbox
