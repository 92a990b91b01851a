// Full SFT of the 135M Llama shape in bf16 on packed rows of 2048 tokens: the training loop as `llmbox train` runs it,
// with random weights and tokens. Its answer: the first loss is that of guessing, ln V, and the loss falls.
#include <fmt/format.h>
#include <sys/resource.h>

#include <cmath>
#include <filesystem>

#include "bench.h"
#include "core/fields.h"
#include "core/rng.h"
#include "data/packing.h"
#include "train/loop.h"
#include "train/start.h"

namespace llmbox::bench {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kRow = 2048, kSample = 512, kVocab = 49152, kSteps = 20;

Json shape() {
  return {{"architectures", {"LlamaForCausalLM"}},
          {"model_type", "llama"},
          {"hidden_size", 576},
          {"num_hidden_layers", 30},
          {"num_attention_heads", 9},
          {"num_key_value_heads", 3},
          {"intermediate_size", 1536},
          {"vocab_size", kVocab},
          {"max_position_embeddings", 2048},
          {"rms_norm_eps", 1e-5},
          {"rope_theta", 10000.0},
          {"hidden_act", "silu"},
          {"tie_word_embeddings", true},
          {"initializer_range", 0.02},
          {"torch_dtype", "bfloat16"}};
}

/// One row of four samples; three quarters of the tokens are targets, as in Alpaca.
PackedRow make_tokens() {
  Rng rng(7);
  std::vector<Sample> samples(kRow / kSample);
  std::vector<const Sample*> members;
  for (Sample& sample : samples) {
    for (int64_t t = 0; t < kSample; ++t) sample.ids.push_back(static_cast<int32_t>(rng.below(kVocab)));
    sample.labels = sample.ids;
    std::fill_n(sample.labels.begin(), kSample / 4, kNoTarget);
    members.push_back(&sample);
  }
  return make_row(members);
}

double peak_gigabytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e9;
}

}  // namespace

void run_train_sft() {
  const fs::path folder = fs::temp_directory_path() / "llmbox-bench-train";
  fs::create_directories(folder);
  write_file_atomically(folder / "config.json", shape().dump());
  TrainConfig config;
  load_fields(config,
              {{"model_config", (folder / "config.json").string()},
               {"train_from_scratch", true},
               {"finetuning_type", "full"},
               {"bf16", true},
               {"do_train", true},
               {"max_steps", kSteps},
               {"logging_steps", 1},
               {"save_strategy", "no"},
               {"per_device_train_batch_size", 1},
               {"learning_rate", 1e-3},
               {"overwrite_output_dir", true},
               {"output_dir", (folder / "run").string()}},
              "bench");
  StartedModel started = start_model(config, std::nullopt);
  prepare_output(config, false);
  int64_t n_parameters = 0;
  for (const auto& [name, tensor] : started.trainable) n_parameters += tensor.numel();
  TrainingLoop loop({.model = *started.model,
                     .config = config,
                     .trainable = started.trainable,
                     .units = {make_tokens()},
                     .eval_units = {},
                     .tokenizer = {},
                     .checkpoint = {},
                     .hooks = {}});
  loop.run();
  std::vector<Json> log = read_journal(folder / "run/trainer_log.jsonl");
  const double first = log.front()["loss"], last = log.back()["loss"];
  require_close("train_sft: first loss", std::abs(first - std::log(double{kVocab})), 0.5);
  if (last >= first) require_close("train_sft: loss falls", last - first, 0);
  double best = 0;
  for (size_t i = 1; i < log.size(); ++i) best = std::max(best, log[i]["tokens_per_second"].get<double>());
  // Useful work: 6 operations a parameter and token (forward 2, backward 4), the head's included.
  print_rate(fmt::format("train_sft 135M bf16, {:.0f} tok/s, peak {:.1f} GB", best, peak_gigabytes()),
             {.rate = best * 6 * static_cast<double>(n_parameters),
              .ceiling = bf16_flops_per_second(),
              .unit = 1e9,
              .unit_name = "GFLOPS",
              .what = "bf16"});
  fs::remove_all(folder);
}

}  // namespace llmbox::bench
