#include "adapter/prompt.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <numeric>

#include "core/atomic_file.h"
#include "core/error.h"
#include "model/spec_decoder.h"

namespace llmbox {

namespace {

constexpr const char* kEmbeddings = "prompt_embeddings";

const SpecDecoder* with_tokens(const Decoder& decoder) {
  const auto* found = dynamic_cast<const SpecDecoder*>(&decoder);
  return found && found->virtual_tokens() ? found : nullptr;
}

/// Numbers of a virtual token's key and value in every layer. Error: layers that are not alike.
int64_t prefix_width(const ModelSpec& spec, const std::string& where) {
  for (const LayerSpec& layer : spec.layers) {
    const AttentionSpec &first = spec.layers[0].attention, &own = layer.attention;
    const bool alike = own.n_kv_head == first.n_kv_head && own.head_dim == first.head_dim;
    if (!alike || own.n_head == 0 || own.latent || own.value_dim() != own.head_dim)
      fail(where, "expected a model with keys and values of one shape in every layer, got a {}", spec.model_type);
  }
  const AttentionSpec& attention = spec.layers.at(0).attention;
  return 2 * spec.n_layer() * attention.n_kv_head * attention.head_dim;
}

}  // namespace

bool is_prompt_method(const std::string& peft_type) {
  return peft_type == "PROMPT_TUNING" || peft_type == "P_TUNING" || peft_type == "PREFIX_TUNING";
}

NamedTensors load_prompt(Decoder& decoder, const std::filesystem::path& folder, bool trainable) {
  const std::string where = (folder / "adapter_config.json").string();
  auto* target = dynamic_cast<SpecDecoder*>(&decoder);
  if (!target) fail(where, "expected a model that takes virtual tokens, got another one");
  auto tokens = std::make_shared<VirtualTokens>();
  tokens->peft_config = read_json_file(folder / "adapter_config.json");
  const bool is_prefix = tokens->peft_config.value("peft_type", "") == "PREFIX_TUNING";
  if (is_prefix) tokens->kind = VirtualKind::keys_and_values;
  if (tokens->peft_config.value("num_transformer_submodules", Json(1)) == 2)
    fail(where, "expected virtual tokens of one decoder, got num_transformer_submodules 2");
  const WeightMap weights = open_weight_folder(folder, "adapter_model");
  const Weight& stored = find_weight(weights, kEmbeddings, where);
  const int64_t width = is_prefix ? prefix_width(decoder.spec(), where) : decoder.spec().hidden_size;
  if (stored.shape.size() != 2 || stored.shape[0] < 1 || stored.shape[1] != width || !at::isFloatingType(stored.dtype))
    fail(stored.file + ": " + kEmbeddings, "expected a shape of [tokens, {}], got [{}]", width,
         fmt::join(stored.shape, ", "));
  const at::Device device = decoder.parameters().at(0).second.device();
  tokens->rows = stored.read().to(device, at::kFloat).clone();
  if (trainable) {
    for (const auto& [name, tensor] : decoder.parameters()) at::Tensor(tensor).requires_grad_(false);
    tokens->rows.requires_grad_(true);
  }
  target->set_virtual_tokens(tokens);
  return prompt_parameters(decoder);
}

NamedTensors prompt_parameters(Decoder& decoder) {
  const SpecDecoder* found = with_tokens(decoder);
  return found ? NamedTensors{{kEmbeddings, found->virtual_tokens()->rows}} : NamedTensors{};
}

void save_prompt(Decoder& decoder, const std::filesystem::path& folder) {
  const auto& tokens = *with_tokens(decoder)->virtual_tokens();
  std::filesystem::create_directories(folder);
  save_safetensors(folder / "adapter_model.safetensors", {{kEmbeddings, tokens.rows.detach()}});
  write_file_atomically(folder / "adapter_config.json", tokens.peft_config.dump(2) + "\n");
}

std::vector<int32_t> virtual_token_ids(const Decoder& decoder) {
  const SpecDecoder* found = with_tokens(decoder);
  std::vector<int32_t> ids(found ? static_cast<size_t>(found->virtual_tokens()->count()) : 0);
  std::iota(ids.begin(), ids.end(), static_cast<int32_t>(decoder.spec().vocab_size));
  return ids;
}

}  // namespace llmbox
