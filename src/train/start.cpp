#include "train/start.h"

#include "core/error.h"
#include "quant/load.h"
#include "tensor/device.h"
#include "train/checkpoint.h"

namespace llmbox {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<Decoder> load_base(const TrainConfig& config, const std::optional<fs::path>& checkpoint) {
  const LoadOptions options{.dtype = config.model.bf16 || config.model.pure_bf16 ? at::kBFloat16 : at::kFloat,
                            .device = parse_device(config.model.device, "device"),
                            .checkpoint_activations = config.checkpoints_activations()};
  if (checkpoint && config.model.finetuning_type != "lora") return load_decoder(*checkpoint, options);
  if (!config.model.train_from_scratch) return load_decoder(config.model.model_name_or_path, options);
  const fs::path file = config.model.model_config.empty() ? fs::path(config.model.model_name_or_path) / "config.json"
                                                          : fs::path(config.model.model_config);
  return Decoder::create(read_json_file(file), static_cast<uint64_t>(config.step.seed), options);
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
  if (config.output.overwrite_output_dir || wish == false || wish == "false") return std::nullopt;
  std::optional<fs::path> last = last_checkpoint(folder);
  if (!last && (wish == true || wish == "true"))
    fail("resume_from_checkpoint", "expected a checkpoint in {}, found none", folder.string());
  if (!last && fs::exists(folder / "train_results.json"))
    fail("output_dir",
         "expected a new folder or checkpoints to go on from, got the results of a finished run in {}; try "
         "overwrite_output_dir=true",
         folder.string());
  return last;
}

void prepare_output(const TrainConfig& config) {
  const fs::path folder = config.output.output_dir;
  std::error_code fault;
  fs::create_directories(folder, fault);
  if (fault) fail("output_dir", "expected a folder that can be written, got {} ({})", folder.string(), fault.message());
  if (!config.output.overwrite_output_dir) return;
  prune_checkpoints(folder, 0);
  for (const char* name : {"trainer_log.jsonl", "trainer_state.json", "train_results.json", "eval_results.json",
                           "all_results.json", "training_loss.svg"})
    fs::remove(folder / name);
}

StartedModel start_model(const TrainConfig& config, const std::optional<fs::path>& checkpoint) {
  StartedModel out;
  out.model = load_base(config, checkpoint);
  out.model->set_checkpoint_activations(config.checkpoints_activations());
  out.trainable = choose_trainable(*out.model, config, checkpoint.value_or(fs::path()));
  if (out.trainable.empty())
    fail("finetuning_type",
         "expected parameters that train, got none; try another lora_target or freeze_trainable_layers");
  return out;
}

}  // namespace llmbox
