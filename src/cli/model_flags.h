// The flags with which chat and generate choose a model and how it picks tokens. Keys are LLaMA-Factory's, so that its
// inference files can be read; short names are ours. Nothing here loads or prints.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/fields.h"
#include "infer/local_model.h"
#include "net/hub.h"
#include "train/foreign_keys.h"

namespace llmbox {

struct ModelFlags {
  std::string model, chat_template, dtype = "auto", device = "auto";
  std::vector<std::string> adapter;
  double cache_gib = 1;
  bool prefix_cache = true;

  template <class V>
  void fields(V& v) {
    v("model_name_or_path", model, "model folder, or a hub name such as Qwen/Qwen2.5-0.5B");
    v.alias("model_name_or_path", "model");
    v.alias("model_name_or_path", "m");
    v("adapter_name_or_path", adapter, "adapter folder (PEFT) on top of the model");
    v.alias("adapter_name_or_path", "adapter");
    v("template", chat_template, "chat template by name or file; empty: the model's own");
    v.choice("infer_dtype", dtype, {"auto", "f32", "bf16", "float32", "bfloat16"},
             "type to compute in; auto: the config's, float16 as f32");
    v.alias("infer_dtype", "dtype");
    v("device", device, "auto (the GPU where there is one), cpu, cuda, cuda:N");
    v("cache_gib", cache_gib, "most memory of the key/value cache, GiB");
    v("prefix_cache", prefix_cache, "share what prompts have in common");
  }

  LocalModelOptions options() const {
    if (model.empty()) fail("model", "expected a model folder, got none; try -m DIR");
    if (adapter.size() > 1)
      fail("adapter", "expected one adapter, got {}; try merging them with export", adapter.size());
    LocalModelOptions options;
    options.model = local_model(model);
    if (!adapter.empty()) options.adapter = local_model(adapter[0]);
    options.chat_template = chat_template;
    options.dtype = dtype;
    options.device = device;
    options.engine.cache_bytes = static_cast<int64_t>(cache_gib * (1ll << 30));
    options.engine.prefix_cache = prefix_cache;
    return options;
  }
};

struct SamplingFlags {
  SamplingParams params;
  Json stop;  // null, a string or a list of strings

  template <class V>
  void fields(V& v) {
    v("max_tokens", params.max_tokens, "most tokens of an answer");
    v.alias("max_tokens", "max_new_tokens");
    v("temperature", params.temperature, "0: always the most likely token");
    v("top_k", params.top_k, "sample among the k most likely; 0: off");
    v("top_p", params.top_p, "sample among the likeliest that reach this probability; 1: off");
    v("min_p", params.min_p, "drop tokens less likely than this share of the best; 0: off");
    v("repetition_penalty", params.repetition_penalty, "above 1: tokens seen become less likely; 1: off");
    v("seed", params.seed, "same seed, same answer");
    v("stop", stop, "end before this text, or the first of these");
    v("ignore_eos", params.ignore_eos, "go on past the end-of-text token");
  }

  /// The parameters with the stop strings filled in. Throws Error where one is out of range.
  SamplingParams checked(std::string_view where) const {
    SamplingParams result = params;
    if (stop.is_string()) result.stop = {stop.get<std::string>()};
    if (stop.is_array())
      for (const Json& item : stop) {
        if (!item.is_string()) fail(where, "expected stop to be a text or a list of texts, got {}", stop.dump());
        result.stop.push_back(item.get<std::string>());
      }
    check_sampling(result, where);
    return result;
  }
};

/// The config of a verb with ModelFlags `model`: its first free word is a model, or a LLaMA-Factory inference file, and
/// flags come on top of the file. Throws Error for a second word.
template <class Config>
Config read_model_config(std::string_view verb, const std::vector<std::string>& args) {
  Config config;
  const std::vector<std::string> words = apply_args(config, args);
  if (words.size() > 1) fail(verb, "expected one model, got '{}' and '{}'", words[0], words[1]);
  if (words.empty()) return config;
  if (!is_config_file(words[0])) {
    config.model.model = words[0];
    return config;
  }
  Json file = read_config_file(words[0]);
  take_foreign_keys(file, words[0]);
  config = Config();
  load_fields(config, file, words[0]);
  apply_args(config, args);
  return config;
}

}  // namespace llmbox
