#include "tensor/differentiable.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace llmbox {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Carries the gradient through the context.
struct Held : torch::CustomClassHolder {
  Held(Gradient g, std::vector<bool> d) : gradient(std::move(g)), defined(std::move(d)) {}
  Gradient gradient;
  std::vector<bool> defined;  // which inputs autograd knows
};

class GraphNode : public torch::autograd::Function<GraphNode> {
 public:
  static at::Tensor forward(AutogradContext* context, at::TensorList, const std::function<Computed()>& compute,
                            c10::intrusive_ptr<Held> held) {
    Computed computed = compute();
    context->save_for_backward(std::move(computed.saved));
    context->saved_data["held"] = c10::IValue::make_capsule(std::move(held));
    return computed.result;
  }

  static variable_list backward(AutogradContext* context, variable_list upstream) {
    const auto capsule = context->saved_data["held"].toCapsule();
    const auto& held = static_cast<const Held&>(*capsule);
    std::vector<at::Tensor> gradients = held.gradient(context->get_saved_variables(), upstream[0].contiguous());
    variable_list known;
    for (size_t i = 0; i < held.defined.size(); ++i)
      if (held.defined[i]) known.push_back(std::move(gradients.at(i)));
    known.resize(known.size() + 2);  // of the two functions
    return known;
  }
};

}  // namespace

at::Tensor differentiable(const std::vector<at::Tensor>& inputs, const std::function<Computed()>& compute,
                          Gradient gradient) {
  std::vector<at::Tensor> known;
  std::vector<bool> defined;
  for (const at::Tensor& input : inputs) {
    defined.push_back(input.defined());
    if (input.defined()) known.push_back(input);
  }
  return GraphNode::apply(at::TensorList(known), compute,
                          c10::make_intrusive<Held>(std::move(gradient), std::move(defined)));
}

}  // namespace llmbox
