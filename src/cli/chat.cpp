// llmbox chat: a conversation in the terminal, streamed. Without a terminal (a pipe) only the answers are printed. A
// model without chat template continues each line as plain text.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <iostream>

#include "cli/model_flags.h"
#include "cli/verb.h"
#include "core/atomic_file.h"
#include "core/near_name.h"

namespace llmbox {
namespace {

volatile std::sig_atomic_t interrupted = 0;

struct ChatConfig {
  ModelFlags model;
  SamplingFlags sampling;
  std::string system;

  ChatConfig() {
    sampling.params.max_tokens = 1024;
    sampling.params.temperature = 0.95;
    sampling.params.top_p = 0.7;
    sampling.params.top_k = 50;
  }

  template <class V>
  void fields(V& v) {
    model.fields(v);
    v("system", system, "system prompt");
    v.alias("system", "default_system");
    sampling.fields(v);
  }
};

const std::vector<std::string> kCommands{"/system", "/clear", "/save", "/history", "/help", "/exit"};

class ChatSession {
 public:
  ChatSession(LocalModel& model, std::string system, SamplingParams params)
      : model_(model), system_(std::move(system)), params_(std::move(params)), terminal_(isatty(STDIN_FILENO)) {}

  void run() {
    greet();
    std::string line;
    while (ask(line)) {
      if (line.empty()) continue;
      if (line == "exit" || line == "/exit" || line == "/quit") break;
      if (line[0] == '/')
        command(line);
      else if (line == "clear")
        clear();
      else
        answer(line);
    }
  }

 private:
  void greet() const {
    if (!terminal_) return;
    fmt::print("Talk with the model; /help tells the commands, /exit ends.\n");
    if (!model_.has_chat_template()) fmt::print("This model has no chat template: it continues what you write.\n");
  }

  bool ask(std::string& line) const {
    if (terminal_) {
      fmt::print("\nUser: ");
      std::fflush(stdout);
    }
    if (!std::getline(std::cin, line)) return false;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return true;
  }

  void clear() {
    messages_.clear();
    say("History has been removed.");
  }

  void say(const std::string& text) const { fmt::print("{}\n", text); }

  void command(const std::string& line) {
    const size_t space = line.find(' ');
    const std::string name = line.substr(0, space);
    const std::string rest = space == std::string::npos ? "" : line.substr(space + 1);
    if (name == "/clear") return clear();
    if (name == "/system") {
      system_ = rest;
      messages_.clear();
      return say(rest.empty() ? "The system prompt has been removed." : "The system prompt has been set.");
    }
    if (name == "/history") return say(history().dump(2, ' ', false, Json::error_handler_t::replace));
    if (name == "/save") return save(rest);
    if (name == "/help")
      return say(
          "/system TEXT  set the system prompt (none: remove it), history starts anew\n"
          "/clear        forget the conversation\n/history      show it\n/save FILE    write it as JSON\n"
          "/exit         end (also: exit, end of input)");
    say(fmt::format("No command '{}'; try {}.", name, near_names(name, kCommands)));
  }

  Json history() const {
    Json all = Json::array();
    for (const Message& message : with_system()) all.push_back(message);
    return all;
  }

  void save(const std::string& path) const {
    if (path.empty()) return say("Say where: /save FILE.");
    try {
      write_file_atomically(path, history().dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
      say("Saved to " + path + ".");
    } catch (const std::exception& error) {
      say(error.what());
    }
  }

  Messages with_system() const {
    Messages all;
    if (!system_.empty()) all.push_back(make_message("system", system_));
    all.insert(all.end(), messages_.begin(), messages_.end());
    return all;
  }

  GenerateRequest request_for(const std::string& line) {
    GenerateRequest request;
    request.params = params_;
    ++params_.seed;  // the next turn draws anew
    messages_.push_back(make_message("user", line));
    if (model_.has_chat_template())
      request.messages = with_system();
    else
      request.prompt = line;
    return request;
  }

  void answer(const std::string& line) {
    const GenerateRequest request = request_for(line);
    if (terminal_) fmt::print("Assistant: ");
    interrupted = 0;
    const auto start = std::chrono::steady_clock::now();
    const auto stream = [](size_t, const std::string& text) {
      std::fwrite(text.data(), 1, text.size(), stdout);
      std::fflush(stdout);
      return interrupted == 0;
    };
    const Completion completion = model_.generate(std::span(&request, 1), stream)[0];
    messages_.push_back(make_message("assistant", completion.text));
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    fmt::print("\n");
    if (terminal_)
      fmt::print(stderr, "[{} tokens after {}, {:.1f} tokens/s, {}]\n", completion.ids.size(),
                 completion.n_prompt_tokens, static_cast<double>(completion.ids.size()) / seconds,
                 completion.finish_reason);
    std::fflush(stdout);
  }

  LocalModel& model_;
  std::string system_;
  SamplingParams params_;
  bool terminal_;
  Messages messages_;
};

}  // namespace

int run_chat(const std::vector<std::string>& args) {
  if (!args.empty() && (args[0] == "--help" || args[0] == "-h")) {
    fmt::print("usage: llmbox chat MODEL [flags]\n       llmbox chat RECIPE.yaml [flags]\n\n{}",
               help_text(ChatConfig()));
    return 0;
  }
  const auto config = read_model_config<ChatConfig>("chat", args);
  const SamplingParams params = config.sampling.checked("chat");
  const auto model = LocalModel::load(config.model.options());
  if (isatty(STDIN_FILENO)) std::signal(SIGINT, [](int) { interrupted = 1; });
  ChatSession(*model, config.system, params).run();
  return 0;
}

}  // namespace llmbox
