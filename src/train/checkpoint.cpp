#include "train/checkpoint.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "core/atomic_file.h"
#include "core/error.h"
#include "tensor/safetensors.h"

namespace llmbox {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "checkpoint-";
constexpr std::string_view kUnfinished = ".unfinished-checkpoint";

/// Forces a file or a folder's entries onto the disk.
void sync_path(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY);
  if (file < 0) return;
  const bool fine = ::fsync(file) == 0;
  ::close(file);
  if (!fine) fail(path.string(), "expected the disk to take the data, got a write error; is it full?");
}

void sync_tree(const fs::path& folder) {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) sync_path(entry.path());
  sync_path(folder);
}

std::optional<int64_t> step_of(const fs::path& folder) {
  const std::string name = folder.filename();
  if (!name.starts_with(kPrefix)) return std::nullopt;
  int64_t step = 0;
  const char* end = name.data() + name.size();
  auto [stop, fault] = std::from_chars(name.data() + kPrefix.size(), end, step);
  return fault == std::errc() && stop == end ? std::optional(step) : std::nullopt;
}

/// (step, folder), oldest first.
std::vector<std::pair<int64_t, fs::path>> checkpoints(const fs::path& output_dir) {
  std::vector<std::pair<int64_t, fs::path>> out;
  if (!fs::is_directory(output_dir)) return out;
  for (const auto& entry : fs::directory_iterator(output_dir))
    if (auto step = step_of(entry.path()); step && entry.is_directory()) out.emplace_back(*step, entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

void fill_checkpoint(const fs::path& folder, const CheckpointParts& parts) {
  parts.save_weights(folder);
  if (!parts.tensors.empty()) save_safetensors(folder / "optimizer.safetensors", parts.tensors, {});
  copy_tokenizer_files(parts.tokenizer, folder);
  write_file_atomically(folder / "trainer_state.json", parts.state.to_json().dump(2) + "\n");
  sync_tree(folder);
}

}  // namespace

fs::path checkpoint_folder(const fs::path& output_dir, int64_t step) {
  return output_dir / fmt::format("{}{}", kPrefix, step);
}

void require_disk_space(const fs::path& folder, int64_t bytes) {
  std::error_code fault;
  fs::path existing = fs::absolute(folder);
  while (!fs::exists(existing) && existing.has_relative_path()) existing = existing.parent_path();
  const fs::space_info space = fs::space(existing, fault);
  if (!fault && static_cast<int64_t>(space.available) < bytes)
    fail(folder.string(),
         "expected {:.1f} MB of free disk space, got {:.1f} MB; try another output_dir or save_total_limit",
         static_cast<double>(bytes) / 1e6, static_cast<double>(space.available) / 1e6);
}

void write_checkpoint(const fs::path& output_dir, const CheckpointParts& parts) {
  require_disk_space(output_dir, parts.bytes);
  const fs::path unfinished = output_dir / kUnfinished, target = checkpoint_folder(output_dir, parts.state.step);
  fs::remove_all(unfinished);
  fs::create_directories(unfinished);
  try {
    fill_checkpoint(unfinished, parts);
    if (fs::exists(target)) fs::remove_all(target);
    fs::rename(unfinished, target);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(unfinished, ignored);
    throw;
  }
  sync_path(output_dir);
}

std::optional<fs::path> last_checkpoint(const fs::path& output_dir) {
  std::error_code ignored;
  fs::remove_all(output_dir / kUnfinished, ignored);
  auto all = checkpoints(output_dir);
  return all.empty() ? std::nullopt : std::optional(all.back().second);
}

void prune_checkpoints(const fs::path& output_dir, int64_t limit) {
  auto all = checkpoints(output_dir);
  for (size_t i = 0; i + static_cast<size_t>(limit) < all.size(); ++i) fs::remove_all(all[i].second);
}

void copy_tokenizer_files(const TokenizerFiles& files, const fs::path& to) {
  const fs::path& from = files.folder;
  if (from.empty() || !fs::is_directory(from)) return;
  for (const char* name :
       {"tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
        "vocab.json", "merges.txt", "chat_template.jinja", "generation_config.json"})
    if (fs::is_regular_file(from / name) && !fs::equivalent(from, to))
      write_file_atomically(to / name, read_text_file(from / name));
  if (!files.chat_template.empty()) write_file_atomically(to / "chat_template.jinja", files.chat_template);
  if (files.eos_token.empty() && files.added.empty()) return;
  const fs::path config_path = to / "tokenizer_config.json";
  Json config = fs::exists(config_path) ? read_json_file(config_path) : Json::object();
  if (!files.eos_token.empty()) config["eos_token"] = files.eos_token;
  for (const NewToken& token : files.added)
    config["added_tokens_decoder"][std::to_string(token.id)] = {{"content", token.content}, {"lstrip", false},
                                                                {"normalized", false},      {"rstrip", false},
                                                                {"single_word", false},     {"special", true}};
  write_file_atomically(config_path, config.dump(2) + "\n");
}

}  // namespace llmbox
