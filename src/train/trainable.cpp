#include "train/trainable.h"

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/near_name.h"
#include "core/rng.h"

namespace llmbox {
namespace {

/// "model.layers.3.self_attn.q_proj.weight" → {3, "self_attn.q_proj.weight"}; outside the layers {-1, name}.
struct NamePlace {
  int64_t layer = -1;
  std::string rest;
};

NamePlace place_of(const std::string& name) {
  for (size_t begin = 0; begin < name.size();) {
    size_t end = std::min(name.find('.', begin), name.size());
    std::string part = name.substr(begin, end - begin);
    if (!part.empty() && std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; }))
      return {std::stoll(part), name.substr(std::min(end + 1, name.size()))};
    begin = end + 1;
  }
  return {-1, name};
}

/// The parts of a dotted name without its last ("weight", "bias").
std::vector<std::string> module_parts(const std::string& name) {
  std::vector<std::string> parts;
  for (size_t begin = 0, end; (end = name.find('.', begin)) != std::string::npos; begin = end + 1)
    parts.push_back(name.substr(begin, end - begin));
  return parts;
}

bool names_module(const std::string& name, const std::vector<std::string>& wanted) {
  std::vector<std::string> parts = module_parts(name);
  return std::ranges::any_of(parts,
                             [&](const std::string& part) { return std::ranges::find(wanted, part) != wanted.end(); });
}

void require_known(const std::vector<std::string>& wanted, const std::set<std::string>& known, const char* key) {
  const std::vector<std::string> all(known.begin(), known.end());
  for (const std::string& name : wanted)
    if (!known.contains(name)) fail(key, "expected modules of this model, got '{}'; try {}", name, quoted_names(all));
}

NamedTensors lora_parameters(Decoder& model, const TrainConfig& config, const std::filesystem::path& checkpoint) {
  std::vector<std::string> adapters = config.model.adapter_name_or_path;
  if (!checkpoint.empty()) {
    // A resumed run starts from the same base: the earlier adapters merged, the one in training from the checkpoint.
    if (!adapters.empty()) adapters.pop_back();
    adapters.push_back(checkpoint);
  }
  for (size_t i = 0; i + 1 < adapters.size(); ++i) {
    load_adapter(model, adapters[i], /*trainable=*/false);
    merge_adapters(model);
  }
  if (!adapters.empty()) return load_adapter(model, adapters.back(), /*trainable=*/true);
  LoraConfig lora;
  lora.r = static_cast<int>(config.model.lora_rank);
  lora.alpha = config.lora_alpha();
  lora.dropout = config.model.lora_dropout;
  lora.target_modules = config.model.lora_target;
  lora.rslora = config.model.use_rslora;
  lora.base_model = config.model.model_name_or_path;
  Rng rng(static_cast<uint64_t>(config.step.seed), 1);
  return attach_lora(model, lora, rng);
}

}  // namespace

std::vector<std::string> freeze_choice(const std::vector<std::string>& names, const ModelChoice& choice) {
  int64_t n_layer = 0;
  std::set<std::string> inside, outside;
  for (const std::string& name : names) {
    NamePlace place = place_of(name);
    n_layer = std::max(n_layer, place.layer + 1);
    for (const std::string& part : module_parts(place.rest)) (place.layer < 0 ? outside : inside).insert(part);
  }
  const int64_t n = choice.freeze_trainable_layers;
  if (std::abs(n) > n_layer)
    fail("freeze_trainable_layers", "expected at most the {} layers of the model, got {}", n_layer, n);
  const bool all = choice.freeze_trainable_modules == std::vector<std::string>{"all"};
  if (!all) require_known(choice.freeze_trainable_modules, inside, "freeze_trainable_modules");
  require_known(choice.freeze_extra_modules, outside, "freeze_extra_modules");
  std::vector<std::string> out;
  for (const std::string& name : names) {
    NamePlace place = place_of(name);
    const bool in_layers = place.layer >= 0 && (n >= 0 ? place.layer >= n_layer - n : place.layer < -n);
    if (place.layer < 0 ? names_module(name, choice.freeze_extra_modules)
                        : in_layers && (all || names_module(place.rest, choice.freeze_trainable_modules)))
      out.push_back(name);
  }
  return out;
}

NamedTensors choose_trainable(Decoder& model, const TrainConfig& config, const std::filesystem::path& checkpoint) {
  NamedTensors all = model.parameters();
  for (auto& [name, tensor] : all) tensor.requires_grad_(config.model.finetuning_type == "full");
  if (config.model.finetuning_type == "full") return all;
  if (config.model.finetuning_type == "lora") return lora_parameters(model, config, checkpoint);
  std::vector<std::string> names;
  for (const auto& [name, tensor] : all) names.push_back(name);
  const std::vector<std::string> chosen = freeze_choice(names, config.model);
  NamedTensors out;
  for (auto& [name, tensor] : all) {
    if (std::ranges::find(chosen, name) == chosen.end()) continue;
    tensor.requires_grad_(true);
    out.emplace_back(name, tensor);
  }
  return out;
}

}  // namespace llmbox
