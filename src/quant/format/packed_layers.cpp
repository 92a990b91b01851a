#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "quant/format/format.h"

namespace llmbox {

namespace {

/// Made dense by a function over mapped tensors.
class FormulaWeight : public PackedWeight {
 public:
  FormulaWeight(std::vector<int64_t> shape, std::function<at::Tensor()> dense)
      : shape_(std::move(shape)), dense_(std::move(dense)) {}
  at::Tensor dequantize() const override {
    const at::NoGradGuard no_grad;
    at::Tensor dense = dense_().contiguous();
    CHECK(dense.sizes() == shape_ && dense.scalar_type() == at::kFloat, "{} dimensions", dense.dim());
    return dense;
  }
  std::vector<int64_t> shape() const override { return shape_; }

 private:
  std::vector<int64_t> shape_;
  std::function<at::Tensor()> dense_;
};

}  // namespace

int64_t PackedLayers::integer(const char* key, std::optional<int64_t> fallback) const {
  if (config_.contains(key) && config_[key].is_number_integer()) return config_[key].get<int64_t>();
  if (fallback && (!config_.contains(key) || config_[key].is_null())) return *fallback;
  fail(where_, "expected an integer '{}', got {}", key, config_.contains(key) ? config_[key].dump() : "none");
}

std::vector<std::string> PackedLayers::layers_with(const std::string& end) const {
  std::vector<std::string> layers;
  for (const auto& [name, weight] : files_.weights)
    if (name.ends_with(end)) layers.push_back(name.substr(0, name.size() - end.size()));
  return layers;
}

at::Tensor PackedLayers::take(const std::string& name, std::initializer_list<at::ScalarType> types) {
  const Weight weight = at(name);
  if (std::find(types.begin(), types.end(), weight.dtype) == types.end())
    refuse(name,
           fmt::format("expected data of type {}, got {}", at::toString(*types.begin()), at::toString(weight.dtype)));
  files_.weights.erase(name);
  return weight.read();
}

void PackedLayers::put(const std::string& name, std::vector<int64_t> shape, std::function<at::Tensor()> dense) {
  files_.packed[name] = std::make_shared<FormulaWeight>(std::move(shape), std::move(dense));
}

void PackedLayers::refuse(const std::string& name, const std::string& message) const {
  const auto found = files_.weights.find(name);
  throw Error((found == files_.weights.end() ? files_.path.string() : found->second.file) + ": " + name, message);
}

void PackedLayers::expect_shape(const std::string& name, const at::Tensor& tensor,
                                std::initializer_list<int64_t> shape) const {
  if (tensor.sizes() != at::IntArrayRef(shape))
    refuse(name, fmt::format("expected shape [{}] beside the codes, got [{}]", fmt::join(shape, ", "),
                             fmt::join(tensor.sizes(), ", ")));
}

}  // namespace llmbox
