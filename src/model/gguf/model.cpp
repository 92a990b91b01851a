#include "model/gguf/model.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include "arch/spec.h"
#include "core/error.h"
#include "core/near_name.h"
#include "model/gguf/config.h"
#include "model/gguf/config_rules.h"
#include "model/gguf/layout.h"
#include "tensor/file_mapping.h"

namespace llmbox {

namespace {

/// Not weights of ours: rotary divisors live in the config; a head that the embedding is; layers that only guess ahead.
bool is_unused(const std::string& name, const ModelSpec& spec, const GgufFile& file) {
  if (name == kDivisors || name == kShortFactors || name == kLongFactors || name.ends_with("rot_embd")) return true;
  if (name == "output.weight") return spec.tied_head;
  const bool guesses = name.find(".nextn.") != std::string::npos || gguf_number(file, "nextn_predict_layers") > 0;
  return guesses && name.starts_with("blk.") && std::atoll(name.c_str() + 4) >= spec.n_layer();
}

const GgufFamily& family_of_file(const GgufFile& file) {
  const std::string where = file.path().string();
  const Json architecture = file.metadata().value("general.architecture", Json());
  if (!architecture.is_string()) fail(where, "expected the key 'general.architecture', found none");
  std::vector<std::string> names;
  for (const GgufFamily& family : gguf_families()) names.emplace_back(family.architecture);
  const auto* family = find_gguf_family_of_file(file);
  if (!family)
    fail(where + ": general.architecture", "expected an architecture that llmbox knows as GGUF, got '{}'; try {}",
         architecture.get<std::string>(), near_names(architecture.get<std::string>(), names, 1));
  return *family;
}

std::optional<at::ScalarType> plain_type(const BlockType* type) {
  if (!type || type->values != 1) return std::nullopt;
  const std::string_view name = type->name;
  return name == "F32" ? at::kFloat : name == "F16" ? at::kHalf : at::kBFloat16;
}

at::Tensor join_parts(const HubTensor& tensor, const std::vector<at::Tensor>& parts) {
  return tensor.join ? tensor.join(parts) : parts[0];
}

/// Blocks as they lie in the file. Linear layers are (out, in) here, whatever the hub's file has.
class BlockWeight : public PackedWeight {
 public:
  BlockWeight(std::shared_ptr<const GgufFile> file, HubTensor tensor) : file_(std::move(file)), tensor_(tensor) {
    if (!tensor_.turned) return;
    std::swap(tensor_.shape[0], tensor_.shape[1]);
    tensor_.join = {};
  }
  at::Tensor dequantize() const override {
    std::vector<at::Tensor> parts;
    for (const GgufSlice& slice : tensor_.parts)
      parts.push_back(decode_tensor(*file_, slice.name, slice.first, slice.count));
    return join_parts(tensor_, parts).contiguous();
  }
  std::vector<int64_t> shape() const override { return tensor_.shape; }
  at::Tensor dequantize_once() const override {
    for (const GgufSlice& slice : tensor_.parts) file_->mapping(file_->tensors().at(slice.name))->release_pages();
    return dequantize();
  }

 private:
  std::shared_ptr<const GgufFile> file_;
  HubTensor tensor_;
};

/// A view of the mapping.
at::Tensor view_of(const std::shared_ptr<const GgufFile>& file, const GgufSlice& slice) {
  const GgufFile::Tensor& tensor = file->tensors().at(slice.name);
  auto* data = const_cast<uint8_t*>(file->data(tensor));  // the mapping is private and writable
  const at::Tensor whole = at::from_blob(
      data, tensor.shape, [file](void*) {}, at::TensorOptions().dtype(*plain_type(tensor.type)));
  return slice.count > 0 ? whole.narrow(0, slice.first, slice.count) : whole;
}

Weight dense_weight(const std::shared_ptr<const GgufFile>& file, const HubTensor& tensor) {
  const GgufFile::Tensor& first = file->tensors().at(tensor.parts[0].name);
  const auto dtype = *plain_type(first.type);
  const auto read = [file, tensor] {
    std::vector<at::Tensor> parts;
    for (const GgufSlice& slice : tensor.parts) parts.push_back(view_of(file, slice));
    return join_parts(tensor, parts);
  };
  return {.file = file->path().string(),
          .dtype = dtype,
          .shape = tensor.shape,
          .read = read,
          .mapping = file->mapping(first)};
}

/// Every tensor of the file belongs to the layout and has its shape, up to dimensions of 1.
void check_tensors(const GgufFile& file, const GgufLayout& layout, const ModelSpec& spec, const GgufFamily& family) {
  std::map<std::string, const GgufTensor*> known;
  for (const GgufTensor& tensor : layout.gguf) known[tensor.name] = &tensor;
  for (const auto& [name, tensor] : file.tensors()) {
    const std::string where = file.path().string() + ": " + name;
    const auto found = known.find(name);
    if (found == known.end()) {
      if (is_unused(name, spec, file)) continue;
      fail(where, "expected tensors of {}, got a name that it has not", family.architecture);
    }
    std::vector<int64_t> shape = tensor.shape, expected = found->second->shape;
    std::erase(shape, 1);
    std::erase(expected, 1);
    if (shape != expected)
      fail(where, "expected shape [{}] by the metadata, got [{}]", fmt::join(found->second->shape, ", "),
           fmt::join(tensor.shape, ", "));
    if (!tensor.type) decode_tensor(file, name);  // says which types are ours
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
  const Json halved = gguf_number(*file, "rescale_every_n_layers");
  const GgufLayout layout = gguf_layout(spec, family, halved.is_number_unsigned() ? halved.get<int64_t>() : 0);
  check_tensors(*file, layout, spec, family);
  for (const auto& [hub, tensor] : layout.hub) {
    bool complete = true, plain = true;
    for (const GgufSlice& slice : tensor.parts) {
      const auto found = file->tensors().find(slice.name);
      complete = complete && found != file->tensors().end();
      plain = plain && complete && plain_type(found->second.type);
    }
    if (!complete) continue;  // the reader says what it misses
    if (plain)
      files.weights[hub] = dense_weight(file, tensor);
    else
      files.packed[hub] = std::make_shared<BlockWeight>(file, tensor);
  }
  return files;
}

}  // namespace llmbox
