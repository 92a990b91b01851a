// llmbox logits: the logits of given token ids, for comparison with other programs.
#include <fmt/format.h>

#include <cstdlib>
#include <limits>

#include "adapter/lora.h"
#include "adapter/prompt.h"
#include "cli/verb.h"
#include "core/error.h"
#include "core/fields.h"
#include "model/segment_context.h"
#include "net/hub.h"
#include "quant/load.h"

namespace llmbox {

namespace {

struct LogitsConfig {
  std::string model, ids, out, adapter;
  std::string dtype = "f32";

  template <class V>
  void fields(V& v) {
    v("model_name_or_path", model, "model folder or file, or a hub name; the first free word too");
    v.alias("model_name_or_path", "model");
    v.alias("model_name_or_path", "m");
    v("ids", ids, "JSON file: a list of lists of token ids");
    v("out", out, "safetensors file to write: logits.0 (T, V), logits.1 …, float32");
    v.choice("dtype", dtype, {"f32", "bf16", "float32", "bfloat16"}, "type to compute in");
    v("adapter", adapter, "adapter folder (PEFT) on top of the model");
    v.alias("adapter", "adapter_name_or_path");
  }
};

std::vector<std::vector<int32_t>> read_ids(const std::string& path) {
  const Json json = read_json_file(path);
  const auto wrong = [&](const Json& got) { fail(path, "expected a list of lists of token ids, got {}", got.dump()); };
  std::vector<std::vector<int32_t>> rows;
  if (!json.is_array()) wrong(json);
  for (const Json& row : json) {
    if (!row.is_array() || row.empty()) wrong(row);
    for (const Json& id : row) {
      constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
      if (int64_t number = 0; !id.is_number_integer() || !read_field(id, number) || std::abs(number) > kMost) wrong(id);
    }
    rows.push_back(row.get<std::vector<int32_t>>());
  }
  return rows;
}

}  // namespace

int run_logits(const std::vector<std::string>& args) {
  LogitsConfig config;
  if (args.empty() || args[0] == "--help" || args[0] == "-h") {
    fmt::print("usage: llmbox logits MODEL --ids IDS.json --out OUT.safetensors [--dtype f32] [--adapter DIR]\n\n{}",
               help_text(config));
    return args.empty() ? 2 : 0;
  }
  std::vector<std::string> words = apply_args(config, args);
  if (!config.model.empty()) words.push_back(config.model);
  if (words.size() != 1) fail("logits", "expected one model, got {}; try llmbox logits --help", words.size());
  if (config.ids.empty() || config.out.empty()) fail("logits", "expected --ids and --out; try llmbox logits --help");
  const auto rows = read_ids(config.ids);
  const c10::InferenceMode inference;
  const auto model =
      load_decoder(local_model(words[0]), {.dtype = config.dtype.starts_with("b") ? at::kBFloat16 : at::kFloat});
  if (!config.adapter.empty()) load_adapter(*model, local_model(config.adapter), false);
  NamedTensors tensors;
  for (const auto& row : rows) {
    std::vector<int32_t> ids = virtual_token_ids(*model);  // of a prompt adapter: they have logits too
    ids.insert(ids.end(), row.begin(), row.end());
    const TokenBatch batch = TokenBatch::from_segments({ids});
    SegmentContext context(batch.segment_starts);
    tensors.emplace_back(fmt::format("logits.{}", tensors.size()), model->logits(model->forward(batch, context)));
  }
  save_safetensors(config.out, tensors);
  return 0;
}

}  // namespace llmbox
