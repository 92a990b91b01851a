#include <algorithm>
#include <limits>

#include "adapter/lora.h"
#include "adapter/prompt.h"
#include "chat/model_templates.h"
#include "core/error.h"
#include "core/log.h"
#include "infer/local_model.h"
#include "infer/template_tokens.h"
#include "quant/load.h"
#include "tensor/device.h"

namespace llmbox {

namespace {

at::ScalarType choose_dtype(const std::string& name, const Json& config) {
  if (name == "f32" || name == "float32") return at::kFloat;
  if (name == "bf16" || name == "bfloat16") return at::kBFloat16;
  if (name != "auto") fail("dtype", "expected auto, f32 or bf16, got '{}'", name);
  const Json dtype = config.contains("torch_dtype") ? config["torch_dtype"] : config.value("dtype", Json());
  return dtype == "bfloat16" ? at::kBFloat16 : at::kFloat;
}

/// Throws Error for anything but an id, a list of ids or null.
std::vector<int32_t> read_ids(const Json& value, const std::string& where) {
  std::vector<int32_t> ids;
  for (const Json& item : value.is_array() ? value : value.is_null() ? Json::array() : Json::array({value})) {
    if (!item.is_number_integer() || item < 0 || item > std::numeric_limits<int32_t>::max())
      fail(where, "expected token ids for 'eos_token_id', got {}", item.dump());
    ids.push_back(item.get<int32_t>());
  }
  return ids;
}

/// Where the tokenizer lies: a model of llama2.c has it beside itself.
std::filesystem::path tokenizer_place(const std::filesystem::path& model) {
  if (!std::filesystem::is_regular_file(model) || model.extension() != ".bin") return model;
  return model.has_parent_path() ? model.parent_path() : ".";
}

std::optional<ChatTemplate> choose_template(const LocalModelOptions& options, const Tokenizer& tokenizer) {
  if (!options.chat_template.empty()) return ChatTemplate::load(options.chat_template, tokenizer.config());
  if (!options.adapter.empty())
    if (auto found = ChatTemplate::find(options.adapter)) return found;
  if (auto own = ChatTemplate::find(options.model)) return own;
  const auto name = template_of_model(options.model.string());
  if (!name) return std::nullopt;
  log_info("template: {}, by the name of {}", *name, options.model.string());
  return ChatTemplate::load(*name, tokenizer.config());
}

/// A template's own ends of turn, as far as they are single tokens.
void add_stop_words(const ChatTemplate& chat_template, const Tokenizer& tokenizer, std::vector<int32_t>& ids) {
  for (const std::string& word : chat_template.stop_words())
    if (const auto id = tokenizer.token_to_id(word)) ids.push_back(*id);
}

}  // namespace

std::unique_ptr<LocalModel> LocalModel::load(const LocalModelOptions& options) {
  if (!std::filesystem::exists(options.model))
    fail(options.model.string(), "expected a model folder (config.json, safetensors, tokenizer), got none");
  ModelFiles files = open_model_files(options.model);
  pack_quantized(files);
  const Json& config = files.config;
  auto tokenizer = Tokenizer::load(tokenizer_place(options.model));
  auto decoder = Decoder::build(
      files, {.dtype = choose_dtype(options.dtype, config), .device = parse_device(options.device, "device")});
  if (!options.adapter.empty()) {
    load_adapter(*decoder, options.adapter, false);
    if (virtual_token_ids(*decoder).empty()) merge_adapters(*decoder);
  }
  auto chat_template = choose_template(options, *tokenizer);
  if (chat_template) tokenizer = with_template_tokens(std::move(tokenizer), *chat_template, decoder->spec().vocab_size);
  std::vector<int32_t> stop_ids = read_stop_ids(options.model, config);
  if (chat_template) add_stop_words(*chat_template, *tokenizer, stop_ids);
  auto model = std::make_unique<LocalModel>(*decoder, std::move(tokenizer), std::move(chat_template), options.engine,
                                            std::move(stop_ids));
  model->owned_ = std::move(decoder);
  return model;
}

std::vector<int32_t> read_stop_ids(const std::filesystem::path& folder, const Json& config) {
  std::vector<int32_t> ids;
  const std::filesystem::path path = folder / "generation_config.json";
  if (std::filesystem::exists(path)) {
    const Json generation = read_json_file(path);
    if (!generation.is_object()) fail(path.string(), "expected a JSON object, got {}", generation.type_name());
    ids = read_ids(generation.value("eos_token_id", Json()), path.string());
  }
  if (ids.empty()) ids = read_ids(config.value("eos_token_id", Json()), (folder / "config.json").string());
  return ids;
}

void check_vocabularies(const Tokenizer& tokenizer, const Decoder& decoder) {
  const int64_t n_model = decoder.spec().vocab_size;
  for (int64_t id = n_model; id < tokenizer.vocab_size(); ++id) {
    const auto token = static_cast<int32_t>(id);
    if (tokenizer.is_special(token) || tokenizer.id_to_token(token).empty()) continue;
    fail("tokenizer",
         "expected tokens below the model's vocabulary of {}, got '{}' = {} ({} tokens in all); try the "
         "model's own tokenizer",
         n_model, tokenizer.id_to_token(token), id, tokenizer.vocab_size());
  }
}

}  // namespace llmbox
