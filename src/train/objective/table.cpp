#include <vector>

#include "core/error.h"
#include "core/near_name.h"
#include "train/objective/causal_lm.h"
#include "train/objective/objective.h"

namespace llmbox {
namespace {

constexpr ObjectiveKind kObjectives[] = {
    {"pt", "next-token cross entropy over text", make_causal_lm},
    {"sft", "next-token cross entropy over replies", make_causal_lm},
};

}  // namespace

std::span<const ObjectiveKind> objective_kinds() { return kObjectives; }

std::unique_ptr<Objective> make_objective(const std::string& name) {
  std::vector<std::string> names;
  for (const ObjectiveKind& kind : kObjectives) {
    if (name == kind.name) return kind.make();
    names.emplace_back(kind.name);
  }
  fail("stage", "expected a stage, got '{}'; try {}", name, near_names(name, names));
}

}  // namespace llmbox
