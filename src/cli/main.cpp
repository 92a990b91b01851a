// The program's entry: picks the verb, reports faults in one line and turns them into exit codes
// (0 done, 2 wrong input, 1 failure). Nothing below cli/ prints or exits.
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iostream>

#include "cli/verb.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/near_name.h"

namespace llmbox {
namespace {

void print_help() {
  fmt::print("llmbox trains, evaluates and talks with language models.\n\nusage: llmbox VERB [arguments]\n\n");
  for (const Verb& verb : verbs()) fmt::print("  {:<10} {}\n", verb.name, verb.summary);
  fmt::print("\nllmbox VERB --help tells a verb's arguments.\n");
}

int run(std::vector<std::string> args) {
  if (args.size() > 1 && args[0] == "help") args = {args[1], "--help"};
  if (args.empty() || args[0] == "--help" || args[0] == "-h" || args[0] == "help") {
    print_help();
    return args.empty() ? 2 : 0;
  }
  std::vector<std::string> names;
  for (const Verb& verb : verbs()) {
    if (args[0] == verb.name) return verb.run({args.begin() + 1, args.end()});
    names.emplace_back(verb.name);
  }
  fail("llmbox", "expected a verb, got '{}'; try {}", args[0], near_names(args[0], names));
}

/// What was printed has arrived, or it is a fault: a full disk must not look like success.
void flush_output() {
  std::cout.flush();
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0 || !std::cout)
    fail("standard output", "expected to write the answer, got '{}'; try freeing disk space", std::strerror(errno));
}

}  // namespace
}  // namespace llmbox

int main(int argc, char** argv) {
  llmbox::keep_large_blocks();
  std::ios::sync_with_stdio(false);  // else standard input comes byte by byte
  try {
    const int code = llmbox::run({argv + 1, argv + argc});
    llmbox::flush_output();
    return code;
  } catch (const llmbox::Error& error) {
    fmt::print(stderr, "llmbox: {}\n", error.what());
    return 2;
  } catch (const std::filesystem::filesystem_error& error) {  // a path that the user gave
    fmt::print(stderr, "llmbox: [{}] expected a path that can be used, got '{}'; try another\n", error.path1().string(),
               error.code().message());
    return 2;
  } catch (const c10::Error& error) {  // libtorch's own: what() would bring its stack
    fmt::print(stderr, "llmbox: {}\n", error.what_without_backtrace());
    return 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "llmbox: {}\n", error.what());
    return 1;
  }
}
