#include "tokenizer/tokenizer.h"

#include "core/error.h"
#include "tokenizer/pipeline.h"
#include "tokenizer/tokenizer_config.h"
#include "tokenizer/tokenizer_json.h"

namespace llmbox {

namespace {

namespace fs = std::filesystem;

fs::path tokenizer_file(const fs::path& path) {
  if (!fs::exists(path))
    fail(path.string(), "expected a tokenizer, got no such file or folder; try a model folder or a tokenizer.json");
  if (!fs::is_directory(path)) return path;
  if (fs::exists(path / "tokenizer.json")) return path / "tokenizer.json";
  fail(path.string(), "expected tokenizer.json in the folder, got none; try a folder that holds one");
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
  PipelineParts parts = read_tokenizer_json(file);
  apply_tokenizer_config(file.parent_path(), parts);
  return std::make_shared<Pipeline>(std::move(parts));
}

std::unique_ptr<TextStream> Tokenizer::stream(bool skip_special) const {
  return std::make_unique<PlainStream>(*this, skip_special);
}

}  // namespace llmbox
