#include "model/gguf/layout.h"

#include <cmath>

#include "core/error.h"
#include "model/gguf/layout_parts.h"

namespace llmbox {

namespace {

class SpecLayout {
 public:
  SpecLayout(const ModelSpec& spec, const GgufFamily& family, int64_t halved_every)
      : spec_(spec), family_(family), halved_every_(halved_every) {}

  GgufLayout make() {
    if (spec_.project_in || spec_.project_out || spec_.head_transform || spec_.is_classifier || spec_.prefix)
      refuse("a decoder's parts only");
    embedding(spec_.embedding, "token_embd", family_.folds_scales ? spec_.embedding_scale : 1);
    if (spec_.positions) embedding(*spec_.positions, "position_embd");
    if (spec_.token_types) embedding(*spec_.token_types, "token_types");
    builder_.norm(spec_.embedding_norm, "token_embd_norm");
    lay_streams({spec_, family_, builder_});
    stack(spec_.encoder, "enc.blk.");
    builder_.norm(spec_.encoder_norm, "enc.output_norm");
    stack(spec_.layers, spec_.has_encoder() ? "dec.blk." : "blk.");
    builder_.norm(spec_.final_norm, family_.final_norm);
    head();
    return builder_.take();
  }

 private:
  [[noreturn]] void refuse(const char* expected) const {
    fail(spec_.model_type, "expected {}: GGUF has no place for what this model has", expected);
  }

  void embedding(const EmbeddingSpec& spec, const std::string& gguf, double scale = 1) {
    builder_.linear({.name = spec.name, .in = spec.size, .out = spec.rows}, gguf, {{}, scale});
  }

  void stack(const std::vector<LayerSpec>& layers, const std::string& name) {
    for (size_t i = 0; i < layers.size(); ++i) {
      const std::string block = name + std::to_string(i) + ".";
      if (layers[i].time_mix)
        rwkv_layer(layers[i], halved_every_ > 0 ? static_cast<int64_t>(i) / halved_every_ : 0, block);
      else
        layer(layers[i], block);
    }
  }

  void head() {
    const double scale = family_.folds_scales || family_.folds_logit_scale ? spec_.logit_scale : 1;
    if (!spec_.tied_head) return builder_.linear(spec_.head, "output", {{}, 1, {scale}});
    if (spec_.head.has_bias) builder_.tensor(spec_.head.name + ".bias", {spec_.head.out}, "output.bias");
    if (scale != 1 || (family_.folds_scales && spec_.embedding_scale != 1))
      builder_.copied(spec_.embedding.name + ".weight", {spec_.head.out, spec_.head.in}, "output.weight", scale);
  }

  void layer(const LayerSpec& layer, const std::string& block) {
    if (layer.lightning) refuse("attention or a state space in every layer");
    const LayoutScope scope{spec_, family_, builder_};
    const bool two_at_once = layer.residual == Residual::parallel && layer.before_ffn && family_.swaps_parallel_norms;
    builder_.norm(layer.before_attention, block + (two_at_once ? "attn_norm_2" : "attn_norm"));
    if (layer.mamba) lay_mamba(scope, *layer.mamba, block);
    if (layer.mamba2) lay_mamba2(scope, *layer.mamba2, layer.mamba2_scale, block);
    if (layer.delta) lay_delta(scope, *layer.delta, block);
    if (layer.conv) lay_conv(scope, *layer.conv, block);
    if (layer.attention.n_head > 0) lay_attention(scope, layer.attention, layer.attention_scale, block);
    builder_.norm(layer.after_attention, block + "post_attention_norm");
    if (layer.cross) builder_.norm(layer.before_second, block + "cross_attn_norm");
    if (layer.cross) lay_attention(scope, *layer.cross, {}, block + "cross_");
    builder_.norm(layer.before_ffn, block + (two_at_once ? "attn_norm" : family_.ffn_norm), family_.ffn_norm_end);
    if (layer.moe) {
      lay_moe(scope, *layer.moe, block);
    } else if (layer.has_ffn()) {
      lay_ffn(scope, layer.ffn, block);
    }
    builder_.norm(layer.after_ffn, block + "post_ffw_norm");
    lay_streams(scope, layer, block);
  }

  void rwkv_layer(const LayerSpec& layer, int64_t halved, const std::string& block) {
    if (layer.time_mix->version < 6) refuse("RWKV 6 or 7");
    const LayoutScope scope{spec_, family_, builder_};
    const double scale = std::pow(0.5, static_cast<double>(halved));
    builder_.norm(layer.before_attention, block + "attn_norm");
    lay_time_mix(scope, *layer.time_mix, scale, block);
    builder_.norm(layer.before_second, block + "attn_norm_2");
    lay_channel_mix(scope, layer.channel_mix.value(), scale, block);
  }

  const ModelSpec& spec_;
  const GgufFamily& family_;
  int64_t halved_every_;
  LayoutBuilder builder_;
};

}  // namespace

GgufLayout gguf_layout(const ModelSpec& spec, const GgufFamily& family, int64_t halved_every) {
  return SpecLayout(spec, family, halved_every).make();
}

}  // namespace llmbox
