#include "arch/spec.h"

namespace llmbox {

namespace {

class Table {
 public:
  void add(const EmbeddingSpec& spec) { rows_.push_back({spec.name + ".weight", {spec.rows, spec.size}}); }

  void add(const LinearSpec& spec) {
    const auto [rows, columns] = spec.transposed ? std::pair(spec.in, spec.out) : std::pair(spec.out, spec.in);
    rows_.push_back({spec.name + ".weight", {rows, columns}});
    if (spec.has_bias) rows_.push_back({spec.name + ".bias", {spec.out}, ParameterInit::zero});
  }

  void add(const std::optional<NormSpec>& spec) {
    if (!spec) return;
    // Where the file holds w - 1, a weight of one is stored as zero.
    const auto init = spec->weight_offset == 0 ? ParameterInit::one : ParameterInit::zero;
    rows_.push_back({spec->name + ".weight", {spec->size}, init});
    if (spec->has_bias) rows_.push_back({spec->name + ".bias", {spec->size}, ParameterInit::zero});
  }

  void add(const LayerSpec& layer) {
    add(layer.before_attention);
    for (const LinearSpec& linear : layer.attention.qkv) add(linear);
    add(layer.attention.q_norm);
    add(layer.attention.k_norm);
    add(layer.attention.out);
    add(layer.after_attention);
    add(layer.before_ffn);
    if (layer.ffn.gate) add(*layer.ffn.gate);
    add(layer.ffn.up);
    add(layer.ffn.down);
    add(layer.after_ffn);
  }

  std::vector<ParameterSpec> take() { return std::move(rows_); }

 private:
  std::vector<ParameterSpec> rows_;
};

}  // namespace

int64_t ParameterSpec::size() const {
  int64_t product = 1;
  for (const int64_t n : shape) product *= n;
  return product;
}

std::vector<ParameterSpec> parameter_table(const ModelSpec& spec) {
  Table table;
  table.add(spec.embedding);
  if (spec.positions) table.add(*spec.positions);
  for (const LayerSpec& layer : spec.layers) table.add(layer);
  table.add(spec.final_norm);
  if (!spec.tied_head) table.add(spec.head);
  return table.take();
}

int64_t parameter_count(const ModelSpec& spec) {
  int64_t sum = 0;
  for (const ParameterSpec& parameter : parameter_table(spec)) sum += parameter.size();
  return sum;
}

}  // namespace llmbox
