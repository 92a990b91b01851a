#include "model/recompute.h"

#include <ATen/ATen.h>
#include <ATen/core/ivalue.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

namespace llmbox {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Carries the function and its parameters through the autograd context.
struct Recipe : torch::CustomClassHolder {
  Recipe(TensorFunction f, std::vector<at::Tensor> p) : function(std::move(f)), parameters(std::move(p)) {}
  TensorFunction function;
  std::vector<at::Tensor> parameters;
};

class Recompute : public torch::autograd::Function<Recompute> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, at::TensorList parameters,
                            const TensorFunction& function) {
    context->save_for_backward({x});
    auto recipe = c10::make_intrusive<Recipe>(function, parameters.vec());
    context->saved_data["recipe"] = c10::IValue::make_capsule(std::move(recipe));
    return function(x);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto capsule = context->saved_data["recipe"].toCapsule();
    const auto& recipe = static_cast<const Recipe&>(*capsule);
    const at::Tensor saved = context->get_saved_variables()[0];
    const at::AutoGradMode with_grad(true);
    const at::Tensor x = saved.detach().set_requires_grad(saved.requires_grad());
    const at::Tensor y = recipe.function(x);

    variable_list inputs;
    if (x.requires_grad()) inputs.push_back(x);
    inputs.insert(inputs.end(), recipe.parameters.begin(), recipe.parameters.end());
    variable_list result = torch::autograd::grad({y}, inputs, {gradients[0]}, false, false, true);
    if (!x.requires_grad()) result.insert(result.begin(), at::Tensor());
    result.emplace_back();  // the function itself
    return result;
  }
};

}  // namespace

at::Tensor recomputed(const TensorFunction& function, const at::Tensor& x, const std::vector<at::Tensor>& parameters) {
  return Recompute::apply(x, at::TensorList(parameters), function);
}

}  // namespace llmbox
