#include "model/model_files.h"

#include "core/error.h"

namespace llmbox {

ModelFiles open_model_files(const std::filesystem::path& path) {
  ModelFiles files;
  files.path = path;
  files.config = read_json_file(path / "config.json");
  files.weights = open_weight_folder(path);
  return files;
}

}  // namespace llmbox
