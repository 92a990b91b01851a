// How layers get their weights and how they show them. A ParameterSource hands out the tensor of a name (from files, or
// random) and layers that are more than tensors; visitors walk the parameters and the linear layers of a model in the
// order of the parameter table.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>

#include "arch/spec.h"
#include "model/linear.h"

namespace llmbox {

class ParameterSource {
 public:
  using TensorOf = std::function<at::Tensor(const std::string& name)>;
  using LayerOf = std::function<std::shared_ptr<Linear>(const LinearSpec& spec)>;

  explicit ParameterSource(TensorOf tensor_of, LayerOf layer_of = {})
      : tensor_of_(std::move(tensor_of)), layer_of_(std::move(layer_of)) {}
  /// The tensor in the compute dtype, of the shape in the parameter table.
  at::Tensor operator()(const std::string& name) const { return tensor_of_(name); }
  /// The layer where its files hold it in a form of its own; null: its tensors make it.
  std::shared_ptr<Linear> layer(const LinearSpec& spec) const { return layer_of_ ? layer_of_(spec) : nullptr; }

 private:
  TensorOf tensor_of_;
  LayerOf layer_of_;
};

using ParameterVisitor = std::function<void(const std::string& name, const at::Tensor& tensor)>;
using LinearVisitor = std::function<void(const LinearSpec& spec, std::shared_ptr<Linear>& layer)>;

std::shared_ptr<Linear> make_linear(const LinearSpec& spec, const ParameterSource& source);

/// Shows each parameter of the layer under "NAME.parameter".
void visit_linear(const LinearSpec& spec, const Linear& layer, const ParameterVisitor& visit);

}  // namespace llmbox
