#include "tokenizer/tokenizer.h"

#include <algorithm>
#include <sstream>

#include "core/error.h"
#include "core/thread_pool.h"
#include "tokenizer/file/tokenizer_file.h"
#include "tokenizer/pipeline.h"
#include "tokenizer/tokenizer_config.h"

namespace llmbox {

namespace {

namespace fs = std::filesystem;

bool matches(std::string_view pattern, std::string_view name) {
  size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == name;
  return name.size() + 1 >= pattern.size() && name.starts_with(pattern.substr(0, star)) &&
         name.ends_with(pattern.substr(star + 1));
}

// The first file of the folder, by the table's order, that holds a tokenizer.
fs::path find_in_folder(const fs::path& folder) {
  std::vector<std::string> present;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    present.push_back(entry.path().filename().string());
  std::sort(present.begin(), present.end());
  for (const TokenizerFile& file : tokenizer_files()) {
    std::istringstream patterns(file.names);
    for (std::string pattern; patterns >> pattern;)
      for (const std::string& name : present)
        if (matches(pattern, name)) return folder / name;
  }
  fail(folder.string(), "expected a tokenizer in the folder (tokenizer.json, tokenizer.model, {}), got none; try {}",
       "vocab.json with merges.txt, vocab.txt, *.tiktoken, *.gguf, tokenizer.bin", "a folder that holds one");
}

fs::path tokenizer_file(const fs::path& path) {
  if (!fs::exists(path))
    fail(path.string(), "expected a tokenizer, got no such file or folder; try a model folder or a tokenizer.json");
  return fs::is_directory(path) ? find_in_folder(path) : path;
}

class PlainStream : public TextStream {
 public:
  PlainStream(const Tokenizer& tokenizer, bool skip_special) : tokenizer_(tokenizer), skip_special_(skip_special) {}
  std::string push(int32_t id) override { return tokenizer_.decode(std::span(&id, 1), skip_special_); }
  std::string finish() override { return {}; }

 private:
  const Tokenizer& tokenizer_;
  bool skip_special_;
};

}  // namespace

std::shared_ptr<const Tokenizer> Tokenizer::load(const fs::path& path) {
  fs::path file = tokenizer_file(path);
  PipelineParts parts = kind_of_file(file).read(file);
  apply_tokenizer_config(file.parent_path(), parts);
  return std::make_shared<Pipeline>(std::move(parts));
}

std::vector<std::vector<int32_t>> Tokenizer::encode_batch(std::span<const std::string> texts,
                                                          const EncodeOptions& options) const {
  std::vector<std::vector<int32_t>> batch(texts.size());
  parallel_for(static_cast<int64_t>(texts.size()), 1, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) batch[i] = encode(texts[i], options);
  });
  return batch;
}

std::unique_ptr<TextStream> Tokenizer::stream(bool skip_special) const {
  return std::make_unique<PlainStream>(*this, skip_special);
}

}  // namespace llmbox
