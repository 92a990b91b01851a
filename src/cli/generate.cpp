// llmbox generate: prompts from a file, one JSON object a line, all through the engine at once; answers in the same
// order.
#include <cstdio>
#include <fstream>
#include <iostream>

#include "cli/model_flags.h"
#include "cli/verb.h"
#include "core/atomic_file.h"
#include "core/log.h"

namespace llmbox {
namespace {

struct GenerateConfig {
  ModelFlags model;
  SamplingFlags sampling;
  std::string input, output;

  template <class V>
  void fields(V& v) {
    model.fields(v);
    v("input", input, "JSON lines to answer; empty: standard input");
    v("output", output, "where the answers go; empty: standard output");
    sampling.fields(v);
  }
};

/// One line of the input.
struct PromptLine {
  std::optional<std::string> prompt;
  Json messages, tools;
  SamplingFlags sampling;

  template <class V>
  void fields(V& v) {
    v("prompt", prompt, "text to continue");
    v("messages", messages, "or a conversation to answer: [{role, content}, …]");
    v("tools", tools, "functions the model may call");
    sampling.fields(v);
  }
};

GenerateRequest read_request(const std::string& text, const std::string& where, const SamplingFlags& defaults) {
  const Json object = parse_json(text, where);
  if (!object.is_object()) fail(where, "expected an object with \"prompt\" or \"messages\", got {}", object.dump());
  PromptLine line;
  line.sampling = defaults;
  load_fields(line, object, where);
  if (line.prompt.has_value() == !line.messages.is_null())
    fail(where, "expected \"prompt\" or \"messages\", got {}", line.prompt ? "both" : "neither");
  GenerateRequest request;
  request.prompt = line.prompt.value_or("");
  if (!line.messages.is_null()) {
    if (!line.messages.is_array() || line.messages.empty())
      fail(where, "expected \"messages\" to be a list of {{role, content}}, got {}", line.messages.dump());
    request.messages.assign(line.messages.begin(), line.messages.end());
  }
  request.tools = line.tools;
  request.params = line.sampling.checked(where);
  return request;
}

std::vector<GenerateRequest> read_requests(std::istream& input, const std::string& name,
                                           const SamplingFlags& defaults) {
  std::vector<GenerateRequest> requests;
  std::string line;
  for (int number = 1; std::getline(input, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    requests.push_back(read_request(line, fmt::format("{} line {}", name, number), defaults));
  }
  return requests;
}

std::string answer_line(const Completion& completion) {
  const Json answer{{"text", completion.text}, {"ids", completion.ids}, {"finish_reason", completion.finish_reason}};
  return answer.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::vector<GenerateRequest> read_input(const GenerateConfig& config) {
  if (config.input.empty()) return read_requests(std::cin, "stdin", config.sampling);
  std::ifstream file(config.input);
  if (!file) fail(config.input, "expected a file of JSON lines, got none that can be read");
  return read_requests(file, config.input, config.sampling);
}

}  // namespace

int run_generate(const std::vector<std::string>& args) {
  if (!args.empty() && (args[0] == "--help" || args[0] == "-h")) {
    fmt::print(
        "usage: llmbox generate -m MODEL [--input FILE] [--output FILE] [flags]\n"
        "       llmbox generate RECIPE.yaml [flags]\n\n"
        "Each line in: {{\"prompt\" or \"messages\", \"max_tokens\", \"temperature\", …}}; each line out: "
        "{{\"text\", \"ids\", \"finish_reason\"}}.\n\n{}",
        help_text(GenerateConfig()));
    return 0;
  }
  const auto config = read_model_config<GenerateConfig>("generate", args);
  const LocalModelOptions options = config.model.options();
  const std::vector<GenerateRequest> requests = read_input(config);
  const auto model = LocalModel::load(options);
  // Answers leave in order, each as soon as all before it are there.
  std::vector<std::optional<std::string>> ready(requests.size());
  std::string collected;
  size_t next = 0;
  model->generate(requests, {}, [&](size_t index, const Completion& completion) {
    ready[index] = answer_line(completion);
    for (; next < ready.size() && ready[next]; ++next) {
      if (config.output.empty()) {
        std::fwrite(ready[next]->data(), 1, ready[next]->size(), stdout);
        std::fflush(stdout);
      } else {
        collected += *ready[next];
      }
      ready[next]->clear();
    }
  });
  if (const int64_t n_cut = model->n_prompts_truncated(); n_cut > 0)
    log_warning("{} of {} prompts did not fit the model's context and were cut on the left", n_cut, requests.size());
  if (!config.output.empty()) write_file_atomically(config.output, collected);
  return 0;
}

}  // namespace llmbox
