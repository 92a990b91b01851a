// A whole file mapped into memory, private and writable: pages come from the file when first read, written pages become
// the process's own. Unmapped when the last owner lets go.
#pragma once

#include <cstddef>
#include <filesystem>

namespace llmbox {

class FileMapping {
 public:
  /// Throws Error naming the file where it is missing, unreadable or empty.
  explicit FileMapping(const std::filesystem::path& path);
  ~FileMapping();
  FileMapping(const FileMapping&) = delete;
  FileMapping& operator=(const FileMapping&) = delete;

  std::byte* data() const { return data_; }
  size_t size() const { return size_; }
  /// Gives back the memory of every page read so far; they come from the file again when they are read again. Requires:
  /// nothing was written to them. For those who read a file once, from end to end.
  void release_pages() const;

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace llmbox
