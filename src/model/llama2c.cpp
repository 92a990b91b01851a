#include "model/llama2c.h"

#include <ATen/ATen.h>

#include <cstring>

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

/// Hands out the matrices in the order of the file.
class Walker {
 public:
  Walker(std::shared_ptr<FileMapping> mapping, size_t begin, ModelFiles& files)
      : mapping_(std::move(mapping)), at_(begin), files_(files) {}

  /// heads > 0: rows pair neighbours.
  void one(const std::string& name, std::vector<int64_t> shape, int64_t heads = 0) {
    size_t bytes = sizeof(float);
    for (const int64_t size : shape) bytes *= static_cast<size_t>(size);
    const std::string where = files_.path.string();
    if (bytes > mapping_->size() - at_)
      fail(where + ": " + name, "expected {} bytes, the file has {} more; it is truncated or no model of llama2.c",
           bytes, mapping_->size() - at_);
    std::byte* data = mapping_->data() + at_;
    at_ += bytes;
    files_.weights[name] = {.file = where, .dtype = at::kFloat, .shape = shape, .read = [=, mapping = mapping_] {
                              const at::Tensor view = at::from_blob(
                                  data, shape, [mapping](void*) {}, at::kFloat);
                              return heads > 0 ? split_halves_from_pairs(view, heads) : view;
                            }};
  }

  void each(int64_t n_layer, const std::string& name, const std::vector<int64_t>& shape, int64_t heads = 0) {
    for (int64_t i = 0; i < n_layer; ++i) one(fmt::format("model.layers.{}.{}.weight", i, name), shape, heads);
  }

  void skip(size_t bytes) { at_ = std::min(at_ + bytes, mapping_->size()); }

 private:
  std::shared_ptr<FileMapping> mapping_;
  size_t at_;
  ModelFiles& files_;
};

}  // namespace

ModelFiles open_llama2c_model(const std::filesystem::path& path) {
  ModelFiles files;
  files.path = path;
  const auto mapping = std::make_shared<FileMapping>(path);
  const Header header = read_header(*mapping, path.string());
  files.config = config_of(header);
  const Sizes& s = header.sizes;
  const int64_t n = s.n_layer, kv = s.hidden / s.n_head * s.n_kv_head;
  Walker walk(mapping, header.data, files);
  const auto embedding = [&] { walk.one("model.embed_tokens.weight", {s.vocab, s.hidden}); };
  const auto ffn_norms = [&] { walk.each(n, "post_attention_layernorm", {s.hidden}); };
  const auto final_norm = [&] { walk.one("model.norm.weight", {s.hidden}); };
  if (!header.norms_first) embedding();
  walk.each(n, "input_layernorm", {s.hidden});
  if (header.norms_first) ffn_norms(), final_norm(), embedding();
  walk.each(n, "self_attn.q_proj", {s.hidden, s.hidden}, s.n_head);
  walk.each(n, "self_attn.k_proj", {kv, s.hidden}, s.n_kv_head);
  walk.each(n, "self_attn.v_proj", {kv, s.hidden});
  walk.each(n, "self_attn.o_proj", {s.hidden, s.hidden});
  if (!header.norms_first) ffn_norms();
  walk.each(n, "mlp.gate_proj", {s.inner, s.hidden});
  walk.each(n, "mlp.down_proj", {s.hidden, s.inner});
  walk.each(n, "mlp.up_proj", {s.inner, s.hidden});
  if (!header.norms_first) {
    final_norm();
    // Two tables of cosines and sines, unused: (length, head_dim / 2) each.
    walk.skip(static_cast<size_t>(s.length) * static_cast<size_t>(s.hidden / s.n_head) * sizeof(float));
  }
  if (!header.tied) walk.one("lm_head.weight", {s.vocab, s.hidden});
  return files;
}

}  // namespace llmbox
