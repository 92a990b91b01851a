// Checkpoints: OUTPUT/checkpoint-N with the weights (model or adapter), optimizer.safetensors, trainer_state.json, the
// tokenizer's files. Written into a hidden folder beside it, synced, then renamed: a checkpoint is whole or absent, and
// no older one is deleted before the new one has its name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "tensor/safetensors.h"
#include "tokenizer/tokenizer.h"
#include "train/run_state.h"

namespace llmbox {

/// The tokenizer that goes with the weights, so that the folder is a whole model.
struct TokenizerFiles {
  std::filesystem::path folder;  // whose files are copied; empty: none
  std::string chat_template;     // Jinja in place of the folder's; empty: that stays
  std::string eos_token;         // in place of the folder's; empty: that stays
  std::vector<NewToken> added;   // special tokens that the folder's lacks
};

struct CheckpointParts {
  std::function<void(const std::filesystem::path& folder)> save_weights;
  NamedTensors tensors;  // optimizer and generator state; empty: not stored (save_only_model)
  RunState state;
  TokenizerFiles tokenizer;
  int64_t bytes = 0;  // an upper estimate; checked against the free space first
};

std::filesystem::path checkpoint_folder(const std::filesystem::path& output_dir, int64_t step);

/// Throws Failure where the disk has no room (nothing is left then).
void write_checkpoint(const std::filesystem::path& output_dir, const CheckpointParts& parts);

/// The complete checkpoint with the highest step; none where there is none. Removes what an interrupted write has left.
std::optional<std::filesystem::path> last_checkpoint(const std::filesystem::path& output_dir);

/// Deletes the oldest until `limit` are left.
void prune_checkpoints(const std::filesystem::path& output_dir, int64_t limit);

/// Copies tokenizer.json, tokenizer_config.json, chat_template.jinja … (what of them there is).
void copy_tokenizer_files(const TokenizerFiles& files, const std::filesystem::path& to);

/// Throws Failure naming folder, need and free space where fewer than `bytes` are free.
void require_disk_space(const std::filesystem::path& folder, int64_t bytes);

}  // namespace llmbox
