#include "quant/load.h"

#include "core/error.h"
#include "core/near_name.h"
#include "quant/format/format.h"

namespace llmbox {

namespace {

const QuantFormat& find_format(const std::string& name, const std::string& where) {
  std::vector<std::string> names;
  std::string all;
  for (const QuantFormat& format : quant_formats()) {
    if (name == format.name) return format;
    names.emplace_back(format.name);
    all += (all.empty() ? "" : ", ") + names.back();
  }
  fail(where, "expected a quant_method that llmbox reads ({}), got '{}'; try {}", all, name,
       near_names(name, names, 1));
}

}  // namespace

void pack_quantized(ModelFiles& files) {
  if (!files.config.is_object() || !files.config.contains("quantization_config")) return;
  const Json config = files.config["quantization_config"];
  const std::string where = (files.path / "config.json").string() + ": quantization_config";
  if (!config.is_object() || !config.contains("quant_method") || !config["quant_method"].is_string())
    fail(where, "expected an object with 'quant_method', got {}", config.dump());
  PackedLayers layers(files, config, where);
  find_format(config["quant_method"].get<std::string>(), where).pack(layers);
  files.config.erase("quantization_config");
}

std::unique_ptr<Decoder> load_decoder(const std::filesystem::path& path, const LoadOptions& options) {
  ModelFiles files = open_model_files(path);
  pack_quantized(files);
  return Decoder::build(files, options);
}

}  // namespace llmbox
