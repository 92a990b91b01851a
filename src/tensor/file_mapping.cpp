#include "tensor/file_mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace llmbox {

FileMapping::FileMapping(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) fail(path.string(), "expected a readable file, got '{}'", std::strerror(errno));
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0) {
    ::close(file);
    fail(path.string(), "expected a file with content, got {}", S_ISREG(status.st_mode) ? "an empty one" : "none");
  }
  size_ = static_cast<size_t>(status.st_size);
  void* address = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file, 0);
  ::close(file);
  if (address == MAP_FAILED) fail(path.string(), "expected to map {} bytes, got '{}'", size_, std::strerror(errno));
  data_ = static_cast<std::byte*>(address);
}

FileMapping::~FileMapping() { ::munmap(data_, size_); }

void FileMapping::release_pages() const { ::madvise(data_, size_, MADV_DONTNEED); }

}  // namespace llmbox
