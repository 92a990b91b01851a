#include "cli/verb.h"

namespace llmbox {

namespace {

constexpr Verb kVerbs[] = {
    {"train", "train a model from a recipe (YAML), key=value overrides", run_train},
    {"eval", "evaluate a model on tasks", run_eval},
    {"chat", "talk with a model in the terminal", run_chat},
    {"generate", "answer prompts from a file, one JSON object a line", run_generate},
    {"export", "merge an adapter, re-shard, save a model folder", run_export},
    {"logits", "write the logits of given token ids", run_logits},
    {"model", "model info: what a model folder holds", run_model},
    {"tokenizer", "tokenizer train | encode | decode", run_tokenizer},
    {"template", "template render: messages to the prompt text", run_template},
    {"data", "data preview: samples as the model sees them", run_data},
};

}  // namespace

std::span<const Verb> verbs() { return kVerbs; }

}  // namespace llmbox
