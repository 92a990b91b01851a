// llmbox data preview RECIPE.yaml [key=value …]: a recipe's samples as the model sees them, targets marked.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "cli/verb.h"
#include "core/error.h"
#include "data/preview.h"
#include "train/run_data.h"

namespace llmbox {
namespace {

constexpr const char* kDataUsage =
    "usage: llmbox data preview RECIPE.yaml [--samples N] [key=value …]\n\n"
    "Shows the first N samples (3) of a recipe's training data as text, with targets in\n"
    "green on a terminal and in ⟦ ⟧ elsewhere, then lengths and truncations.\n";

/// Takes "--samples N" or "samples=N" out of the words.
int64_t take_samples(std::vector<std::string>& words) {
  for (size_t i = 0; i < words.size(); ++i) {
    const bool two_words = words[i] == "--samples" && i + 1 < words.size();
    const bool one_word = words[i].starts_with("samples=") || words[i].starts_with("--samples=");
    if (!two_words && !one_word) continue;
    const std::string text = two_words ? words[i + 1] : words[i].substr(words[i].find('=') + 1);
    if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos)
      fail("samples", "expected a number, got '{}'", text);
    words.erase(words.begin() + static_cast<long>(i), words.begin() + static_cast<long>(i + (two_words ? 2 : 1)));
    return std::stoll(text);
  }
  return 3;
}

/// Lengths of the samples at some quantiles.
std::string length_line(const TokenizedSet& set) {
  std::vector<size_t> lengths;
  for (const Sample& sample : set.samples) lengths.push_back(sample.ids.size());
  std::sort(lengths.begin(), lengths.end());
  auto at = [&](double share) { return lengths[static_cast<size_t>(share * static_cast<double>(lengths.size() - 1))]; };
  return fmt::format("lengths: least {}, half {}, nine in ten {}, most {} tokens", at(0), at(0.5), at(0.9), at(1));
}

void preview(const TrainConfig& config, int64_t n_samples) {
  std::shared_ptr<const Tokenizer> tokenizer = Tokenizer::load(config.tokenizer_path());
  std::optional<ChatTemplate> chat_template = load_run_template(config, *tokenizer);
  RunData data = load_run_data(config, *tokenizer, chat_template ? &*chat_template : nullptr);
  const bool colour = ::isatty(STDOUT_FILENO) != 0;
  const int64_t shown = std::min(n_samples, static_cast<int64_t>(data.train.samples.size()));
  for (int64_t i = 0; i < shown; ++i) {
    const Sample& sample = data.train.samples[static_cast<size_t>(i)];
    const auto targets = n_targets(sample);
    fmt::print("--- sample {}: {} tokens, {} targets{}\n{}\n", i + 1, sample.ids.size(), targets,
               sample.prompt_cut || sample.reply_cut ? ", cut" : "",
               preview_sample(sample, *tokenizer, {.colour = colour}));
  }
  fmt::print(
      "---\n{} samples, {} tokens, {} targets; {} prompts and {} replies cut to {}; {} without a trainable token; {} "
      "rows\n{}\n",
      data.train.samples.size(), data.train.n_tokens, data.train.n_targets, data.train.n_prompt_cut,
      data.train.n_reply_cut, config.data.cutoff_len, data.train.n_no_target, data.units.size(),
      length_line(data.train));
}

}  // namespace

int run_data(const std::vector<std::string>& args) {
  if (args.empty() || args[0] == "--help" || args[0] == "-h") {
    fmt::print("{}", kDataUsage);
    return args.empty() ? 2 : 0;
  }
  if (args[0] != "preview") fail("data", "expected preview, got '{}'; try llmbox data preview RECIPE.yaml", args[0]);
  std::vector<std::string> words(args.begin() + 1, args.end());
  const int64_t n_samples = take_samples(words);
  preview(load_train_config(words).config, n_samples);
  return 0;
}

}  // namespace llmbox
