// A verb of the command line: `llmbox NAME args…`. One file per verb, one row in verb_table.cpp.
// A verb's run() gets the words after its name and returns the exit code; it throws Error for wrong input (reported by
// main as one line on stderr, exit code 2). Only verbs print; results go to stdout, everything else to stderr.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace llmbox {

struct Verb {
  const char* name;
  const char* summary;
  int (*run)(const std::vector<std::string>& args);
};

/// Every verb, in the order of `llmbox --help`.
std::span<const Verb> verbs();

int run_train(const std::vector<std::string>& args);
int run_eval(const std::vector<std::string>& args);
int run_chat(const std::vector<std::string>& args);
int run_generate(const std::vector<std::string>& args);
int run_export(const std::vector<std::string>& args);
int run_logits(const std::vector<std::string>& args);
int run_model(const std::vector<std::string>& args);
int run_tokenizer(const std::vector<std::string>& args);
int run_template(const std::vector<std::string>& args);
int run_data(const std::vector<std::string>& args);

}  // namespace llmbox
