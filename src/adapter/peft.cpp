// Adapter folders in PEFT's format: reading, merging, writing.
#include <ATen/ATen.h>

#include <set>

#include "adapter/adapter.h"
#include "adapter/lora_linear.h"
#include "adapter/method/method.h"
#include "adapter/prompt.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/near_name.h"
#include "model/layers/transposed_linear.h"

namespace llmbox {

namespace {

namespace fs = std::filesystem;

constexpr const char* kWeightsName = "adapter_model.safetensors";

const AdapterMethod& find_method(const AdapterReader& reader) {
  const Json given = reader.config().value("peft_type", Json());
  const std::string type = given.is_string() ? given.get<std::string>() : given.dump();
  std::vector<std::string> names;
  std::string all = "PROMPT_TUNING, P_TUNING, PREFIX_TUNING";
  for (const AdapterMethod& method : adapter_methods()) {
    if (type == method.peft_type) return method;
    names.emplace_back(method.peft_type);
    all += (all.empty() ? "" : ", ") + names.back();
  }
  fail(reader.where(), "expected a peft_type that llmbox knows ({}), got '{}'; try {}", all, type,
       near_names(type, names, 1));
}

template <class Visit>
void visit_adapted(Decoder& decoder, const Visit& visit) {
  decoder.rewrite_linears(
      [&](const std::string& name, const std::shared_ptr<Linear>& layer) -> std::shared_ptr<Linear> {
        if (const auto* adapted = dynamic_cast<const AdaptedLinear*>(layer.get())) visit(name, *adapted);
        return nullptr;
      });
}

/// The embedding, which is a parameter and no linear layer: W + s (B A)ᵀ, written into the model.
void add_to_embedding(AdapterReader& reader, const Decoder& decoder, const std::string& name, at::Tensor& weight) {
  const std::string layer = name.substr(0, name.size() - std::string_view(".weight").size());
  if (!reader.has(layer, "lora_embedding_A")) return;
  if (decoder.spec().tied_head)
    fail(reader.where(), "expected an adapter of the embedding alone, the model shares it with its head");
  const at::Tensor a = reader.take(layer, "lora_embedding_A", {-1, weight.size(0)}, weight.device());
  const at::Tensor b = reader.take(layer, "lora_embedding_B", {weight.size(1), a.size(0)}, weight.device());
  const double rank = static_cast<double>(a.size(0));
  const double alpha = reader.by_pattern("alpha_pattern", layer, reader.number("lora_alpha"));
  const double scale = alpha / (reader.flag("use_rslora") ? std::sqrt(rank) : rank);
  weight.copy_(at::addmm(weight.to(at::kFloat), a.t(), b.t(), 1, scale));
  reader.state()->outside.emplace_back(AdapterReader::file_name(layer, "lora_embedding_A"), a.detach());
  reader.state()->outside.emplace_back(AdapterReader::file_name(layer, "lora_embedding_B"), b.detach());
}

/// modules_to_save: the file holds the parameter itself, which takes the place of the model's.
void replace_parameter(AdapterReader& reader, const std::string& name, at::Tensor& weight, bool trainable) {
  const size_t dot = name.rfind('.');
  const std::string layer = name.substr(0, dot), end = name.substr(dot + 1);
  if (!reader.has(layer, end)) return;
  const Weight& stored = reader.weights().at(AdapterReader::file_name(layer, end));
  if (stored.shape != weight.sizes().vec())
    fail(stored.file + ": " + name, "expected the shape of the model's parameter; is it an adapter of this model?");
  weight.copy_(stored.read());
  reader.mark_used(AdapterReader::file_name(layer, end));
  reader.state()->outside.emplace_back(AdapterReader::file_name(layer, end), weight);
  if (trainable) weight.requires_grad_(true);
}

/// Copies of base weights that PEFT writes beside adapted embeddings.
void skip_base_copies(AdapterReader& reader) {
  for (const auto& [name, weight] : reader.weights())
    if (name.ends_with(".base_layer.weight")) reader.mark_used(name);
}

}  // namespace

NamedTensors load_adapter(Decoder& decoder, const fs::path& folder, bool trainable) {
  if (const fs::path config = folder / kAdapterConfig; fs::exists(config)) {
    const Json object = read_json_file(config);
    if (!object.is_object()) fail(config.string(), "expected a JSON object, got {}", object.type_name());
    const Json type = object.value("peft_type", Json());
    if (type.is_string() && is_prompt_method(type.get<std::string>())) return load_prompt(decoder, folder, trainable);
  }
  AdapterReader reader(folder, trainable);
  const AdapterMethod& method = find_method(reader);
  if (trainable)
    for (const auto& [name, tensor] : decoder.parameters()) at::Tensor(tensor).requires_grad_(false);
  {
    const at::NoGradGuard no_grad;
    for (auto [name, tensor] : decoder.parameters()) {
      add_to_embedding(reader, decoder, name, tensor);
      replace_parameter(reader, name, tensor, trainable);
    }
  }
  uint64_t number = 0;
  decoder.rewrite_linears([&](const std::string& name, const std::shared_ptr<Linear>& layer) {
    const std::shared_ptr<Linear> wrapped = method.wrap(reader, name, layer);
    if (auto* lora = dynamic_cast<LoraLinear*>(wrapped.get())) lora->set_number(number++);
    return wrapped;
  });
  skip_base_copies(reader);
  reader.refuse_unused();
  return adapter_parameters(decoder);
}

NamedTensors adapter_parameters(Decoder& decoder) {
  NamedTensors all = prompt_parameters(decoder);
  std::shared_ptr<AdapterState> state;
  visit_adapted(decoder, [&](const std::string& name, const AdaptedLinear& layer) {
    for (const auto& [end, tensor] : layer.tensors()) all.emplace_back(name + "." + end, tensor);
    state = layer.state();
  });
  if (!state) return all;
  for (const auto& [name, tensor] : state->outside)
    if (tensor.requires_grad()) all.emplace_back(name.substr(kLayerPrefix.size()), tensor);
  return all;
}

void merge_adapters(Decoder& decoder) {
  if (!virtual_token_ids(decoder).empty())
    fail("adapter",
         "expected an adapter that changes weights, virtual tokens cannot be merged; load them beside the model");
  const at::NoGradGuard no_grad;
  decoder.rewrite_linears([](const std::string&, const std::shared_ptr<Linear>& layer) -> std::shared_ptr<Linear> {
    const Linear* base = layer.get();
    while (const auto* adapted = dynamic_cast<const AdaptedLinear*>(base)) base = adapted->base().get();
    if (base == layer.get()) return nullptr;
    if (dynamic_cast<const TransposedLinear*>(base))
      return std::make_shared<TransposedLinear>(layer->dequantize().t(), layer->bias());
    return std::make_shared<DenseLinear>(layer->dequantize(), layer->bias());
  });
}

void save_adapter(Decoder& decoder, const fs::path& folder) {
  if (!virtual_token_ids(decoder).empty()) return save_prompt(decoder, folder);
  std::shared_ptr<AdapterState> state;
  NamedTensors tensors;
  visit_adapted(decoder, [&](const std::string& name, const AdaptedLinear& layer) {
    state = layer.state();
    for (const auto& [end, tensor] : layer.tensors()) tensors.emplace_back(AdapterReader::file_name(name, end), tensor);
  });
  if (!state) fail(folder.string(), "expected a model with an adapter to save, it has none");
  for (const auto& [name, tensor] : state->outside) tensors.emplace_back(name, tensor);
  fs::create_directories(folder);
  save_safetensors(folder / kWeightsName, tensors);
  write_file_atomically(folder / kAdapterConfig, state->peft_config.dump(2) + "\n");
}

}  // namespace llmbox
