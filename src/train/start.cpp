#include "train/start.h"

#include "core/error.h"
#include "core/log.h"
#include "model/next_token.h"
#include "model/vocabulary.h"
#include "quant/load.h"
#include "tensor/device.h"
#include "train/checkpoint.h"

namespace llmbox {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kVocabularyMultiple = 64;  // LLaMA-Factory's

// Rows for all tokens, a multiple of 64; new ones begin as noisy means.
ModelFiles resized(ModelFiles files, int64_t n_tokens, uint64_t seed) {
  const int64_t rows = parse_model_spec(files.config, files.path.string()).vocab_size;
  if (n_tokens <= rows) return files;
  const int64_t wanted = (n_tokens + kVocabularyMultiple - 1) / kVocabularyMultiple * kVocabularyMultiple;
  log_info("resize_vocab: {} rows of the embedding become {}", rows, wanted);
  VocabularyGrowth growth{.first = rows, .rows = NewRows::kNoisyMean, .seed = seed};
  growth.spelled.resize(static_cast<size_t>(wanted - rows));
  return grow_vocabulary(std::move(files), growth);
}

std::unique_ptr<Decoder> load_base(const TrainConfig& config, const std::optional<fs::path>& checkpoint,
                                   int64_t n_tokens) {
  const LoadOptions options{.dtype = config.model.bf16 || config.model.pure_bf16 ? at::kBFloat16 : at::kFloat,
                            .device = parse_device(config.model.device, "device"),
                            .checkpoint_activations = config.checkpoints_activations()};
  const auto seed = static_cast<uint64_t>(config.step.seed);
  if (config.model.train_from_scratch && !checkpoint) return Decoder::create(model_config(config), seed, options);
  const bool from_checkpoint = checkpoint && config.model.finetuning_type != "lora";
  ModelFiles files = open_model_files(from_checkpoint ? *checkpoint : fs::path(config.model.model_name_or_path));
  pack_quantized(files);
  if (config.model.resize_vocab) files = resized(std::move(files), n_tokens, seed);
  return Decoder::build(files, options);
}

}  // namespace

std::optional<fs::path> resume_point(const TrainConfig& config) {
  const fs::path folder = config.output.output_dir;
  const Json& wish = config.output.resume_from_checkpoint;
  if (wish.is_string() && wish != "true" && wish != "false") {
    fs::path checkpoint = wish.get<std::string>();
    if (!fs::exists(checkpoint / "trainer_state.json"))
      fail("resume_from_checkpoint", "expected a checkpoint folder, found no trainer_state.json in {}",
           checkpoint.string());
    return checkpoint;
  }
  const bool must_resume = wish == true || wish == "true";
  if ((config.output.overwrite_output_dir && !must_resume) || wish == false || wish == "false") return std::nullopt;
  std::optional<fs::path> last = last_checkpoint(folder);
  if (!last && must_resume) fail("resume_from_checkpoint", "expected a checkpoint in {}, found none", folder.string());
  if (!last && fs::exists(folder / "train_results.json"))
    fail("output_dir",
         "expected a new folder or checkpoints to go on from, got the results of a finished run in {}; try "
         "overwrite_output_dir=true",
         folder.string());
  return last;
}

void prepare_output(const TrainConfig& config, bool resumes) {
  const fs::path folder = config.output.output_dir;
  std::error_code fault;
  fs::create_directories(folder, fault);
  if (fault) fail("output_dir", "expected a folder that can be written, got {} ({})", folder.string(), fault.message());
  if (!config.output.overwrite_output_dir || resumes) return;
  prune_checkpoints(folder, 0);
  for (const char* name : {"trainer_log.jsonl", "trainer_state.json", "train_results.json", "eval_results.json",
                           "all_results.json", "training_loss.svg"})
    fs::remove(folder / name);
}

Json model_config(const TrainConfig& config) {
  if (!config.model.train_from_scratch) return open_model_files(config.model.model_name_or_path).config;
  return read_json_file(config.model.model_config.empty() ? fs::path(config.model.model_name_or_path) / "config.json"
                                                          : fs::path(config.model.model_config));
}

StartedModel start_model(const TrainConfig& config, const std::optional<fs::path>& checkpoint, int64_t n_tokens) {
  StartedModel out;
  out.model = load_base(config, checkpoint, n_tokens);
  require_next_token_model(out.model->spec());
  out.model->set_checkpoint_activations(config.checkpoints_activations());
  out.trainable = choose_trainable(*out.model, config, checkpoint.value_or(fs::path()));
  if (out.trainable.empty())
    fail("finetuning_type",
         "expected parameters that train, got none; try another lora_target or freeze_trainable_layers");
  return out;
}

}  // namespace llmbox
