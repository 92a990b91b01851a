// How layers get their weights and how they show them. A ParameterSource hands out the tensor of a name (from files, or
// random); visitors walk the parameters and the linear layers of a model in the order of the parameter table.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>

#include "arch/spec.h"
#include "model/linear.h"

namespace llmbox {

/// name → tensor in the compute dtype, of the shape in the parameter table.
using ParameterSource = std::function<at::Tensor(const std::string& name)>;
using ParameterVisitor = std::function<void(const std::string& name, const at::Tensor& tensor)>;
using LinearVisitor = std::function<void(const LinearSpec& spec, std::shared_ptr<Linear>& layer)>;

std::shared_ptr<Linear> make_linear(const LinearSpec& spec, const ParameterSource& source);

/// Shows each parameter of the layer under "NAME.parameter".
void visit_linear(const LinearSpec& spec, const Linear& layer, const ParameterVisitor& visit);

}  // namespace llmbox
