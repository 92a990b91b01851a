// From a file of alpaca rows to packed training rows: rendering, then everything. Needs the data beside the repository.
#include <fmt/format.h>

#include <filesystem>

#include "bench.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/thread_pool.h"
#include "data/dataset.h"
#include "data/tokenized.h"

namespace llmbox::bench {
namespace {

namespace fs = std::filesystem;

/// A dataset_info.json that names the alpaca file, in a folder of its own.
class AlpacaFolder {
 public:
  AlpacaFolder() {
    fs::create_directories(path_);
    const std::string file = fs::absolute(shared() / "data/alpaca/alpaca_5000.json").string();
    write_file_atomically(path_ / "dataset_info.json", Json({{"alpaca", {{"file_name", file}}}}).dump());
  }
  ~AlpacaFolder() { fs::remove_all(path_); }
  std::vector<Example> load() const { return load_datasets({.folder = path_, .names = {"alpaca"}}).examples; }

 private:
  fs::path path_ = fs::temp_directory_path() / "llmbox-bench-alpaca";
};

void print_seconds(const std::string& what, double seconds, double bar) {
  fmt::print("{:<44} {:8.3f} s (bar: {})\n", what, seconds, bar);
}

}  // namespace

void run_sft_data() {
  const fs::path tokenizer_folder = shared() / "fixtures/tokenizers/llama3";
  if (!fs::exists(tokenizer_folder)) {
    fmt::print("sft_data: skipped, needs {}\n", tokenizer_folder.string());
    return;
  }
  const AlpacaFolder folder;
  const std::vector<Example> examples = folder.load();
  for (const char* name : {"alpaca", "llama3", "qwen3"}) {
    const ChatTemplate chat_template = ChatTemplate::load(name);
    size_t bytes = 0;
    const double seconds = best_seconds([&] {
      bytes = 0;
      for (const Example& example : examples)
        for (const TemplatePiece& piece : chat_template.encode_pieces(example.conversation()))
          bytes += piece.text.size();
    });
    if (bytes < 2'000'000) throw Failure("bench", "expected 2 MB of text of 5,000 rows");
    print_seconds(fmt::format("render: {} rows, template {}, 1 thread", examples.size(), name), seconds, 0.2);
  }
  int64_t n_tokens = 0;
  const double seconds = best_seconds([&] {
    const auto tokenizer = Tokenizer::load(tokenizer_folder);
    const ChatTemplate chat_template = ChatTemplate::load("llama3", tokenizer->config());
    const TokenizedSet set = tokenize_examples(folder.load(), *tokenizer, &chat_template, {});
    n_tokens = 0;
    for (const PackedRow& row : make_units(set, {.packing = true})) n_tokens += static_cast<int64_t>(row.tokens.size());
    if (n_tokens != set.n_tokens) throw Failure("bench", "expected every token in one packed row");
  });
  print_seconds(fmt::format("file to packed rows: {} tokens, {} threads", n_tokens, thread_count()), seconds, 0.5);
}

}  // namespace llmbox::bench
