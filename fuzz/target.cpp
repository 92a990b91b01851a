#include "fuzz/target.h"

#include <unistd.h>

namespace llmbox {

namespace {

// In memory where the machine has such a folder: files come and go by the thousand a second.
std::filesystem::path scratch_folder() {
  const std::filesystem::path memory = "/dev/shm";
  const std::filesystem::path base =
      std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
  const std::filesystem::path folder = base / fmt::format("llmbox-fuzz-{}", ::getpid());
  std::filesystem::create_directories(folder);
  return folder;
}

struct Scratch {
  std::filesystem::path folder = scratch_folder();
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
};

}  // namespace

void may_refuse(const std::function<void()>& read) {
  try {
    read();
  } catch (const Error&) {
  }
}

void read_as_file(std::string_view bytes, const char* name, const std::function<void(const std::string& path)>& read) {
  static Scratch scratch;
  const std::filesystem::path path = scratch.folder / name;
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  may_refuse([&] { read(path.string()); });
}

}  // namespace llmbox
