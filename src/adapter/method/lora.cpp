// LoRA (Hu et al. 2021): W + s B A with s = alpha / r, or alpha / sqrt(r) (rsLoRA, Kalajdzievski 2023). DoRA (Liu et
// al. 2024): the rows of that sum, scaled to the norms in lora_magnitude_vector; the norm is not differentiated (4.3).
#include <ATen/ATen.h>

#include <cmath>

#include "adapter/lora_linear.h"
#include "adapter/method/method.h"
#include "core/error.h"

namespace llmbox {

namespace {

constexpr const char* kA = "lora_A.weight";
constexpr const char* kB = "lora_B.weight";

void refuse_variants(const AdapterReader& reader) {
  const Json& config = reader.config();
  if (config.contains("bias") && config["bias"] != "none")
    fail(reader.where(), "expected bias 'none', got {}", config["bias"].dump());
  for (const char* key : {"use_qalora", "lora_bias", "alora_invocation_tokens", "arrow_config"})
    if (config.contains(key) && !config[key].is_null() && config[key] != false)
      fail(reader.where(), "expected plain LoRA, rsLoRA or DoRA, got {}", key);
}

/// "lora_magnitude_vector", in some files with ".weight".
std::string magnitude_name(const AdapterReader& reader, const std::string& name) {
  const std::string plain = "lora_magnitude_vector";
  return reader.has(name, plain + ".weight") ? plain + ".weight" : plain;
}

}  // namespace

std::shared_ptr<Linear> wrap_lora(AdapterReader& reader, const std::string& name,
                                  const std::shared_ptr<Linear>& layer) {
  refuse_variants(reader);
  if (!reader.has(name, kA)) return nullptr;
  const at::Device device = layer->dequantize().device();
  const at::Tensor a = reader.take(name, kA, {-1, layer->in_features()}, device);
  const at::Tensor b = reader.take(name, kB, {layer->out_features(), a.size(0)}, device);
  const double rank = reader.by_pattern("rank_pattern", name, reader.number("r"));
  if (a.size(0) != static_cast<int64_t>(rank) || rank < 1)
    fail(reader.where() + ": " + name, "expected rank {} by the configuration, got {}", rank, a.size(0));
  const double alpha = reader.by_pattern("alpha_pattern", name, reader.number("lora_alpha"));
  const double scale = alpha / (reader.flag("use_rslora") ? std::sqrt(rank) : rank);
  reader.state()->dropout = reader.number("lora_dropout", 0);
  if (!reader.flag("use_dora")) return std::make_shared<LoraLinear>(layer, a, b, scale, reader.state());
  const std::string magnitude_key = magnitude_name(reader, name);
  const at::Tensor magnitude = reader.take(name, magnitude_key, {layer->out_features()}, device);
  return std::make_shared<FormulaLinear>(
      layer, NamedTensors{{kA, a}, {kB, b}, {magnitude_key, magnitude}}, reader.state(), [=](const at::Tensor& weight) {
        const at::Tensor sum = at::addmm(weight, b, a, 1, scale);
        const at::Tensor norm = at::linalg_vector_norm(sum.detach(), 2, 1);  // of each output
        return sum * (magnitude / norm).unsqueeze(1);
      });
}

}  // namespace llmbox
