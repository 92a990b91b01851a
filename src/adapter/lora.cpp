#include "adapter/lora.h"

#include <ATen/ATen.h>

#include <cmath>
#include <set>

#include "adapter/lora_linear.h"
#include "adapter/method/method.h"
#include "core/error.h"
#include "core/near_name.h"

namespace llmbox {

namespace {

std::vector<std::string> linear_names(Decoder& decoder) {
  std::vector<std::string> names;
  decoder.rewrite_linears([&](const std::string& name, const std::shared_ptr<Linear>&) -> std::shared_ptr<Linear> {
    names.push_back(name);
    return nullptr;
  });
  return names;
}

/// The layers to wrap. Error: a target that fits none.
std::set<std::string> chosen_layers(Decoder& decoder, const LoraConfig& config) {
  const std::vector<std::string> names = linear_names(decoder);
  std::set<std::string> chosen;
  for (const std::string& target : config.target_modules) {
    const size_t before = chosen.size();
    bool known = false;
    std::vector<std::string> ends;
    for (const std::string& name : names) {
      const bool is_head = name == decoder.spec().head.name;
      const bool hit = target == "all" || target == "all-linear" ? !is_head : is_name_end(name, target);
      if (hit) chosen.insert(name);
      known = known || hit;
      ends.push_back(name.substr(name.rfind('.') + 1));
    }
    if (!known && chosen.size() == before)
      fail("lora_target", "expected the end of a linear layer's name, got '{}'; try {}", target,
           near_names(target, ends));
  }
  return chosen;
}

/// PEFT's default for A: uniform with bound 1 / sqrt(in).
at::Tensor random_a(int64_t rank, int64_t in, Rng& rng) {
  at::Tensor a = at::empty({rank, in}, at::kFloat);
  const double bound = 1.0 / std::sqrt(static_cast<double>(in));
  float* data = a.data_ptr<float>();
  for (int64_t i = 0; i < a.numel(); ++i) data[i] = static_cast<float>((2 * rng.uniform() - 1) * bound);
  return a;
}

/// The keys that PEFT needs to open the folder.
Json new_peft_config(const Decoder& decoder, const LoraConfig& config, const std::set<std::string>& chosen) {
  bool transposed = false;
  for (const LayerSpec& layer : decoder.spec().layers) transposed = transposed || layer.ffn.down.transposed;
  Json targets = config.target_modules;
  // PEFT matches ends of names as we do, but knows no "all".
  std::set<std::string> ends;
  for (const std::string& name : chosen) ends.insert(name.substr(name.rfind('.') + 1));
  for (const std::string& target : config.target_modules)
    if (target == "all" || target == "all-linear") targets = ends;
  return {{"base_model_name_or_path", config.base_model},
          {"bias", "none"},
          {"fan_in_fan_out", transposed},
          {"inference_mode", true},
          {"init_lora_weights", true},
          {"lora_alpha", config.alpha},
          {"lora_dropout", config.dropout},
          {"modules_to_save", nullptr},
          {"peft_type", "LORA"},
          {"r", config.r},
          {"target_modules", targets},
          {"task_type", "CAUSAL_LM"},
          {"use_dora", false},
          {"use_rslora", config.rslora}};
}

void validate(const LoraConfig& config) {
  if (config.r < 1) fail("lora_rank", "expected 1 or more, got {}", config.r);
  if (config.dropout < 0 || config.dropout >= 1)
    fail("lora_dropout", "expected a probability below 1, got {}", config.dropout);
}

}  // namespace

NamedTensors attach_lora(Decoder& decoder, const LoraConfig& config, Rng& rng) {
  validate(config);
  const std::set<std::string> chosen = chosen_layers(decoder, config);
  for (const auto& [name, tensor] : decoder.parameters()) at::Tensor(tensor).requires_grad_(false);
  const at::Device device = decoder.parameters().front().second.device();
  auto state = std::make_shared<AdapterState>();
  state->dropout = config.dropout;
  state->peft_config = new_peft_config(decoder, config, chosen);
  const double rank = config.r;
  const double scale = config.alpha / (config.rslora ? std::sqrt(rank) : rank);
  uint64_t number = 0;
  decoder.rewrite_linears(
      [&](const std::string& name, const std::shared_ptr<Linear>& layer) -> std::shared_ptr<Linear> {
        if (!chosen.contains(name)) return nullptr;
        at::Tensor a = random_a(config.r, layer->in_features(), rng).to(device);
        at::Tensor b = at::zeros({layer->out_features(), config.r}, a.options());
        a.requires_grad_(true);
        b.requires_grad_(true);
        auto lora = std::make_shared<LoraLinear>(layer, a, b, scale, state);
        lora->set_number(number++);
        return lora;
      });
  return adapter_parameters(decoder);
}

void set_lora_dropout(Decoder& decoder, std::optional<uint64_t> seed) {
  decoder.rewrite_linears([&](const std::string&, const std::shared_ptr<Linear>& layer) -> std::shared_ptr<Linear> {
    if (const auto* adapted = dynamic_cast<const AdaptedLinear*>(layer.get())) adapted->state()->dropout_seed = seed;
    return nullptr;
  });
}

}  // namespace llmbox
