// Adapter folders in PEFT's format: adapter_config.json and adapter_model.safetensors.
#include <ATen/ATen.h>
#include <fmt/ostream.h>

#include <cmath>
#include <set>

#include "adapter/lora.h"
#include "adapter/lora_linear.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "tensor/safetensors.h"

namespace llmbox {

namespace {

namespace fs = std::filesystem;

constexpr const char* kConfigName = "adapter_config.json";
constexpr const char* kWeightsName = "adapter_model.safetensors";
constexpr std::string_view kPrefix = "base_model.model.";
constexpr std::string_view kEndA = ".lora_A.weight";
constexpr std::string_view kEndB = ".lora_B.weight";

/// A key of the pattern fits where it is an end of the layer's name.
template <class T>
T by_pattern(const Json& config, const char* key, const std::string& name, T otherwise) {
  if (!config.contains(key) || !config[key].is_object()) return otherwise;
  for (const auto& [end, value] : config[key].items())
    if (name == end || name.ends_with("." + end)) return value.template get<T>();
  return otherwise;
}

/// Methods that are more than A and B would be silently wrong.
void refuse_other_methods(const Json& config, const std::string& where) {
  const std::string type = config.value("peft_type", "none");
  if (type != "LORA") fail(where, "expected the peft_type LORA, got '{}'", type);
  if (config.contains("use_dora") && config["use_dora"] == true) fail(where, "expected plain LoRA, got use_dora");
  if (config.contains("bias") && config["bias"] != "none")
    fail(where, "expected bias 'none', got {}", config["bias"].dump());
  if (config.contains("modules_to_save") && config["modules_to_save"].is_array() && !config["modules_to_save"].empty())
    fail(where, "expected LoRA on linear layers only, got modules_to_save {}", config["modules_to_save"].dump());
}

LoraConfig parse_config(const Json& json, const std::string& where) {
  refuse_other_methods(json, where);
  LoraConfig config;
  try {
    config.r = json.at("r").get<int>();
    config.alpha = json.at("lora_alpha").get<double>();
    config.dropout = json.value("lora_dropout", 0.0);
    config.rslora = json.value("use_rslora", false);
    const Json& targets = json.at("target_modules");
    config.target_modules =
        targets.is_string() ? std::vector{targets.get<std::string>()} : targets.get<std::vector<std::string>>();
    if (json.contains("base_model_name_or_path") && json["base_model_name_or_path"].is_string())
      config.base_model = json["base_model_name_or_path"].get<std::string>();
  } catch (const Json::exception& error) {
    fail(where, "expected r, lora_alpha and target_modules of a LoRA, got '{}'", error.what());
  }
  if (config.r < 1) fail(where, "expected r of 1 or more, got {}", config.r);
  return config;
}

/// A and B of one layer, checked against it.
std::pair<at::Tensor, at::Tensor> read_pair(const SafetensorsFile& file, const std::string& base, const Linear& layer) {
  const at::Tensor a = file.tensor(base + std::string(kEndA));
  const at::Tensor b = file.tensor(base + std::string(kEndB));
  const std::string where = file.path().string() + ": " + base;
  if (a.dim() != 2 || b.dim() != 2 || a.size(1) != layer.in_features() || b.size(0) != layer.out_features() ||
      a.size(0) != b.size(1))
    fail(where, "expected A (r, {}) and B ({}, r), got {} and {}; is it an adapter of this model?", layer.in_features(),
         layer.out_features(), fmt::streamed(a.sizes()), fmt::streamed(b.sizes()));
  if (!at::isFloatingType(a.scalar_type()) || !at::isFloatingType(b.scalar_type()))
    fail(where, "expected floating point data, got {}", safetensors_dtype(a.scalar_type()));
  const at::Device device = layer.dequantize().device();
  // Copies: training writes to them, and the folder may be replaced meanwhile.
  return {a.to(device, at::kFloat, false, true), b.to(device, at::kFloat, false, true)};
}

void refuse_unused(const SafetensorsFile& file, const std::set<std::string>& used) {
  for (const std::string& name : file.names())
    if (!used.contains(name))
      fail(file.path().string(), "expected LoRA tensors of this model's layers, got '{}'", name);
}

/// The loaded config, or a new one of the keys that PEFT needs.
Json config_to_save(const LoraShared& shared, const std::set<std::string>& targets, bool transposed) {
  if (shared.peft_config.is_object()) return shared.peft_config;
  const LoraConfig& config = shared.config;
  Json json = {{"base_model_name_or_path", config.base_model},
               {"bias", "none"},
               {"fan_in_fan_out", transposed},
               {"inference_mode", true},
               {"init_lora_weights", true},
               {"lora_alpha", config.alpha},
               {"lora_dropout", config.dropout},
               {"modules_to_save", nullptr},
               {"peft_type", "LORA"},
               {"r", config.r},
               {"target_modules", config.target_modules},
               {"task_type", "CAUSAL_LM"},
               {"use_dora", false},
               {"use_rslora", config.rslora}};
  // PEFT matches ends of names as we do, but knows no "all".
  for (const std::string& target : config.target_modules)
    if (target == "all" || target == "all-linear") json["target_modules"] = targets;
  return json;
}

}  // namespace

NamedTensors load_adapter(Decoder& decoder, const fs::path& folder, bool trainable) {
  const std::string where = (folder / kConfigName).string();
  const Json json = read_json_file(folder / kConfigName);
  if (!json.is_object()) fail(where, "expected a JSON object, got {}", json.type_name());
  auto shared = std::make_shared<LoraShared>(LoraShared{parse_config(json, where), json, {}});
  const LoraConfig& config = shared->config;
  const SafetensorsFile file = SafetensorsFile::open(folder / kWeightsName);
  if (trainable)
    for (const auto& [name, tensor] : decoder.parameters()) at::Tensor(tensor).requires_grad_(false);
  std::set<std::string> used;
  uint64_t number = 0;
  decoder.rewrite_linears(
      [&](const std::string& name, const std::shared_ptr<Linear>& layer) -> std::shared_ptr<Linear> {
        const std::string base = std::string(kPrefix) + name;
        if (!file.contains(base + std::string(kEndA))) return nullptr;
        auto [a, b] = read_pair(file, base, *layer);
        used.insert(base + std::string(kEndA));
        used.insert(base + std::string(kEndB));
        const double rank = by_pattern<double>(json, "rank_pattern", name, config.r);
        if (a.size(0) != static_cast<int64_t>(rank))
          fail(file.path().string() + ": " + base, "expected rank {} by {}, got {}", rank, kConfigName, a.size(0));
        const double alpha = by_pattern<double>(json, "alpha_pattern", name, config.alpha);
        a.requires_grad_(trainable);
        b.requires_grad_(trainable);
        auto lora = std::make_shared<LoraLinear>(layer, a, b, alpha / (config.rslora ? std::sqrt(rank) : rank));
        lora->share(shared, number++);
        return lora;
      });
  refuse_unused(file, used);
  return adapter_parameters(decoder);
}

void save_adapter(Decoder& decoder, const fs::path& folder) {
  std::shared_ptr<LoraShared> shared;
  std::set<std::string> targets;
  NamedTensors tensors;
  bool transposed = false;
  decoder.rewrite_linears(
      [&](const std::string& name, const std::shared_ptr<Linear>& layer) -> std::shared_ptr<Linear> {
        const auto* lora = dynamic_cast<const LoraLinear*>(layer.get());
        if (!lora) return nullptr;
        shared = lora->shared();
        const size_t last = name.rfind('.');
        targets.insert(last == std::string::npos ? name : name.substr(last + 1));
        tensors.emplace_back(std::string(kPrefix) + name + std::string(kEndA), lora->a());
        tensors.emplace_back(std::string(kPrefix) + name + std::string(kEndB), lora->b());
        return nullptr;
      });
  if (!shared) fail(folder.string(), "expected a model with an adapter to save, it has none");
  for (const LayerSpec& layer : decoder.spec().layers) transposed = transposed || layer.ffn.down.transposed;
  fs::create_directories(folder);
  save_safetensors(folder / kWeightsName, tensors);
  write_file_atomically(folder / kConfigName, config_to_save(*shared, targets, transposed).dump(2) + "\n");
}

}  // namespace llmbox
