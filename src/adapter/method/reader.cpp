#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include "adapter/method/method.h"
#include "core/error.h"

namespace llmbox {

namespace {

constexpr const char* kModelPrefix = "base_model.";

bool fits(const std::vector<int64_t>& shape, const std::vector<int64_t>& expected) {
  if (shape.size() != expected.size()) return false;
  for (size_t i = 0; i < shape.size(); ++i)
    if (expected[i] != -1 && shape[i] != expected[i]) return false;
  return true;
}

}  // namespace

bool is_name_end(std::string_view name, std::string_view end) {
  return name.ends_with(end) && (name.size() == end.size() || name[name.size() - end.size() - 1] == '.');
}

AdapterReader::AdapterReader(const std::filesystem::path& folder, bool trainable)
    : where_((folder / kAdapterConfig).string()), trainable_(trainable), state_(std::make_shared<AdapterState>()) {
  state_->peft_config = read_json_file(folder / kAdapterConfig);
  if (!config().is_object()) fail(where_, "expected a JSON object, got {}", config().type_name());
  weights_ = open_weight_folder(folder, "adapter_model");
}

std::string AdapterReader::file_name(const std::string& layer, const std::string& name) {
  return layer.empty() ? kModelPrefix + name : std::string(kLayerPrefix) + layer + "." + name;
}

bool AdapterReader::has(const std::string& layer, const std::string& name) const {
  return weights_.contains(file_name(layer, name));
}

at::Tensor AdapterReader::take(const std::string& layer, const std::string& name, std::initializer_list<int64_t> shape,
                               at::Device device) {
  const std::string full = file_name(layer, name);
  const Weight& weight = find_weight(weights_, full, where_);
  if (!at::isFloatingType(weight.dtype))
    fail(weight.file + ": " + full, "expected floating point data, got {}", at::toString(weight.dtype));
  if (!fits(weight.shape, shape))
    fail(weight.file + ": " + full, "expected shape ({}) where -1 is free, got ({}); is it an adapter of this model?",
         fmt::join(shape, ", "), fmt::join(weight.shape, ", "));
  used_.insert(full);
  // A copy: training writes to it, and the folder may be replaced meanwhile.
  at::Tensor tensor = weight.read().to(device, at::kFloat, false, true).contiguous();
  return tensor.requires_grad_(trainable_);
}

void AdapterReader::refuse_unused() const {
  for (const auto& [name, weight] : weights_)
    if (!used_.contains(name)) fail(weight.file, "expected adapter tensors of this model's layers, got '{}'", name);
}

double AdapterReader::number(const char* key) const {
  if (!config().contains(key) || !config()[key].is_number())
    fail(where_, "expected a number '{}', got {}", key, config().contains(key) ? config()[key].dump() : "none");
  return config()[key].get<double>();
}

double AdapterReader::number(const char* key, double fallback) const {
  return config().contains(key) && !config()[key].is_null() ? number(key) : fallback;
}

bool AdapterReader::flag(const char* key) const { return config().contains(key) && config()[key] == true; }

double AdapterReader::by_pattern(const char* pattern, const std::string& layer, double otherwise) const {
  if (!config().contains(pattern) || !config()[pattern].is_object()) return otherwise;
  for (const auto& [end, value] : config()[pattern].items()) {
    if (!value.is_number()) fail(where_ + ": " + pattern, "expected numbers, got {}", value.dump());
    if (is_name_end(layer, end)) return value.get<double>();
  }
  return otherwise;
}

bool AdapterReader::lists(const char* key, const std::string& layer) const {
  if (!config().contains(key) || !config()[key].is_array()) return false;
  for (const Json& word : config()[key])
    if (word.is_string() && is_name_end(layer, word.get<std::string>())) return true;
  return false;
}

}  // namespace llmbox
