#include "train/checkpoint.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/test_shared.h"

namespace llmbox {
namespace {

namespace fs = std::filesystem;

CheckpointParts parts(int64_t step) {
  CheckpointParts out{
      .save_weights = [](const fs::path& folder) { write_file_atomically(folder / "model.safetensors", "weights"); },
      .tensors = {},
      .state = {},
      .tokenizer = {},
      .bytes = 0};
  out.state.step = step;
  return out;
}

TEST(Checkpoint, TheHighestStepIsTheLast) {
  TempFolder folder;
  EXPECT_FALSE(last_checkpoint(folder.path()));
  for (int64_t step : {9, 10, 2}) write_checkpoint(folder.path(), parts(step));
  EXPECT_EQ(last_checkpoint(folder.path()), folder.path() / "checkpoint-10");
  prune_checkpoints(folder.path(), 2);
  EXPECT_FALSE(fs::exists(folder.path() / "checkpoint-2"));
  EXPECT_TRUE(fs::exists(folder.path() / "checkpoint-9"));
}

TEST(Checkpoint, AFailedWriteLeavesNothing) {
  TempFolder folder;
  CheckpointParts failing = parts(1);
  failing.save_weights = [](const fs::path&) { throw Failure("disk", "full"); };
  EXPECT_THROW(write_checkpoint(folder.path(), failing), Failure);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(Checkpoint, NoRoomIsAnErrorThatNamesFolderAndNeed) {
  TempFolder folder;
  CheckpointParts huge = parts(1);
  huge.bytes = int64_t{1} << 60;
  const std::string message = message_of([&] { write_checkpoint(folder.path(), huge); });
  EXPECT_NE(message.find("free disk space"), std::string::npos) << message;
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(Checkpoint, TokenizerFilesAreCopied) {
  TempFolder folder, from;
  from.write("tokenizer.json", "{}");
  CheckpointParts with = parts(3);
  with.tokenizer.folder = from.path();
  write_checkpoint(folder.path(), with);
  EXPECT_EQ(read_text_file(folder.path() / "checkpoint-3/tokenizer.json"), "{}");
}

TEST(RunState, SurvivesItsOwnJson) {
  RunState state;
  state.step = 7;
  state.epoch = 0.1 + 0.2;
  state.window_loss = 1.0 / 3;
  state.loader = {{"epoch", 1}};
  RunState again = RunState::from_json(Json::parse(state.to_json().dump()), "test");
  EXPECT_EQ(again.to_json(), state.to_json());
  EXPECT_NE(message_of([] { RunState::from_json(Json::object(), "there"); }).find("there"), std::string::npos);
}

}  // namespace
}  // namespace llmbox
