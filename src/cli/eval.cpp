// llmbox eval: evaluates a model on tasks. Flags are LLMBox's, so that its command lines run as they are; what has no
// meaning for one local engine (--vllm, --batch_size …) is accepted and named once as not used.
#include <CLI/CLI.hpp>
#include <map>

#include "cli/verb.h"
#include "core/error.h"
#include "core/log.h"
#include "eval/runner.h"
#include "eval/task_library.h"
#include "infer/local_model.h"
#include "net/hub.h"

namespace llmbox {

namespace {

struct EvalFlags {
  LocalModelOptions model;
  EvalOptions eval;
  std::string model_type = "auto", torch_dtype, output = "evaluation_results";
  std::vector<std::string> ignored;
  bool as_json = false, list = false;
};

/// LLMBox's flags of one dash and several letters, in the form that CLI11 reads.
std::vector<std::string> with_long_flags(const std::vector<std::string>& args) {
  static const std::map<std::string, std::string> longer = {
      {"-shots", "--num_shots"}, {"-bsz", "--batch_size"}, {"-sys", "--system_prompt"}};
  std::vector<std::string> words;
  for (const std::string& word : args) {
    const auto known = longer.find(word);
    words.push_back(known == longer.end() ? word : known->second);
  }
  return words;
}

void add_model_flags(CLI::App& app, EvalFlags& flags) {
  app.add_option("-m,--model,--model_name_or_path", flags.model.model, "model folder or hub name");
  app.add_option("--adapter,--adapter_name_or_path", flags.model.adapter, "adapter folder (PEFT)");
  app.add_option("--device", flags.model.device, "auto (the GPU where there is one), cpu, cuda, cuda:N");
  app.add_option("--dtype,--torch_dtype", flags.model.dtype, "auto, f32 (float32), bf16 (bfloat16)");
  app.add_option("--model_type", flags.model_type, "auto (as the task says), base (plain text), chat (chat template)")
      ->check(CLI::IsMember({"auto", "base", "chat"}));
  app.add_option("--chat_template", flags.model.chat_template, "name or file of a chat template; implies chat");
  app.add_option("--system_prompt", flags.eval.system_prompt, "system turn of a chat model");
  app.add_option("--max_tokens,--max_new_tokens", flags.eval.max_tokens, "longest answer, tokens");
  app.add_option("--temperature", flags.eval.temperature, "0 = greedy");
  app.add_option("--top_p", flags.eval.top_p, "1 = off");
  app.add_option("--top_k", flags.eval.top_k, "0 = off");
  app.add_option("--stop", flags.eval.stop, "further stop strings");
}

void add_data_flags(CLI::App& app, EvalFlags& flags) {
  EvalOptions& eval = flags.eval;
  app.add_option("-d,--dataset,--dataset_names", eval.tasks, "tasks: mmlu, mmlu:anatomy,virology, mmlu:[stem], a,b");
  app.add_option("--data_dir,--dataset_path", eval.data_dir, "folder of the data files (data)");
  app.add_option("--tasks_dir", eval.tasks_dir, "folder of further task files");
  app.add_option("--evaluation_set", eval.evaluation_set, "split to ask, slices allowed: test[:10]");
  app.add_option("--example_set", eval.example_set, "split of the examples, slices allowed");
  app.add_option("--instruction", eval.instruction, "Jinja template in place of the task's prompt");
  app.add_option("--num_shots,--max_num_shots", eval.num_shots, "examples before each question (0)");
  app.add_option("--shots_from", eval.shots_from, "random (drawn with the seed, as LLMBox) or first");
  app.add_option("--max_example_tokens", eval.max_example_tokens, "whole examples are dropped until they fit (1024)");
  app.add_option("--ranking_type", eval.ranking_type, "ppl_no_option (default), ppl, prob, generation");
  app.add_option("--cot", eval.cot, "chain-of-thought strategy of the task");
  app.add_option("--sample_num,--majority,--consistency", eval.sample_num,
                 "answers per question, the most frequent counts");
  app.add_option("-i,--max_evaluation_instances,--max_example_num,--limit", eval.max_evaluation_instances,
                 "questions per subset: 0 all, > 0 the first, < 0 the last");
  app.add_flag("--shuffle_choices", eval.shuffle_choices, "options in an order drawn with the seed");
  app.add_option("--seed", eval.seed, "of examples, order and sampling (2023)")->check(CLI::NonNegativeNumber);
}

void add_run_flags(CLI::App& app, EvalFlags& flags) {
  app.add_option("-o,--output,--evaluation_results_dir", flags.output, "folder for results.json and TASK.jsonl");
  app.add_flag("--overwrite", flags.eval.overwrite, "start over where the folder holds another model's answers");
  app.add_flag("--json", flags.as_json, "print results.json in place of the table");
  app.add_flag("--list", flags.list, "list the tasks and stop");
  for (const char* name : {"-b,--batch_size,--per_device_eval_batch_size", "--inference", "--model_backend",
                           "--device_map", "--prefix_caching", "--vllm", "--flash_attention,--flash_attn",
                           "--dataset_threading", "--cuda,--cuda_visible_devices", "--logging_dir", "--log_level",
                           "--log_results", "--vllm_gpu_memory_utilization,--vllm_mem", "--dataloader_workers",
                           "--proxy_port", "--hf_token", "--hf_username"}) {
    const std::string flag = std::string(name).substr(std::string(name).find("--"));
    app.add_option_function<std::string>(
           name, [&flags, flag](const std::string&) { flags.ignored.push_back(flag); }, "accepted, not used")
        ->group("LLMBox flags without meaning here");
  }
}

std::string dtype_name(const std::string& name) {
  static const std::map<std::string, std::string> names = {
      {"float32", "f32"}, {"bfloat16", "bf16"}, {"float16", "auto"}};
  const auto known = names.find(name);
  return known == names.end() ? name : known->second;
}

/// A file that the answers depend on, with its size and time.
std::string stamp_of(const std::filesystem::path& file) {
  return fmt::format("{}:{}:{}", file.string(), std::filesystem::file_size(file),
                     std::filesystem::last_write_time(file).time_since_epoch().count());
}

/// What the answers depend on: the files of model (a folder, or one GGUF file or model of llama2.c) and adapter, dtype
/// and template.
std::string identity_of(const LocalModelOptions& options) {
  std::vector<std::string> parts;
  for (const auto& path : {options.model, options.adapter}) {
    if (std::filesystem::is_regular_file(path)) parts.push_back(stamp_of(path));
    std::error_code missing;
    for (const auto& entry : std::filesystem::directory_iterator(path, missing)) {
      const auto extension = entry.path().extension();
      for (const char* known : {".safetensors", ".bin", ".json", ".model", ".jinja"})
        if (extension == known) parts.push_back(stamp_of(entry.path()));
    }
  }
  std::sort(parts.begin(), parts.end());
  std::string files;
  for (const std::string& part : parts) files += part + "\n";
  return fmt::format("{} {:016x} {} {}", options.model.string(), std::hash<std::string>{}(files), options.dtype,
                     options.chat_template);
}

int list_tasks(const EvalOptions& options) {
  const TaskLibrary library(options.tasks_dir);
  for (const std::string& name : library.names()) fmt::print("  {:<18} {}\n", name, library.load(name).summary);
  return 0;
}

void settle(EvalFlags& flags) {
  if (flags.model.model.empty()) fail("llmbox eval", "expected a model folder, got none; try -m MODEL");
  if (flags.eval.tasks.empty()) fail("llmbox eval", "expected tasks, got none; try -d mmlu, or --list");
  flags.model.model = local_model(flags.model.model.string());
  flags.model.adapter = local_model(flags.model.adapter.string());
  flags.model.dtype = dtype_name(flags.model.dtype);
  flags.eval.output = flags.output;
  if (flags.model_type != "auto")
    flags.eval.chat = flags.model_type == "chat";
  else if (!flags.model.chat_template.empty() || !flags.eval.system_prompt.empty())
    flags.eval.chat = true;
  if (flags.model_type == "base" && !flags.eval.system_prompt.empty())
    fail("--system_prompt", "expected a chat model, got --model_type base");
  for (const std::string& flag : flags.ignored) log_warning("{} has no meaning here and is not used", flag);
}

}  // namespace

int run_eval(const std::vector<std::string>& args) {
  CLI::App app("Evaluates a model on tasks: multiple choice, generation, perplexity.", "llmbox eval");
  EvalFlags flags;
  add_model_flags(app, flags);
  add_data_flags(app, flags);
  add_run_flags(app, flags);
  try {
    std::vector<std::string> words = with_long_flags(args);
    std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
    app.parse(words);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return 0;
  } catch (const CLI::ParseError& error) {
    fail("llmbox eval", "{}; try --help", error.what());
  }
  if (flags.list) return list_tasks(flags.eval);
  settle(flags);
  TaskLibrary(flags.eval.tasks_dir).choose(flags.eval.tasks, flags.eval.cot);  // names are wrong before the model loads
  flags.eval.model_name = identity_of(flags.model);
  const auto model = LocalModel::load(flags.model);
  const Json results = run_evaluation(*model, flags.eval);
  fmt::print("{}", flags.as_json ? results.dump(2) + "\n" : results_table(results));
  log_info("engine: {}", model->stats().dump());
  log_info("written: {}", (flags.eval.output / "results.json").string());
  return 0;
}

}  // namespace llmbox
