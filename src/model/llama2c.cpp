#include "model/llama2c.h"

#include <ATen/ATen.h>

#include <cstring>

#include "arch/spec.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "model/rotary_rows.h"
#include "tensor/file_mapping.h"

namespace llmbox {

namespace {

constexpr uint32_t kMagic = 0x616b3432;  // "ak42"
constexpr size_t kHeader0 = 28, kHeader1 = 256;
constexpr int64_t kLargest = 1 << 24;  // of any size: keeps products within 64 bits

struct Sizes {
  int32_t hidden, inner, n_layer, n_head, n_kv_head, vocab, length;
};

struct Header {
  Sizes sizes;
  bool tied;
  bool norms_first;  // version 1
  size_t data;
};

Header read_header(const FileMapping& mapping, const std::string& where) {
  if (mapping.size() < kHeader1) fail(where, "expected a model of llama2.c, got {} bytes", mapping.size());
  uint32_t first[2];
  std::memcpy(first, mapping.data(), sizeof first);
  Header header{};
  const bool versioned = first[0] == kMagic;
  if (versioned && first[1] != 1) fail(where, "expected version 0 or 1 of llama2.c's files, got {}", first[1]);
  std::memcpy(&header.sizes, mapping.data() + (versioned ? 8 : 0), sizeof(Sizes));
  Sizes& sizes = header.sizes;
  header.tied = versioned ? static_cast<uint8_t>(mapping.data()[8 + sizeof(Sizes)]) != 0 : sizes.vocab > 0;
  header.norms_first = versioned;
  header.data = versioned ? kHeader1 : kHeader0;
  if (sizes.vocab < 0 && sizes.vocab != INT32_MIN) sizes.vocab = -sizes.vocab;
  for (const int32_t size :
       {sizes.hidden, sizes.inner, sizes.n_layer, sizes.n_head, sizes.n_kv_head, sizes.vocab, sizes.length})
    if (size < 1 || size > kLargest) fail(where, "expected a model of llama2.c, got a size of {} in its header", size);
  if (sizes.hidden % (2 * sizes.n_head) != 0 || sizes.n_head % sizes.n_kv_head != 0)
    fail(where, "expected heads that divide the hidden size, got {} and {} heads of {}", sizes.n_head, sizes.n_kv_head,
         sizes.hidden);
  return header;
}

Json config_of(const Header& header) {
  const Sizes& sizes = header.sizes;
  return {{"model_type", "llama"},
          {"hidden_size", sizes.hidden},
          {"intermediate_size", sizes.inner},
          {"num_hidden_layers", sizes.n_layer},
          {"num_attention_heads", sizes.n_head},
          {"num_key_value_heads", sizes.n_kv_head},
          {"vocab_size", sizes.vocab},
          {"max_position_embeddings", sizes.length},
          {"rms_norm_eps", 1e-5},
          {"rope_theta", 10000.0},
          {"tie_word_embeddings", header.tied},
          {"bos_token_id", 1},
          {"eos_token_id", 2},
          {"torch_dtype", "float32"}};
}

/// One tensor of the file. heads > 0: its rows pair neighbours.
struct Part {
  std::string name;
  std::vector<int64_t> shape;
  int64_t heads = 0;
  bool is_angles = false;  // version 0: cosines, then sines of all positions, which the model computes itself
};

/// All tensors in their order: matrices by kind, then by layer.
std::vector<Part> parts_of(const Header& header) {
  const Sizes& s = header.sizes;
  const int64_t kv = s.hidden / s.n_head * s.n_kv_head;
  std::vector<Part> parts;
  const auto each = [&](const char* name, const std::vector<int64_t>& shape, int64_t heads = 0) {
    for (int64_t i = 0; i < s.n_layer; ++i)
      parts.push_back({fmt::format("model.layers.{}.{}.weight", i, name), shape, heads});
  };
  const auto embedding = [&] { parts.push_back({"model.embed_tokens.weight", {s.vocab, s.hidden}}); };
  const auto ffn_norms = [&] { each("post_attention_layernorm", {s.hidden}); };
  const auto final_norm = [&] { parts.push_back({"model.norm.weight", {s.hidden}}); };
  if (!header.norms_first) embedding();
  each("input_layernorm", {s.hidden});
  if (header.norms_first) ffn_norms(), final_norm(), embedding();
  each("self_attn.q_proj", {s.hidden, s.hidden}, s.n_head);
  each("self_attn.k_proj", {kv, s.hidden}, s.n_kv_head);
  each("self_attn.v_proj", {kv, s.hidden});
  each("self_attn.o_proj", {s.hidden, s.hidden});
  if (!header.norms_first) ffn_norms();
  each("mlp.gate_proj", {s.inner, s.hidden});
  each("mlp.down_proj", {s.hidden, s.inner});
  each("mlp.up_proj", {s.inner, s.hidden});
  if (!header.norms_first) {
    final_norm();
    parts.push_back({.name = "angles", .shape = {2, s.length, s.hidden / s.n_head / 2}, .is_angles = true});
  }
  if (!header.tied) parts.push_back({"lm_head.weight", {s.vocab, s.hidden}});
  return parts;
}

size_t bytes_of(const Part& part) {
  size_t bytes = sizeof(float);
  for (const int64_t size : part.shape) bytes *= static_cast<size_t>(size);
  return bytes;
}

Header header_of(const ModelSpec& spec, const std::string& where) {
  const LayerSpec& layer = spec.layers.front();
  const bool plain_rope = spec.ropes.size() == 1 && spec.ropes[0].theta == 10000 &&
                          spec.ropes[0].scaling == RopeScaling::none && spec.ropes[0].dim == layer.attention.head_dim;
  if (spec.model_type != "llama" || !plain_rope ||
      layer.attention.head_dim * layer.attention.n_head != spec.hidden_size)
    fail(where, "expected a Llama with plain rope (theta 10000), as llama2.c computes it, got a {}; try export_to gguf",
         spec.model_type);
  const auto size = [](int64_t value) { return static_cast<int32_t>(value); };
  return {.sizes = {size(spec.hidden_size), size(layer.ffn.up.out), size(spec.n_layer()), size(layer.attention.n_head),
                    size(layer.attention.n_kv_head), size(spec.vocab_size), size(spec.max_positions)},
          .tied = spec.tied_head,
          .norms_first = false,
          .data = kHeader0};
}

at::Tensor angles_of(const Part& part) {
  const int64_t half = part.shape[2];
  const at::Tensor steps = at::arange(0, half, at::kFloat) / static_cast<double>(half);
  const at::Tensor turns = at::outer(at::arange(part.shape[1], at::kFloat), at::pow(10000.0, steps).reciprocal());
  return at::stack({turns.cos(), turns.sin()});
}

}  // namespace

ModelFiles open_llama2c_model(const std::filesystem::path& path) {
  const std::string where = path.string();
  ModelFiles files;
  files.path = path;
  const auto mapping = std::make_shared<FileMapping>(path);
  const Header header = read_header(*mapping, where);
  files.config = config_of(header);
  size_t at = header.data;
  for (const Part& part : parts_of(header)) {
    const size_t bytes = bytes_of(part);
    if (bytes > mapping->size() - at)
      fail(where + ": " + part.name, "expected {} bytes, the file has {} more; it is truncated or no model of llama2.c",
           bytes, mapping->size() - at);
    std::byte* data = mapping->data() + at;
    at += bytes;
    if (part.is_angles) continue;
    files.weights[part.name] = {.file = where, .dtype = at::kFloat, .shape = part.shape, .read = [=] {
                                  const at::Tensor view = at::from_blob(
                                      data, part.shape, [mapping](void*) {}, at::kFloat);
                                  return part.heads > 0 ? split_halves_from_pairs(view, part.heads) : view;
                                }};
  }
  return files;
}

void save_llama2c_model(const std::filesystem::path& path, const ModelFiles& files) {
  const std::string where = files.path.string();
  const Header header = header_of(parse_model_spec(files.config, where), where);
  Sizes sizes = header.sizes;
  if (!header.tied) sizes.vocab = -sizes.vocab;
  AtomicFile file(path);
  file.write(&sizes, sizeof sizes);
  for (const Part& part : parts_of(header)) {
    at::Tensor tensor = part.is_angles ? angles_of(part) : find_weight(files.weights, part.name, where).read();
    if (tensor.sizes() != at::IntArrayRef(part.shape))
      fail(where + ": " + part.name, "expected {} values, got {}; llama2.c has no place for another shape",
           bytes_of(part) / sizeof(float), tensor.numel());
    tensor = tensor.to(at::kFloat).contiguous();
    if (part.heads > 0) tensor = pairs_from_split_halves(tensor, part.heads).contiguous();
    file.write(tensor.const_data_ptr<float>(), bytes_of(part));
  }
  file.commit();
}

}  // namespace llmbox
