// How a run starts: where it goes on from, and its model with the parameters that train.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "train/trainable.h"

namespace llmbox {

/// The checkpoint to go on from: resume_from_checkpoint (which wins over overwrite_output_dir), else the last one of
/// output_dir; none for a new run. Throws
/// Error where output_dir holds the results of a finished run without checkpoints.
std::optional<std::filesystem::path> resume_point(const TrainConfig& config);

/// Makes output_dir ready: with overwrite_output_dir the checkpoints and logs of an earlier run are removed, unless the
/// run `resumes` from one of them.
void prepare_output(const TrainConfig& config, bool resumes);

struct StartedModel {
  std::unique_ptr<Decoder> model;
  NamedTensors trainable;
};

/// config.json of the model to train.
Json model_config(const TrainConfig& config);

/// Loads (or makes) the model, with the weights of `checkpoint` where there is one. With resize_vocab it has rows for
/// `n_tokens` tokens.
StartedModel start_model(const TrainConfig& config, const std::optional<std::filesystem::path>& checkpoint,
                         int64_t n_tokens = 0);

}  // namespace llmbox
