// For tests only: comparison of a model's gradients with those of a fixture's reference.json.
#pragma once

#include <gtest/gtest.h>

#include "model/fixture_model.h"

namespace llmbox {

/// LayerNorm's parameters as old files of BERT call them.
inline std::string old_norm_name(const std::string& name) {
  for (const auto& [now, then] :
       {std::pair("LayerNorm.weight", "LayerNorm.gamma"), {"LayerNorm.bias", "LayerNorm.beta"}})
    if (name.ends_with(now)) return name.substr(0, name.size() - std::string_view(now).size()) + then;
  return name;
}

/// The names of a file that leaves out the prefix of the bare model.
inline const Json& gradient_entry(const Json& gradients, const std::string& name, const std::string& prefix) {
  for (const std::string& known : {name, old_norm_name(name)})
    if (gradients.contains(known)) return gradients[known];
  return gradients.at(name.substr(prefix.size()));
}

inline void expect_gradients(const Decoder& model, const Json& gradients) {
  EXPECT_EQ(model.parameters().size(), gradients.size());
  for (const auto& [name, tensor] : model.parameters()) {
    const Json& expected = gradient_entry(gradients, name, model.spec().base_prefix);
    ASSERT_TRUE(tensor.grad().defined()) << name;
    const double norm = expected["norm"].get<double>();
    EXPECT_NEAR(tensor.grad().norm().item<double>(), norm, 1e-3 * norm + 1e-6) << name;
    const at::Tensor flat = tensor.grad().flatten();
    for (size_t i = 0; i < expected["first"].size(); ++i) {
      const double value = expected["first"][i].get<double>();
      EXPECT_NEAR(flat[static_cast<int64_t>(i)].item<double>(), value, 1e-3 * std::abs(value) + 1e-6) << name;
    }
  }
}

}  // namespace llmbox
