#include "train/run_data.h"

#include <limits>

#include "chat/model_templates.h"
#include "core/error.h"
#include "core/log.h"
#include "infer/template_tokens.h"
#include "train/start.h"

namespace llmbox {
namespace {

DatasetRequest request_of(const TrainConfig& config, const std::vector<std::string>& names) {
  return {.folder = config.data.dataset_dir,
          .names = names,
          .pretraining = config.pretraining(),
          .max_samples = config.data.max_samples.value_or(0),
          .mix_strategy = config.data.mix_strategy,
          .interleave_probs = config.data.interleave_probs,
          .seed = static_cast<uint64_t>(config.step.seed)};
}

}  // namespace

std::optional<ChatTemplate> load_run_template(const TrainConfig& config, const Tokenizer& tokenizer) {
  if (config.pretraining()) return std::nullopt;
  if (!config.data.template_name.empty()) return ChatTemplate::load(config.data.template_name, tokenizer.config());
  if (std::optional<ChatTemplate> own = ChatTemplate::find(config.tokenizer_path())) {
    log_info("template: the tokenizer's own ({})", own->name());
    return own;
  }
  if (const auto name = template_of_model(config.model.model_name_or_path)) {
    log_info("template: {}, by the name of {}", *name, config.model.model_name_or_path);
    return ChatTemplate::load(*name, tokenizer.config());
  }
  log_warning("template: {} has none, 'empty' is used: texts stand one after the other; try template: NAME",
              config.tokenizer_path().string());
  return ChatTemplate::load("empty", tokenizer.config());
}

std::shared_ptr<const Tokenizer> run_tokenizer(const TrainConfig& config, std::shared_ptr<const Tokenizer> tokenizer,
                                               const std::optional<ChatTemplate>& chat_template) {
  if (!chat_template) return tokenizer;
  const Json model = model_config(config);
  const int64_t rows = config.model.resize_vocab ? std::numeric_limits<int32_t>::max()
                                                 : parse_model_spec(model, "model_name_or_path").vocab_size;
  return with_template_tokens(std::move(tokenizer), *chat_template, rows);
}

namespace {

/// The one eos of a sample whose template has efficient_eos.
int32_t closing_eos(const ChatTemplate& chat_template, const TrainConfig& config, const Tokenizer& tokenizer) {
  if (config.data.train_on_prompt)
    fail("train_on_prompt", "expected a template whose replies end with eos, got '{}'; try train_on_prompt=false",
         chat_template.name());
  if (!tokenizer.eos_id()) fail("template", "expected a tokenizer with an eos token for '{}'", chat_template.name());
  return *tokenizer.eos_id();
}

Json template_variables(const TrainConfig& config) {
  Json variables = {{"enable_thinking", config.data.enable_thinking},
                    {"preserve_thinking", config.data.preserve_thinking},
                    {"discard_history", config.data.mask_history}};
  if (!config.data.tool_format.empty()) variables["tool_format"] = config.data.tool_format;
  if (config.data.default_system) variables["default_system"] = *config.data.default_system;
  return variables;
}

}  // namespace

RunData load_run_data(const TrainConfig& config, const Tokenizer& tokenizer, const ChatTemplate* chat_template) {
  RunData out;
  std::vector<Example> train, eval;
  if (!config.data.dataset.empty()) {
    DatasetExamples loaded = load_datasets(request_of(config, config.data.dataset));
    train = std::move(loaded.examples);
    out.counts = std::move(loaded.counts);
  }
  if (config.data.val_size > 0)
    eval = split_validation(train, config.data.val_size, static_cast<uint64_t>(config.step.seed));
  if (!config.data.eval_dataset.empty()) {
    DatasetExamples loaded = load_datasets(request_of(config, config.data.eval_dataset));
    eval = std::move(loaded.examples);
    out.eval_counts = std::move(loaded.counts);
  }
  TokenizeOptions tokenize{.pretraining = config.pretraining(),
                           .sample = {.cutoff_len = config.data.cutoff_len,
                                      .train_on_prompt = config.data.train_on_prompt,
                                      .mask_history = config.data.mask_history}};
  if (chat_template && chat_template->efficient_eos())
    tokenize.sample.closing_eos = closing_eos(*chat_template, config, tokenizer);
  tokenize.template_variables = template_variables(config);
  const UnitOptions units{.pretraining = config.pretraining(),
                          .packing = config.packs(),
                          .isolation = config.data.packing_isolation,
                          .cutoff_len = config.data.cutoff_len,
                          .packing_batch = config.data.preprocessing_batch_size};
  if (!train.empty()) {
    out.train = tokenize_examples(train, tokenizer, chat_template, tokenize);
    out.units = make_units(out.train, units);
  }
  if (!eval.empty()) {
    out.eval = tokenize_examples(eval, tokenizer, chat_template, tokenize);
    out.eval_units = make_units(out.eval, units);
  }
  return out;
}

}  // namespace llmbox
