#include "adapter/lora.h"

#include <ATen/ATen.h>

#include <cmath>
#include <set>

#include "adapter/lora_linear.h"
#include "core/error.h"
#include "core/near_name.h"
#include "model/layers/transposed_linear.h"

namespace llmbox {

namespace {

/// "self_attn.q_proj" is an end of "model.layers.0.self_attn.q_proj"; "proj" is not.
bool is_end(const std::string& name, const std::string& end) {
  return name == end || (name.size() > end.size() && name.ends_with(end) && name[name.size() - end.size() - 1] == '.');
}

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
      const bool hit = target == "all" || target == "all-linear" ? !is_head : is_end(name, target);
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

template <class Visit>
void visit_adapted(Decoder& decoder, const Visit& visit) {
  decoder.rewrite_linears(
      [&](const std::string& name, const std::shared_ptr<Linear>& layer) -> std::shared_ptr<Linear> {
        if (auto* lora = dynamic_cast<LoraLinear*>(layer.get())) visit(name, *lora);
        return nullptr;
      });
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
  auto shared = std::make_shared<LoraShared>(LoraShared{config, nullptr, {}});
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
        auto lora = std::make_shared<LoraLinear>(layer, a, b, scale);
        lora->share(shared, number++);
        return lora;
      });
  return adapter_parameters(decoder);
}

void merge_adapters(Decoder& decoder) {
  const at::NoGradGuard no_grad;
  decoder.rewrite_linears([](const std::string&, const std::shared_ptr<Linear>& layer) -> std::shared_ptr<Linear> {
    const Linear* base = layer.get();
    while (const auto* lora = dynamic_cast<const LoraLinear*>(base)) base = lora->base().get();
    if (base == layer.get()) return nullptr;
    if (dynamic_cast<const TransposedLinear*>(base))
      return std::make_shared<TransposedLinear>(layer->dequantize().t(), layer->bias());
    return std::make_shared<DenseLinear>(layer->dequantize(), layer->bias());
  });
}

NamedTensors adapter_parameters(Decoder& decoder) {
  NamedTensors all;
  visit_adapted(decoder, [&](const std::string& name, const LoraLinear& lora) {
    all.emplace_back(name + ".lora_A.weight", lora.a());
    all.emplace_back(name + ".lora_B.weight", lora.b());
  });
  return all;
}

void set_lora_dropout(Decoder& decoder, std::optional<uint64_t> seed) {
  visit_adapted(decoder, [&](const std::string&, const LoraLinear& lora) { lora.shared()->dropout_seed = seed; });
}

}  // namespace llmbox
