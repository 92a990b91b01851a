// A layout of quantized checkpoints: turns the tensors that files hold for a layer (codes, scales, zeros) into one
// PackedWeight. One file per layout, one row in table.cpp. All arithmetic is float32, in the order of the layout's
// reference. A layout checks types and shapes of what it takes; Errors name the file and the tensor.
#pragma once

#include <optional>
#include <span>

#include "model/model_files.h"

namespace llmbox {

/// What a layout works on: takes tensors out of the files, puts packed weights in.
class PackedLayers {
 public:
  PackedLayers(ModelFiles& files, const Json& config, std::string where)
      : files_(files), config_(config), where_(std::move(where)) {}

  const Json& config() const { return config_; }  // quantization_config
  const std::string& where() const { return where_; }
  /// An integer of the configuration; Error where it is of another type, or missing without a fallback.
  int64_t integer(const char* key, std::optional<int64_t> fallback = std::nullopt) const;

  /// Every layer that has a tensor "LAYER" + end, as "LAYER".
  std::vector<std::string> layers_with(const std::string& end) const;
  bool has(const std::string& name) const { return files_.weights.contains(name); }
  const Weight& at(const std::string& name) const { return find_weight(files_.weights, name, files_.path.string()); }
  /// Reads a tensor and removes it from the files. Error: absent, or of another type.
  at::Tensor take(const std::string& name, std::initializer_list<at::ScalarType> types);
  void drop(const std::string& name) { files_.weights.erase(name); }
  /// dense: makes the float32 weight of this shape.
  void put(const std::string& name, std::vector<int64_t> shape, std::function<at::Tensor()> dense);
  [[noreturn]] void refuse(const std::string& name, const std::string& message) const;
  /// Error naming the tensor unless `tensor` has this shape.
  void expect_shape(const std::string& name, const at::Tensor& tensor, std::initializer_list<int64_t> shape) const;

 private:
  ModelFiles& files_;
  const Json& config_;
  std::string where_;
};

struct QuantFormat {
  const char* name;  // quant_method
  const char* summary;
  void (*pack)(PackedLayers& layers);
};

std::span<const QuantFormat> quant_formats();

void pack_awq(PackedLayers& layers);
void pack_bitsandbytes(PackedLayers& layers);
void pack_compressed_tensors(PackedLayers& layers);
void pack_fp8(PackedLayers& layers);
void pack_gptq(PackedLayers& layers);
void pack_hqq(PackedLayers& layers);
void pack_mxfp4(PackedLayers& layers);

}  // namespace llmbox
