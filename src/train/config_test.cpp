#include "train/config.h"

#include <gtest/gtest.h>

#include "core/fields.h"
#include "core/test_shared.h"
#include "train/foreign_keys.h"

namespace llmbox {
namespace {

// As LLaMA-Factory ships it in examples/train_lora.
constexpr const char* kLoraSft = R"(### model
model_name_or_path: some/model
trust_remote_code: true

### method
stage: sft
do_train: true
finetuning_type: lora
lora_rank: 8
lora_target: all

### dataset
dataset: identity,alpaca_en_demo
template: llama3
cutoff_len: 2048
max_samples: 1000
overwrite_cache: true
preprocessing_num_workers: 16
dataloader_num_workers: 4

### output
output_dir: saves/llama3-8b/lora/sft
logging_steps: 10
save_steps: 500
plot_loss: true
overwrite_output_dir: true
save_only_model: false
report_to: none  # choices: [none, wandb, tensorboard, swanlab, mlflow]

### train
per_device_train_batch_size: 1
gradient_accumulation_steps: 8
learning_rate: 1.0e-4
num_train_epochs: 3.0
lr_scheduler_type: cosine
warmup_ratio: 0.1
bf16: true
ddp_timeout: 180000000
resume_from_checkpoint: null

### eval
# eval_dataset: alpaca_en_demo
# val_size: 0.1
# per_device_eval_batch_size: 1
# eval_strategy: steps
# eval_steps: 500
)";

LoadedTrainConfig load(std::vector<std::string> more = {}, const char* text = kLoraSft) {
  TempFolder folder;
  more.insert(more.begin(), folder.write("run.yaml", text));
  return load_train_config(more);
}

TEST(TrainConfig, ReadsAnUnchangedRecipe) {
  LoadedTrainConfig loaded = load();
  const TrainConfig& config = loaded.config;
  EXPECT_EQ(config.data.dataset, (std::vector<std::string>{"identity", "alpaca_en_demo"}));
  EXPECT_EQ(config.data.template_name, "llama3");
  EXPECT_EQ(config.lora_alpha(), 16);
  EXPECT_EQ(config.step.learning_rate, 1e-4);
  EXPECT_EQ(config.warmup(95), 10);
  EXPECT_FALSE(config.packs());
  EXPECT_EQ(loaded.ignored,
            (std::vector<std::string>{"trust_remote_code", "overwrite_cache", "preprocessing_num_workers",
                                      "dataloader_num_workers", "report_to", "ddp_timeout"}));
}

TEST(TrainConfig, OverridesWinOverTheRecipe) {
  LoadedTrainConfig loaded =
      load({"learning_rate=2e-5", "--max_steps", "7", "--report_to", "wandb", "ddp_timeout=1", "--packing=true"});
  EXPECT_EQ(loaded.config.step.learning_rate, 2e-5);
  EXPECT_EQ(loaded.config.step.max_steps, 7);
  EXPECT_TRUE(loaded.config.packs());
}

TEST(TrainConfig, UnknownKeysNameTheNearest) {
  EXPECT_NE(message_of([] { load({"learning_rat=1"}); }).find("'learning_rate'"), std::string::npos);
  EXPECT_NE(message_of([] { load({}, "lora_rnk: 8\n"); }).find("'lora_rank'"), std::string::npos);
}

TEST(TrainConfig, FeaturesThatAreNotHereGiveOneError) {
  const std::string message = message_of([] { load({"quantization_bit=4", "use_dora=true"}); });
  EXPECT_NE(message.find("quantization_bit"), std::string::npos) << message;
  EXPECT_NE(message.find("use_dora"), std::string::npos) << message;
  EXPECT_NO_THROW(load({"use_dora=false", "quantization_bit=null", "fp16=false", "deepspeed=ds_z3.json"}));
  EXPECT_NE(message_of([] { load({}, "stage: dpo\n"); }).find("dpo"), std::string::npos);
  EXPECT_NE(message_of([] { load({"fp16=true"}); }).find("bf16"), std::string::npos);
}

TEST(TrainConfig, EveryBrokenRuleIsListed) {
  const std::string message = message_of([] {
    load({"train_on_prompt=true", "mask_history=true", "lora_dropout=1.5", "val_size=0.1", "eval_dataset=x"});
  });
  for (const char* part : {"mask_history", "lora_dropout", "val_size"})
    EXPECT_NE(message.find(part), std::string::npos) << message;
}

TEST(TrainConfig, NoKeyIsInTwoTables) {
  TrainConfig config;
  const std::vector<std::string> own = field_table(config).keys();
  for (auto table : {ignored_keys(), refused_keys()})
    for (const ForeignKey& key : table) EXPECT_EQ(std::count(own.begin(), own.end(), key.name), 0) << key.name;
  for (const ForeignKey& key : ignored_keys())
    for (const ForeignKey& other : refused_keys()) EXPECT_STRNE(key.name, other.name);
}

}  // namespace
}  // namespace llmbox
