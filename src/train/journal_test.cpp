#include "train/journal.h"

#include <gtest/gtest.h>

#include "core/test_shared.h"

namespace llmbox {
namespace {

TEST(TrainJournal, GoesOnWithoutDoubleOrTornLines) {
  TempFolder folder;
  folder.write("trainer_log.jsonl", "{\"current_steps\": 1}\n{\"current_steps\": 2}\n{\"current_steps\": 3}\n{\"curr");
  TrainJournal journal(folder.path(), 2);
  journal.append({{"current_steps", 3}});
  auto lines = read_journal(folder.path() / "trainer_log.jsonl");
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[2]["current_steps"], 3);
}

TEST(TrainJournal, ANewRunStartsANewLog) {
  TempFolder folder;
  folder.write("trainer_log.jsonl", "{\"current_steps\": 1}\n");
  TrainJournal journal(folder.path(), 0);
  EXPECT_TRUE(read_journal(folder.path() / "trainer_log.jsonl").empty());
}

TEST(Results, MergeIntoOneFile) {
  TempFolder folder;
  write_results(folder.path(), "train", {{"train_loss", 1.5}});
  write_results(folder.path(), "eval", {{"eval_loss", 2.5}});
  EXPECT_EQ(read_json_file(folder.path() / "all_results.json"), (Json{{"train_loss", 1.5}, {"eval_loss", 2.5}}));
}

TEST(LossCurve, DrawsWhatWasLogged) {
  TempFolder folder;
  Json history = Json::array();
  for (int step = 1; step <= 5; ++step) history.push_back({{"step", step}, {"loss", 3.0 / step}});
  history.push_back({{"step", 5}, {"eval_loss", 1.0}});
  write_loss_curve(folder.path() / "loss.svg", history);
  const std::string svg = read_text_file(folder.path() / "loss.svg");
  EXPECT_TRUE(svg.starts_with("<svg"));
  EXPECT_NE(svg.find("polyline"), std::string::npos);
}

TEST(LossCurve, SmoothsWithTheReferencesWeight) {
  // Two points: weight 1.8 (sigmoid(0.05 · 2) - 0.5) = 0.044962537….
  EXPECT_NEAR(smooth_curve({1.0, 2.0})[1], 1.9550374625, 1e-9);
}

}  // namespace
}  // namespace llmbox
