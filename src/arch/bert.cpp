#include "arch/family.h"
#include "arch/shape/gpt.h"

namespace llmbox {

ModelSpec parse_bert(const ConfigReader& config) {
  GptShape shape;
  shape.names = {.embedding = "bert.embeddings.word_embeddings",
                 .layers = "bert.encoder.layer.",
                 .before_attention = "attention.output.LayerNorm",
                 .before_ffn = "output.LayerNorm",
                 .attention = "attention",
                 .qkv = {"self.query", "self.key", "self.value"},
                 .out = "output.dense",
                 .up = "intermediate.dense",
                 .down = "output.dense",
                 .final_norm = "cls.predictions.transform.LayerNorm",
                 .head = "cls.predictions"};
  shape.hidden = config.integer("hidden_size");
  shape.inner = config.integer("intermediate_size");
  shape.n_layer = config.integer("num_hidden_layers");
  shape.n_head = shape.n_kv_head = config.integer("num_attention_heads");
  shape.vocab = config.integer("vocab_size");
  shape.max_positions = config.integer("max_position_embeddings", 512);
  shape.eps = config.number("layer_norm_eps", 1e-12);
  shape.activation = read_activation(config, "hidden_act", "gelu");
  shape.layout = QkvLayout::separate;
  shape.residual = Residual::post_norm;
  shape.head_bias = true;
  ModelSpec spec = gpt_spec(config, shape);
  spec.ignored = {".position_ids", "cls.predictions.decoder.weight", "cls.predictions.decoder.bias"};
  spec.ignored_prefixes = {"bert.pooler.", "pooler.", "cls.seq_relationship."};
  spec.positions = EmbeddingSpec{"bert.embeddings.position_embeddings", shape.max_positions, shape.hidden};
  spec.token_types =
      EmbeddingSpec{"bert.embeddings.token_type_embeddings", config.integer("type_vocab_size", 2), shape.hidden};
  spec.embedding_norm = spec.final_norm;
  spec.embedding_norm->name = "bert.embeddings.LayerNorm";
  spec.head_transform = HeadTransformSpec{
      .dense = {.name = "cls.predictions.transform.dense", .in = shape.hidden, .out = shape.hidden, .has_bias = true},
      .activation = shape.activation};
  for (LayerSpec& layer : spec.layers) {
    layer.attention.causal = false;
    layer.after_attention = std::exchange(layer.before_attention, std::nullopt);
    layer.after_ffn = std::exchange(layer.before_ffn, std::nullopt);
  }
  return spec;
}

}  // namespace llmbox
