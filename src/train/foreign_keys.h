// LLaMA-Factory's keys that a recipe may hold but that TrainConfig does not: keys without a meaning here (other
// libraries' switches, where a hub is, how workers are launched) are taken out and reported; keys of features that this
// program does not have give one Error unless they are switched off.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/json.h"

namespace llmbox {

struct ForeignKey {
  const char* name;
  const char* reason;  // why it has no meaning here, or what is missing
};

/// Accepted, without effect.
std::span<const ForeignKey> ignored_keys();
/// Refused when switched on.
std::span<const ForeignKey> refused_keys();

/// Removes every foreign key of `recipe` and returns the names of those with a value that has no effect. Throws Error
/// naming all refused keys at once.
std::vector<std::string> take_foreign_keys(Json& recipe, const std::string& where);

}  // namespace llmbox
