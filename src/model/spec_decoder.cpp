#include "model/spec_decoder.h"

#include <ATen/ATen.h>

#include <cmath>
#include <set>

#include "core/error.h"
#include "model/layers/ffn.h"
#include "model/layers/rope_angles.h"
#include "model/model_files.h"
#include "model/prefix_marks.h"
#include "model/recompute.h"
#include "model/segment_context.h"
#include "model/weight_source.h"
#include "tensor/activation.h"
#include "tensor/embedding.h"

namespace llmbox {

namespace {

/// Sines, then cosines, of wavelengths from 2π to 10000 · 2π (Vaswani et al. 2017, 3.5), one row a position.
at::Tensor waves(const at::Tensor& positions, const at::Tensor& like) {
  const int64_t half = like.size(1) / 2;
  const auto options = like.options().dtype(at::kFloat);
  const at::Tensor rates = at::exp(at::arange(half, options) * (-std::log(10000.0) / static_cast<double>(half - 1)));
  const at::Tensor angles = positions.to(at::kFloat).unsqueeze(1) * rates;
  return at::cat({angles.sin(), angles.cos()}, 1).to(like.scalar_type());
}

/// Rows of a look-up table must exist; the message says whose they are.
void check_rows(const at::Tensor& rows, int64_t n_rows, const char* what) {
  if (!rows.is_cpu() || rows.numel() == 0) return;
  const auto [low, high] = at::aminmax(rows);
  const int64_t worst = low.item<int64_t>() < 0 ? low.item<int64_t>() : high.item<int64_t>();
  if (worst < 0 || worst >= n_rows) fail("model", "expected {} from 0 to {}, got {}", what, n_rows - 1, worst);
}

std::vector<at::Tensor> trainable(const Block& block) {
  std::vector<at::Tensor> parameters;
  block.visit_parameters([&](const std::string&, const at::Tensor& tensor) {
    if (tensor.requires_grad()) parameters.push_back(tensor);
  });
  return parameters;
}

}  // namespace

std::unique_ptr<Decoder> Decoder::load(const std::filesystem::path& path, const LoadOptions& options) {
  const ModelFiles files = open_model_files(path);
  if (files.config.contains("quantization_config"))
    fail(path.string(), "expected plain weights, got quantized ones ({})", files.config["quantization_config"].dump());
  return build(files, options);
}

std::unique_ptr<Decoder> Decoder::build(const ModelFiles& files, const LoadOptions& options) {
  ModelSpec spec = parse_model_spec(files.config, (files.path / "config.json").string());
  const ParameterSource source = read_parameters(files, spec, options);
  return std::make_unique<SpecDecoder>(std::move(spec), files.config, options, source);
}

std::unique_ptr<Decoder> Decoder::create(const Json& config, uint64_t seed, const LoadOptions& options) {
  ModelSpec spec = parse_model_spec(config, "config");
  const ParameterSource source = random_parameters(spec, seed, options);
  return std::make_unique<SpecDecoder>(std::move(spec), config, options, source);
}

SpecDecoder::SpecDecoder(ModelSpec spec, Json config, const LoadOptions& options, const ParameterSource& source)
    : spec_(std::move(spec)), config_(std::move(config)), checkpoint_activations_(options.checkpoint_activations) {
  embedding_ = source(spec_.embedding.name + ".weight");
  if (spec_.positions) positions_ = source(spec_.positions->name + ".weight");
  if (spec_.project_in) project_in_ = make_linear(*spec_.project_in, source);
  if (spec_.embedding_norm) embedding_norm_.emplace(*spec_.embedding_norm, source);
  if (spec_.token_types) token_types_ = source(spec_.token_types->name + ".weight");
  if (spec_.layer_inputs) layer_inputs_.emplace(*spec_.layer_inputs, source);
  if (spec_.streams) streams_.emplace(*spec_.streams, source);
  const auto add_blocks = [&](const std::vector<LayerSpec>& layers, std::vector<Block>& blocks) {
    for (size_t i = 0; i < layers.size(); ++i) {
      const int rope = layers[i].attention.rope;
      const bool interleaved = rope >= 0 && spec_.ropes[static_cast<size_t>(rope)].interleaved;
      blocks.emplace_back(layers[i], MixerPlace{static_cast<int>(i), static_cast<int>(layers.size()), interleaved},
                          source);
    }
  };
  add_blocks(spec_.encoder, encoder_blocks_);
  add_blocks(spec_.layers, blocks_);
  if (spec_.encoder_norm) encoder_norm_.emplace(*spec_.encoder_norm, source);
  if (spec_.head_transform) head_transform_ = make_linear(spec_.head_transform->dense, source);
  if (spec_.final_norm) final_norm_.emplace(*spec_.final_norm, source);
  if (spec_.project_out) project_out_ = make_linear(*spec_.project_out, source);
  head_ = spec_.tied_head ? tied_head(source) : make_linear(spec_.head, source);
}

std::shared_ptr<Linear> SpecDecoder::tied_head(const ParameterSource& source) const {
  return std::make_shared<DenseLinear>(embedding_,
                                       spec_.head.has_bias ? source(spec_.head.name + ".bias") : at::Tensor());
}

at::Tensor SpecDecoder::token_rows(const at::Tensor& tokens) const {
  const int64_t n_virtual = virtual_tokens_ ? virtual_tokens_->count() : 0;
  check_rows(tokens, spec_.vocab_size + n_virtual, "token ids");
  if (n_virtual == 0) return llmbox::embedding(embedding_, tokens);
  const at::Tensor x = llmbox::embedding(embedding_, tokens.clamp_max(spec_.vocab_size - 1));
  const VirtualPlaces places = VirtualPlaces::find(tokens, spec_.vocab_size);
  // With keys and values of their own nobody reads what comes of the embeddings.
  const at::Tensor rows = virtual_tokens_->kind == VirtualKind::embeddings
                              ? virtual_tokens_->rows.index_select(0, places.ids)
                              : at::zeros({places.ids.size(0), x.size(1)}, x.options());
  return x.index_copy(0, places.rows, rows.to(x.scalar_type()));
}

at::Tensor SpecDecoder::embed(const TokenBatch& batch) const {
  at::Tensor x = token_rows(batch.tokens);  // (N, E)
  if (spec_.embedding_scale != 1) x = x * at::scalar_tensor(spec_.embedding_scale, x.options());
  if (project_in_) x = project_in_->matmul(x);
  if (positions_.defined()) {
    const at::Tensor rows = batch.positions + spec_.position_offset;
    check_rows(rows, spec_.positions->rows, "positions");
    x = x + llmbox::embedding(positions_, rows);
  }
  if (spec_.sinusoidal) x = x + waves(batch.positions + spec_.position_offset, x);
  if (token_types_.defined()) {
    const at::Tensor types = batch.token_types.defined() ? batch.token_types : at::zeros_like(batch.tokens);
    check_rows(types, spec_.token_types->rows, "token types");
    x = x + llmbox::embedding(token_types_, types);
  }
  return embedding_norm_ ? embedding_norm_->forward(x) : x;
}

at::Tensor SpecDecoder::run(const std::vector<Block>& blocks, at::Tensor x, const TokenBatch& batch,
                            AttentionContext& context) const {
  PrefixMarks marks{batch.positions, {}, {}};
  if (spec_.prefix) marks = mark_prefixes(*spec_.prefix, batch, context, static_cast<int>(blocks.size()));
  std::vector<RopeAngles> ropes;
  for (const RopeSpec& rope : spec_.ropes) {
    TokenBatch placed = batch;
    placed.positions = rope.in_answer ? marks.places : marks.positions;
    ropes.push_back(make_rope_angles(rope, placed));
  }
  SharedParts shared;
  const at::Tensor inputs = layer_inputs_ ? layer_inputs_->forward(batch.tokens, x) : at::Tensor();
  Pass pass{ropes, context, batch.positions, marks.prefixes, inputs, shared};
  if (streams_) x = streams_->spread(x);
  for (const Block& block : blocks) {
    if (!recomputes()) {
      x = block.forward(x, pass);
      continue;
    }
    // By value: the angles live until the backward pass.
    const auto layer = [&block, ropes, &context, positions = batch.positions,
                        prefixes = marks.prefixes](const at::Tensor& input) {
      SharedParts none;
      Pass again{ropes, context, positions, prefixes, {}, none};
      return block.forward(input, again);
    };
    x = recomputed(layer, x, trainable(block));
  }
  return streams_ ? streams_->merge(x) : x;
}

/// Layers that share tensors which are not their own (an encoder's memory, a stack's relative bias, an earlier layer's
/// values, an adapter's keys and values) send their gradients through the graph of the first pass.
bool SpecDecoder::recomputes() const {
  const bool has_keys = virtual_tokens_ && virtual_tokens_->kind == VirtualKind::keys_and_values;
  return checkpoint_activations_ && at::GradMode::is_enabled() && !spec_.has_encoder() && !spec_.has_shared_parts() &&
         !has_keys;
}

at::Tensor SpecDecoder::encode(const TokenBatch& sources) {
  CHECK(spec_.has_encoder(), "{} has no encoder", spec_.model_type);
  SegmentContext context(sources.segment_starts);
  const at::Tensor x = run(encoder_blocks_, embed(sources), sources, context);
  return encoder_norm_ ? encoder_norm_->forward(x) : x;
}

at::Tensor SpecDecoder::forward(const TokenBatch& batch, AttentionContext& attention) {
  if (spec_.has_encoder() && !attention.memory().defined())
    fail("model", "expected a decoder-only model here, got {} with an encoder; try a causal LM", spec_.architecture);
  at::Tensor x = embed(batch);
  if (virtual_tokens_ && virtual_tokens_->kind == VirtualKind::keys_and_values) {
    VirtualContext context(attention, *virtual_tokens_, VirtualPlaces::find(batch.tokens, spec_.vocab_size));
    x = run(blocks_, x, batch, context);
  } else {
    x = run(blocks_, x, batch, attention);
  }
  if (head_transform_) x = activate(spec_.head_transform->activation, head_transform_->matmul(x));
  if (final_norm_) x = final_norm_->forward(x);
  return project_out_ ? project_out_->matmul(x) : x;
}

at::Tensor SpecDecoder::logits(const at::Tensor& hidden) {
  at::Tensor logits = head_->matmul(hidden).to(at::kFloat);  // (M, V)
  if (spec_.logit_scale != 1) logits = logits * spec_.logit_scale;
  if (spec_.logit_softcap != 0) logits = llmbox::tanh(logits / spec_.logit_softcap) * spec_.logit_softcap;
  return logits;
}

std::vector<std::pair<std::string, at::Tensor>> SpecDecoder::parameters() const {
  std::set<std::string> buffers;
  for (const ParameterSpec& parameter : parameter_table(spec_))
    if (parameter.is_buffer) buffers.insert(parameter.name);
  auto all = all_tensors();
  std::erase_if(all, [&](const auto& entry) { return buffers.contains(entry.first); });
  return all;
}

std::vector<std::pair<std::string, at::Tensor>> SpecDecoder::all_tensors() const {
  std::vector<std::pair<std::string, at::Tensor>> all;
  const ParameterVisitor visit = [&](const std::string& name, const at::Tensor& tensor) {
    all.emplace_back(name, tensor);
  };
  visit(spec_.embedding.name + ".weight", embedding_);
  if (spec_.positions) visit(spec_.positions->name + ".weight", positions_);
  if (spec_.token_types) visit(spec_.token_types->name + ".weight", token_types_);
  if (project_in_) visit_linear(*spec_.project_in, *project_in_, visit);
  if (embedding_norm_) embedding_norm_->visit_parameters(visit);
  if (layer_inputs_) layer_inputs_->visit_parameters(visit);
  if (streams_) streams_->visit_spread(visit);
  for (const Block& block : encoder_blocks_) block.visit_parameters(visit);
  if (encoder_norm_) encoder_norm_->visit_parameters(visit);
  for (const Block& block : blocks_) block.visit_parameters(visit);
  if (streams_) streams_->visit_merge(visit);
  if (head_transform_) visit_linear(spec_.head_transform->dense, *head_transform_, visit);
  if (final_norm_) final_norm_->visit_parameters(visit);
  if (project_out_) visit_linear(*spec_.project_out, *project_out_, visit);
  if (!spec_.tied_head) visit_linear(spec_.head, *head_, visit);
  if (spec_.tied_head && spec_.head.has_bias) visit(spec_.head.name + ".bias", head_->bias());
  return all;
}

void SpecDecoder::visit_linears(const LinearVisitor& visit) {
  if (project_in_) visit(*spec_.project_in, project_in_);
  if (layer_inputs_) layer_inputs_->visit_linears(visit);
  if (streams_) streams_->visit_linears(visit);
  for (Block& block : encoder_blocks_) block.visit_linears(visit);
  for (Block& block : blocks_) block.visit_linears(visit);
  if (head_transform_) visit(spec_.head_transform->dense, head_transform_);
  if (project_out_) visit(*spec_.project_out, project_out_);
  if (!spec_.tied_head) visit(spec_.head, head_);
}

void SpecDecoder::rewrite_linears(const LinearRewrite& rewrite) {
  visit_linears([&](const LinearSpec& spec, std::shared_ptr<Linear>& layer) {
    if (auto replacement = rewrite(spec.name, layer)) layer = std::move(replacement);
  });
}

}  // namespace llmbox
