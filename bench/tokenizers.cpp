// Tokenizers on one thread: megabytes a second of its time on English, Chinese and code, loading, decoding as a stream,
// and texts without a single cut. bench/peers/tokenizers.py reads these lines beside its peers' figures. Needs the
// fixtures and data beside the repository.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <limits>
#include <vector>

#include "bench.h"
#include "core/error.h"
#include "core/json.h"
#include "tokenizer/tokenizer.h"

namespace llmbox::bench {
namespace {

namespace fs = std::filesystem;

struct Kind {
  const char *name, *path;  // under fixtures/tokenizers
  bool keeps_text;          // decoding gives any text back (the others rewrite some spaces)
};

constexpr std::array kKinds = {
    Kind{"gpt2", "gpt2", true},
    Kind{"llama3", "llama3", true},
    Kind{"qwen2", "qwen2", false},
    Kind{"cl100k_base", "cl100k_base", true},
    Kind{"llama2", "llama2", false},
    Kind{"llama2_model", "llama2/tokenizer.model", false},
    Kind{"internlm", "internlm", false},
    Kind{"t5_small", "t5_small", false},
    Kind{"bert_base_uncased", "bert_base_uncased", false},
    Kind{"rwkv_world", "rwkv_world", true},
};

struct Corpus {
  const char* name;
  std::string text;
};

// Seconds of this thread's processor time in the fastest of a few runs: the machine may be shared.
double best_thread_seconds(const std::function<void()>& work, int runs = 5) {
  auto now = [] {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  };
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < runs; ++i) {
    const double start = now();
    work();
    best = std::min(best, now() - start);
  }
  return best;
}

// The sources of this program, in the order of their paths.
std::string own_code() {
  std::vector<fs::path> paths;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(fs::path(LLMBOX_SOURCE_DIR) / "src"))
    if (entry.path().extension() == ".cpp") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::string text;
  for (const fs::path& path : paths) text += read_text_file(path);
  return text;
}

std::vector<Corpus> corpora() {
  return {{"english", read_text_file(shared() / "data/wikitext2/test.txt")},
          {"chinese", read_text_file(shared() / "data/llmbox/data/chinese.txt")},
          {"code", own_code()}};
}

void run_kind(const Kind& kind, const std::vector<Corpus>& texts) {
  const fs::path path = shared() / "fixtures/tokenizers" / kind.path;
  std::shared_ptr<const Tokenizer> tokenizer;
  const double loading = best_seconds([&] { tokenizer = Tokenizer::load(path); }, 3);
  fmt::print("tokenizers: {:<18} load    {:8.1f} ms\n", kind.name, loading * 1e3);
  for (const Corpus& corpus : texts) {
    std::vector<int32_t> ids;
    const double seconds = best_thread_seconds([&] { ids = tokenizer->encode(corpus.text); }, 5);
    if (kind.keeps_text && tokenizer->decode(ids) != corpus.text)
      throw Failure("bench", fmt::format("{} does not give {} back", kind.name, corpus.name));
    fmt::print("tokenizers: {:<18} {:<8}{:8.1f} MB/s  {} tokens\n", kind.name, corpus.name,
               static_cast<double>(corpus.text.size()) / seconds / 1e6, ids.size());
  }
}

void run_stream() {
  const auto tokenizer = Tokenizer::load(shared() / "fixtures/tokenizers/llama3");
  const std::vector<int32_t> ids = tokenizer->encode(corpora()[0].text);
  const double seconds = best_thread_seconds([&] {
    StreamDecoder decoder(*tokenizer);
    size_t bytes = 0;
    for (int32_t id : ids) bytes += decoder.push(id).size();
    if (bytes == 0) throw Failure("bench", "the stream gave nothing");
  });
  fmt::print("tokenizers: {:<18} stream  {:8.2f} M tokens/s (bar: 1)\n", "llama3",
             static_cast<double>(ids.size()) / seconds / 1e6);
}

// Seconds for 1 MB that holds no place to cut.
void run_uncut() {
  std::string marks = "a";
  while (marks.size() < 1 << 20) marks += "\xCC\x81";
  for (const char* name : {"llama3", "llama2", "qwen2", "t5_small"}) {
    const auto tokenizer = Tokenizer::load(shared() / "fixtures/tokenizers" / name);
    double slowest = 0;
    for (const std::string& text : {std::string(1 << 20, 'a'), std::string(1 << 20, ' '), marks})
      slowest = std::max(slowest, best_thread_seconds([&] { tokenizer->encode(text); }, 1));
    fmt::print("tokenizers: {:<18} uncut   {:8.3f} s for the slowest of 1 MB of one letter, spaces, marks\n", name,
               slowest);
  }
}

void run_batch(const Corpus& corpus) {
  const auto tokenizer = Tokenizer::load(shared() / "fixtures/tokenizers/llama3");
  std::vector<std::string> texts;
  for (size_t at = 0; at < corpus.text.size(); at += 4096) texts.push_back(corpus.text.substr(at, 4096));
  const double seconds = best_seconds([&] { tokenizer->encode_batch(texts); });
  fmt::print("tokenizers: {:<18} batch   {:8.1f} MB/s of texts of 4 kB on all cores\n", "llama3",
             static_cast<double>(corpus.text.size()) / seconds / 1e6);
}

}  // namespace

void run_tokenizers() {
  if (!fs::exists(shared() / "fixtures/tokenizers")) {
    fmt::print("tokenizers: skipped, needs {}\n", shared().string());
    return;
  }
  const std::vector<Corpus> texts = corpora();
  for (const Kind& kind : kKinds) run_kind(kind, texts);
  run_stream();
  run_uncut();
  run_batch(texts[0]);
}

}  // namespace llmbox::bench
