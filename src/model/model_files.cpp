#include "model/model_files.h"

#include <fstream>

#include "core/error.h"
#include "model/gguf/model.h"
#include "model/llama2c.h"

namespace llmbox {

namespace {

bool is_gguf(const std::filesystem::path& path) {
  char magic[4] = {};
  std::ifstream(path, std::ios::binary).read(magic, 4);
  return std::string_view(magic, 4) == "GGUF" || path.extension() == ".gguf";
}

}  // namespace

ModelFiles open_model_files(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) fail(path.string(), "expected a model folder or file, found none");
  if (!std::filesystem::is_directory(path)) return is_gguf(path) ? open_gguf_model(path) : open_llama2c_model(path);
  ModelFiles files;
  files.path = path;
  files.config = read_json_file(path / "config.json");
  files.weights = open_weight_folder(path);
  return files;
}

}  // namespace llmbox
