#include "train/loop.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/fields.h"
#include "core/test_shared.h"
#include "data/packing.h"
#include "train/start.h"

namespace llmbox {
namespace {

namespace fs = std::filesystem;

std::string base_model() { return shared_path("fixtures/architectures/llama3_1"); }

TrainConfig config_of(const fs::path& output, Json values) {
  Json all{{"model_name_or_path", base_model()},
           {"do_train", true},
           {"stage", "pt"},
           {"dataset", "none"},
           {"finetuning_type", "full"},
           {"output_dir", output.string()},
           {"max_steps", 10},
           {"logging_steps", 1},
           {"per_device_train_batch_size", 4},
           {"save_strategy", "no"},
           {"learning_rate", 1e-3},
           {"lr_scheduler_type", "cosine"},
           {"warmup_steps", 2}};
  all.update(values);
  TrainConfig config;
  load_fields(config, all, "test");
  config.validate();
  return config;
}

/// The rows of a fixture's batches, each a unit; every token but the first is a target.
std::vector<PackedRow> fixture_units(const std::string& folder) {
  at::Tensor ids = SafetensorsFile::open(shared_path("fixtures/training/" + folder + "/data.safetensors"))
                       .tensor("input_ids")
                       .flatten(0, 1);
  std::vector<PackedRow> units;
  for (int64_t row = 0; row < ids.size(0); ++row) {
    Sample sample;
    for (int64_t t = 0; t < ids.size(1); ++t) sample.ids.push_back(ids[row][t].item<int32_t>());
    sample.labels = sample.ids;
    const Sample* one = &sample;
    units.push_back(make_row({&one, 1}));
  }
  return units;
}

struct FinishedRun {
  StartedModel started;
  std::vector<Json> log;
  Json metrics;
  at::Tensor weight(size_t i) const { return started.trainable[i].second; }
};

FinishedRun run(const TrainConfig& config, TrainHooks hooks = {}, const std::string& data = "full") {
  FinishedRun out;
  const auto checkpoint = resume_point(config);
  out.started = start_model(config, checkpoint);
  prepare_output(config, checkpoint.has_value());
  TrainingLoop loop({.model = *out.started.model,
                     .config = config,
                     .trainable = out.started.trainable,
                     .units = fixture_units(data),
                     .eval_units = {},
                     .tokenizer = {},
                     .checkpoint = checkpoint,
                     .hooks = std::move(hooks)});
  out.metrics = loop.run();
  out.log = read_journal(fs::path(config.output.output_dir) / "trainer_log.jsonl");
  return out;
}

/// The parts of the log that do not tell the time.
std::vector<Json> timeless(const std::vector<Json>& log) {
  std::vector<Json> out;
  for (Json line : log) {
    for (const char* key : {"elapsed_time", "remaining_time", "tokens_per_second"}) line.erase(key);
    out.push_back(line);
  }
  return out;
}

bool same_bits(const FinishedRun& a, const FinishedRun& b) {
  for (size_t i = 0; i < a.started.trainable.size(); ++i)
    if (!at::equal(a.weight(i), b.weight(i))) return false;
  return a.started.trainable.size() == b.started.trainable.size();
}

void expect_trajectory(const std::string& folder, const Json& more) {
  TempFolder out;
  Json values{{"disable_shuffling", true}, {"weight_decay", 0.01}, {"decay_all", true}};
  values.update(more);
  FinishedRun done = run(config_of(out.path(), values), {}, folder);
  Json reference = read_json_file(shared_path("fixtures/training/" + folder + "/reference.json"));
  ASSERT_EQ(done.log.size(), reference["steps"].size());
  for (size_t k = 0; k < done.log.size(); ++k) {
    const Json& expected = reference["steps"][k];
    const double loss = expected["loss"], norm = expected["grad_norm"];
    EXPECT_NEAR(done.log[k]["loss"].get<double>(), loss, 2e-5) << "step " << k;
    EXPECT_NEAR(done.log[k]["grad_norm"].get<double>(), norm, 1e-4 * norm) << "step " << k;
    EXPECT_NEAR(done.log[k]["lr"].get<double>(), expected["lr"].get<double>(), 1e-12) << "step " << k;
  }
  std::vector<PackedRow> units = fixture_units(folder);
  const double after = evaluation_loss(*done.started.model, *make_objective("pt"), std::span(units).first(4), 4);
  EXPECT_NEAR(after, reference["loss_on_first_batch_after_training"].get<double>(), 2e-5);
}

TEST(TrainingLoop, FullTrainingFollowsTheReference) {
  REQUIRE_SHARED();
  expect_trajectory("full", Json::object());
}

TEST(TrainingLoop, RecomputedActivationsFollowTheReference) {
  REQUIRE_SHARED();
  expect_trajectory("full", {{"gradient_checkpointing", true}});
}

TEST(TrainingLoop, AccumulatedPassesFollowTheReference) {
  REQUIRE_SHARED();
  expect_trajectory("full", {{"per_device_train_batch_size", 1}, {"gradient_accumulation_steps", 4}});
}

TEST(TrainingLoop, LoraFollowsTheReference) {
  REQUIRE_SHARED();
  expect_trajectory(
      "lora", {{"finetuning_type", "lora"}, {"adapter_name_or_path", shared_path("fixtures/training/lora").string()}});
}

TEST(TrainingLoop, PackedEqualsAlone) {
  REQUIRE_SHARED();
  TempFolder out;
  StartedModel started = start_model(config_of(out.path(), Json::object()), std::nullopt);
  std::vector<PackedRow> units = fixture_units("full");
  auto objective = make_objective("pt");
  auto gradients = [&](const std::vector<PackedRow>& rows) {
    double loss = 0;
    for (const PackedRow& row : rows) {
      const DeviceBatch batch = to_device(row);
      at::Tensor sum = objective->loss_sum(*started.model, batch);
      sum.backward();
      loss += sum.item<double>();
    }
    std::vector<at::Tensor> grads;
    for (auto& [name, tensor] : started.trainable) {
      grads.push_back(tensor.grad().clone());
      tensor.mutable_grad().reset();
    }
    return std::pair(loss, grads);
  };
  auto [alone_loss, alone] = gradients({units[0], units[1], units[2]});
  const std::vector<const PackedRow*> rows{&units[0], &units[1], &units[2]};
  auto [packed_loss, packed] = gradients({join_rows(rows)});
  EXPECT_NEAR(packed_loss, alone_loss, 1e-5 * alone_loss);
  for (size_t i = 0; i < alone.size(); ++i)
    EXPECT_LT((packed[i] - alone[i]).norm().item<double>(), 1e-5 * (1e-3 + alone[i].norm().item<double>()))
        << started.trainable[i].first;
}

class Resume : public testing::TestWithParam<Json> {};

TEST_P(Resume, EqualsUninterruptedBitForBit) {
  REQUIRE_SHARED();
  TempFolder whole_folder, split_folder;
  Json values = GetParam();
  values.update(
      {{"save_strategy", "steps"}, {"save_steps", 4}, {"logging_steps", 3}, {"per_device_train_batch_size", 3}});
  FinishedRun whole = run(config_of(whole_folder.path(), values));
  const TrainConfig config = config_of(split_folder.path(), values);
  int steps = 0;
  TrainHooks stop{.evaluate_tasks = {}, .should_stop = [&] { return ++steps == 5; }};
  EXPECT_TRUE(run(config, stop).metrics.is_null());
  // What a kill leaves: lines after the checkpoint, a torn last one, an unfinished checkpoint.
  fs::remove_all(checkpoint_folder(split_folder.path(), 5));
  fs::create_directories(split_folder.path() / ".unfinished-checkpoint");
  FinishedRun resumed = run(config);
  EXPECT_TRUE(same_bits(whole, resumed));
  EXPECT_EQ(timeless(whole.log), timeless(resumed.log));
  EXPECT_EQ(whole.metrics["train_loss"], resumed.metrics["train_loss"]);
  EXPECT_FALSE(fs::exists(split_folder.path() / ".unfinished-checkpoint"));
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, Resume,
    testing::Values(Json{{"finetuning_type", "full"}}, Json{{"finetuning_type", "full"}, {"bf16", true}},
                    Json{{"finetuning_type", "freeze"}, {"freeze_trainable_layers", 1}, {"pure_bf16", true}},
                    Json{{"finetuning_type", "lora"}, {"lora_dropout", 0.2}, {"gradient_accumulation_steps", 2}}));

TEST(TrainingLoop, FreezeMovesOnlyWhatItNames) {
  REQUIRE_SHARED();
  TempFolder out;
  FinishedRun done = run(config_of(out.path(), {{"finetuning_type", "freeze"},
                                                {"freeze_trainable_layers", 1},
                                                {"freeze_trainable_modules", "mlp"},
                                                {"max_steps", 3}}));
  auto before = Decoder::load(base_model());
  int moved = 0;
  for (const auto& [name, tensor] : before->parameters())
    for (const auto& [other, now] : done.started.model->parameters()) {
      if (name != other || at::equal(tensor, now)) continue;
      EXPECT_NE(name.find("mlp"), std::string::npos) << name;
      ++moved;
    }
  EXPECT_EQ(moved, 3);
}

TEST(TrainingLoop, NanStopsNamesTheStepAndKeepsTheCheckpoint) {
  REQUIRE_SHARED();
  TempFolder out;
  const TrainConfig config = config_of(
      out.path(),
      {{"learning_rate", 1e30}, {"save_strategy", "steps"}, {"save_steps", 1}, {"lr_scheduler_type", "constant"}});
  const std::string message = message_of([&] { run(config); });
  EXPECT_NE(message.find("in step"), std::string::npos) << message;
  EXPECT_NE(message.find("checkpoint-"), std::string::npos) << message;
  EXPECT_TRUE(last_checkpoint(out.path()));
}

TEST(TrainingLoop, KeepsTheNewestCheckpoints) {
  REQUIRE_SHARED();
  TempFolder out;
  run(config_of(out.path(),
                {{"save_strategy", "steps"}, {"save_steps", 2}, {"save_total_limit", 2}, {"plot_loss", true}}));
  EXPECT_FALSE(fs::exists(out.path() / "checkpoint-6"));
  EXPECT_TRUE(fs::exists(out.path() / "checkpoint-8/optimizer.safetensors"));
  EXPECT_TRUE(fs::exists(out.path() / "checkpoint-10/trainer_state.json"));
  for (const char* name : {"model.safetensors", "config.json", "train_results.json", "all_results.json",
                           "trainer_state.json", "training_loss.svg"})
    EXPECT_TRUE(fs::exists(out.path() / name)) << name;
}

TEST(TrainingLoop, AFinishedRunIsNotOverwrittenUnasked) {
  REQUIRE_SHARED();
  TempFolder out;
  const TrainConfig config = config_of(out.path(), {{"max_steps", 1}});
  run(config);
  EXPECT_NE(message_of([&] { run(config); }).find("overwrite_output_dir"), std::string::npos);
  TrainConfig again = config;
  again.output.overwrite_output_dir = true;
  EXPECT_EQ(run(again).log.size(), 1u);
}

}  // namespace
}  // namespace llmbox
