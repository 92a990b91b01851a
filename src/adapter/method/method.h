// One way of adapting a linear layer: reads its tensors of a layer from a PEFT folder and wraps the layer. One file per
// method, one row in table.cpp. Formulas are those of the paper named in the file, as PEFT computes them.
#pragma once

#include <filesystem>
#include <set>
#include <span>
#include <string_view>

#include "adapter/adapted_linear.h"
#include "model/decoder.h"
#include "tensor/weight_map.h"

namespace llmbox {

/// The file beside an adapter's weights, and what stands before the names of the model's layers in them.
inline constexpr const char* kAdapterConfig = "adapter_config.json";
inline constexpr std::string_view kLayerPrefix = "base_model.model.";

/// "self_attn.q_proj" is an end of "model.layers.0.self_attn.q_proj"; "proj" is not.
bool is_name_end(std::string_view name, std::string_view end);

/// The folder while it is being loaded: hands out tensors and remembers which were asked for.
class AdapterReader {
 public:
  AdapterReader(const std::filesystem::path& folder, bool trainable);

  const Json& config() const { return state_->peft_config; }
  const std::string& where() const { return where_; }  // adapter_config.json
  const std::shared_ptr<AdapterState>& state() const { return state_; }
  const WeightMap& weights() const { return weights_; }

  /// True where the file has a tensor `name` of the layer (or of the model, layer "").
  bool has(const std::string& layer, const std::string& name) const;
  /// A float32 copy on `device`; it requires grad where the adapter is trainable. shape: -1 fits any size. Error:
  /// absent, another shape, not floating point.
  at::Tensor take(const std::string& layer, const std::string& name, std::initializer_list<int64_t> shape,
                  at::Device device = at::kCPU);
  /// Error: a tensor of the file that nobody took.
  void refuse_unused() const;
  void mark_used(const std::string& file_name) { used_.insert(file_name); }

  double number(const char* key) const;  // Error where missing
  double number(const char* key, double fallback) const;
  bool flag(const char* key) const;
  /// A number that a pattern may set for some layers: its keys are ends of layer names, or regular expressions of them.
  double by_pattern(const char* pattern, const std::string& layer, double otherwise) const;
  /// True where one of the list's words is an end of the layer's name.
  bool lists(const char* key, const std::string& layer) const;

  /// "base_model.model.LAYER.NAME".
  static std::string file_name(const std::string& layer, const std::string& name);

 private:
  std::string where_;
  bool trainable_;
  std::shared_ptr<AdapterState> state_;
  WeightMap weights_;
  std::set<std::string> used_;
};

struct AdapterMethod {
  const char* peft_type;
  const char* summary;
  /// The wrapped layer; null where the folder has nothing for it.
  std::shared_ptr<Linear> (*wrap)(AdapterReader& reader, const std::string& name, const std::shared_ptr<Linear>& layer);
};

std::span<const AdapterMethod> adapter_methods();

std::shared_ptr<Linear> wrap_adalora(AdapterReader&, const std::string& name, const std::shared_ptr<Linear>& layer);
std::shared_ptr<Linear> wrap_hra(AdapterReader&, const std::string& name, const std::shared_ptr<Linear>& layer);
std::shared_ptr<Linear> wrap_ia3(AdapterReader&, const std::string& name, const std::shared_ptr<Linear>& layer);
std::shared_ptr<Linear> wrap_loha(AdapterReader&, const std::string& name, const std::shared_ptr<Linear>& layer);
std::shared_ptr<Linear> wrap_lokr(AdapterReader&, const std::string& name, const std::shared_ptr<Linear>& layer);
std::shared_ptr<Linear> wrap_lora(AdapterReader&, const std::string& name, const std::shared_ptr<Linear>& layer);
std::shared_ptr<Linear> wrap_oft(AdapterReader&, const std::string& name, const std::shared_ptr<Linear>& layer);
std::shared_ptr<Linear> wrap_vera(AdapterReader&, const std::string& name, const std::shared_ptr<Linear>& layer);

}  // namespace llmbox
