// Writing a zip archive of stored entries as torch.save does: data at multiples of 64 bytes, zip64 throughout, so that
// files and entries beyond 4 GB are nothing special. The file is whole or absent. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/atomic_file.h"

namespace llmbox {

class ZipWriter {
 public:
  explicit ZipWriter(const std::filesystem::path& path) : file_(path) {}
  void add(const std::string& name, const void* bytes, size_t count);
  void add(const std::string& name, std::string_view text) { add(name, text.data(), text.size()); }
  /// Writes the directory and gives the file its name.
  void commit();

 private:
  struct Entry {
    std::string name;
    uint64_t begin, size;
    uint32_t checksum;
  };
  void write(const std::string& bytes);

  AtomicFile file_;
  uint64_t at_ = 0;
  std::vector<Entry> entries_;
};

/// CRC-32 of zip and PNG (polynomial 0xEDB88320).
uint32_t crc32_of(const void* bytes, size_t count);

}  // namespace llmbox
