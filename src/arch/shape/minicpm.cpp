#include "arch/shape/minicpm.h"

#include <cmath>

namespace llmbox {

void add_minicpm_scales(const ConfigReader& config, ModelSpec& spec) {
  const double depth = std::sqrt(static_cast<double>(spec.n_layer()));
  const double width = static_cast<double>(spec.hidden_size);
  spec.embedding_scale = config.number("scale_emb", 12);
  spec.logit_scale = config.number("dim_model_base", width) / width;
  for (LayerSpec& layer : spec.layers)
    layer.attention_residual.branch = layer.ffn_residual.branch = config.number("scale_depth", depth) / depth;
}

}  // namespace llmbox
