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
  std::string model, ids, decoder_ids, token_types, out, adapter;
  std::string dtype = "f32";

  template <class V>
  void fields(V& v) {
    v("model_name_or_path", model, "model folder or file, or a hub name; the first free word too");
    v.alias("model_name_or_path", "model");
    v.alias("model_name_or_path", "m");
    v("ids", ids, "JSON file: a list of lists of token ids");
    v("decoder_ids", decoder_ids, "encoder-decoders: the target's ids, a list for each of --ids, the encoder's");
    v("token_types", token_types, "BERT: a list of types for each list of --ids; none: all 0");
    v("out", out, "safetensors file to write: logits.0 (T, V), logits.1 …, float32");
    v.choice("dtype", dtype, {"f32", "bf16", "float32", "bfloat16"}, "type to compute in");
    v("adapter", adapter, "adapter folder (PEFT) on top of the model");
    v.alias("adapter", "adapter_name_or_path");
  }
};

using Rows = std::vector<std::vector<int32_t>>;

Rows read_ids(const std::string& path) {
  const Json json = read_json_file(path);
  const auto wrong = [&](const Json& got) { fail(path, "expected a list of lists of token ids, got {}", got.dump()); };
  Rows rows;
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

/// The rows of a file that goes beside --ids; none where it is not given.
Rows read_beside(const std::string& path, const Rows& ids, bool same_lengths) {
  if (path.empty()) return {};
  Rows rows = read_ids(path);
  if (rows.size() != ids.size())
    fail(path, "expected {} lists, one for each of --ids, got {}", ids.size(), rows.size());
  for (size_t i = 0; i < rows.size(); ++i)
    if (same_lengths && rows[i].size() != ids[i].size())
      fail(path, "expected {} numbers in list {}, as in --ids, got {}", ids[i].size(), i, rows[i].size());
  return rows;
}

/// Logits (T, V) of each row: of the ids, or with an encoder, of the target's ids.
class LogitsRun {
 public:
  LogitsRun(Decoder& model, const LogitsConfig& config)
      : model_(model),
        ids_(read_ids(config.ids)),
        targets_(read_beside(config.decoder_ids, ids_, false)),
        types_(read_beside(config.token_types, ids_, true)) {
    const ModelSpec& spec = model.spec();
    if (spec.has_encoder() && config.decoder_ids.empty())
      fail("decoder_ids", "expected the target's ids for {}, got none; try --decoder_ids FILE", spec.architecture);
    if (!spec.has_encoder() && !config.decoder_ids.empty())
      fail("decoder_ids", "expected none for {}, which has no encoder; try without", spec.architecture);
    if (!config.token_types.empty() && !spec.token_types)
      fail("token_types", "expected none for {}, which has no types; try without", spec.architecture);
  }

  NamedTensors all() const {
    NamedTensors tensors;
    for (size_t i = 0; i < ids_.size(); ++i) tensors.emplace_back(fmt::format("logits.{}", i), row(i));
    return tensors;
  }

 private:
  at::Tensor row(size_t i) const {
    if (!targets_.empty()) {
      const TokenBatch source = TokenBatch::from_segments({ids_[i]}), target = TokenBatch::from_segments({targets_[i]});
      SegmentContext context(target.segment_starts, model_.encode(source), source.segment_starts);
      return model_.logits(model_.forward(target, context));
    }
    std::vector<int32_t> ids = virtual_token_ids(model_);  // of a prompt adapter: they have logits too
    ids.insert(ids.end(), ids_[i].begin(), ids_[i].end());
    TokenBatch batch = TokenBatch::from_segments({ids});
    if (!types_.empty()) batch.token_types = TokenBatch::from_segments({types_[i]}).tokens;
    SegmentContext context(batch.segment_starts);
    return model_.logits(model_.forward(batch, context));
  }

  Decoder& model_;
  Rows ids_, targets_, types_;
};

}  // namespace

int run_logits(const std::vector<std::string>& args) {
  LogitsConfig config;
  if (args.empty() || args[0] == "--help" || args[0] == "-h") {
    fmt::print("usage: llmbox logits MODEL --ids IDS.json --out OUT.safetensors [--dtype f32] [flags]\n\n{}",
               help_text(config));
    return args.empty() ? 2 : 0;
  }
  std::vector<std::string> words = apply_args(config, args);
  if (!config.model.empty()) words.push_back(config.model);
  if (words.size() != 1) fail("logits", "expected one model, got {}; try llmbox logits --help", words.size());
  if (config.ids.empty() || config.out.empty()) fail("logits", "expected --ids and --out; try llmbox logits --help");
  const c10::InferenceMode inference;
  const auto model =
      load_decoder(local_model(words[0]), {.dtype = config.dtype.starts_with("b") ? at::kBFloat16 : at::kFloat});
  if (!config.adapter.empty()) load_adapter(*model, local_model(config.adapter), false);
  save_safetensors(config.out, LogitsRun(*model, config).all());
  return 0;
}

}  // namespace llmbox
