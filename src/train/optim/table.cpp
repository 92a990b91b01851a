#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/near_name.h"
#include "train/optim/adamw.h"
#include "train/optim/optimizer.h"

namespace llmbox {
namespace {

constexpr OptimizerKind kOptimizers[] = {
    {"adamw_torch", "AdamW", make_adamw},
    {"adamw_torch_fused", "AdamW", make_adamw},
    {"adamw_hf", "AdamW", make_adamw},
};

}  // namespace

std::span<const OptimizerKind> optimizer_kinds() { return kOptimizers; }

std::vector<std::string> optimizer_names() {
  std::vector<std::string> names;
  for (const OptimizerKind& kind : kOptimizers) names.emplace_back(kind.name);
  return names;
}

std::unique_ptr<Optimizer> make_optimizer(const std::string& name, const NamedTensors& parameters,
                                          const OptimizerOptions& options) {
  for (const OptimizerKind& kind : kOptimizers)
    if (name == kind.name) return kind.make(parameters, options);
  fail("optim", "expected an optimizer, got '{}'; try {}", name, near_names(name, optimizer_names()));
}

}  // namespace llmbox
