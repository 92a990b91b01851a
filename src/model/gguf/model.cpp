#include "model/gguf/model.h"

#include <ATen/ATen.h>

#include "arch/spec.h"
#include "core/error.h"
#include "core/near_name.h"
#include "model/gguf/config.h"
#include "model/rotary_rows.h"

namespace llmbox {

namespace {

/// Not weights of ours: rotary divisors live in the config.
bool is_table(const std::string& name) {
  return name == kDivisors || name == kShortFactors || name == kLongFactors || name.ends_with(".attn_rot_embd") ||
         name.ends_with(".rot_embd");
}

const GgufFamily& family_of_file(const GgufFile& file) {
  const std::string where = file.path().string();
  const Json architecture = file.metadata().value("general.architecture", Json());
  if (!architecture.is_string()) fail(where, "expected the key 'general.architecture', found none");
  std::vector<std::string> names;
  for (const GgufFamily& family : gguf_families()) names.emplace_back(family.architecture);
  const auto* family = find_gguf_family_of_file(architecture.get<std::string>());
  if (!family)
    fail(where + ": general.architecture", "expected an architecture that llmbox knows as GGUF, got '{}'; try {}",
         architecture.get<std::string>(), near_names(architecture.get<std::string>(), names, 1));
  return *family;
}

/// Heads of a q or k matrix whose rows pair neighbours; 0: rows stay.
int64_t rotated_heads(const GgufFamily& family, const ModelSpec& spec, const std::string& gguf) {
  if (!family.rotates_pairs) return 0;
  const AttentionSpec& attention = spec.layers.at(0).attention;
  if (gguf.ends_with(".attn_q.weight") || gguf.ends_with(".attn_q.bias")) return attention.n_head;
  return gguf.ends_with(".attn_k.weight") || gguf.ends_with(".attn_k.bias") ? attention.n_kv_head : 0;
}

void check_heads(const GgufFile::Tensor& tensor, int64_t n_head, const std::string& where) {
  if (n_head > 0 && (tensor.shape.empty() || tensor.shape[0] % (2 * n_head) != 0))
    fail(where, "expected rows for {} heads, got {}", n_head, tensor.shape.empty() ? 0 : tensor.shape[0]);
}

std::optional<at::ScalarType> plain_type(const BlockType* type) {
  if (!type || type->values != 1) return std::nullopt;
  const std::string_view name = type->name;
  return name == "F32" ? at::kFloat : name == "F16" ? at::kHalf : at::kBFloat16;
}

/// Blocks as they lie in the file.
class BlockWeight : public PackedWeight {
 public:
  BlockWeight(std::shared_ptr<const GgufFile> file, std::string name, int64_t rotated_heads)
      : file_(std::move(file)), name_(std::move(name)), rotated_heads_(rotated_heads) {}
  at::Tensor dequantize() const override {
    const at::Tensor values = decode_tensor(*file_, name_);
    return rotated_heads_ > 0 ? split_halves_from_pairs(values, rotated_heads_) : values;
  }
  std::vector<int64_t> shape() const override { return file_->tensors().at(name_).shape; }

 private:
  std::shared_ptr<const GgufFile> file_;
  std::string name_;
  int64_t rotated_heads_;
};

/// A view of the mapping; rows are put in order where they need it.
Weight dense_weight(const std::shared_ptr<const GgufFile>& file, const GgufFile::Tensor& tensor, at::ScalarType dtype,
                    int64_t heads) {
  return {.file = file->path().string(), .dtype = dtype, .shape = tensor.shape, .read = [=] {
            auto* data = const_cast<uint8_t*>(file->data(tensor));  // the mapping is private and writable
            const at::Tensor view = at::from_blob(
                data, tensor.shape, [file](void*) {}, at::TensorOptions().dtype(dtype));
            return heads > 0 ? split_halves_from_pairs(view, heads) : view;
          }};
}

/// GPT-2's linear layers: GGUF holds (out, in), the hub (in, out).
void turn_conv1d(ModelFiles& files, const ModelSpec& spec) {
  const auto turn = [&](const LinearSpec& linear) {
    const auto found = files.weights.find(linear.name + ".weight");
    if (!linear.transposed || found == files.weights.end() || found->second.shape.size() != 2) return;
    Weight& weight = found->second;
    std::swap(weight.shape[0], weight.shape[1]);
    weight.read = [read = weight.read] { return read().t(); };
  };
  for (const LayerSpec& layer : spec.layers) {
    for (const LinearSpec& linear : layer.attention.qkv) turn(linear);
    for (const LinearSpec* linear : {&layer.attention.out, &layer.ffn.up, &layer.ffn.down}) turn(*linear);
  }
}

}  // namespace

ModelFiles open_gguf_model(const std::filesystem::path& path) {
  const auto file = std::make_shared<const GgufFile>(GgufFile::open(path));
  const GgufFamily& family = family_of_file(*file);
  ModelFiles files;
  files.path = path;
  files.config = config_of_gguf(*file, family);
  const ModelSpec spec = parse_model_spec(files.config, path.string());
  for (const auto& [name, tensor] : file->tensors()) {
    if (is_table(name)) continue;
    const std::string where = path.string() + ": " + name;
    const auto hub = hub_name(family, name);
    if (!hub) fail(where, "expected tensors of {}, got a name that it has not", family.architecture);
    const int64_t heads = rotated_heads(family, spec, name);
    check_heads(tensor, heads, where);
    if (const auto dtype = plain_type(tensor.type)) {
      files.weights[*hub] = dense_weight(file, tensor, *dtype, heads);
    } else {
      if (!tensor.type) decode_tensor(*file, name);  // says which types are ours
      files.packed[*hub] = std::make_shared<BlockWeight>(file, name, heads);
    }
  }
  turn_conv1d(files, spec);
  return files;
}

}  // namespace llmbox
