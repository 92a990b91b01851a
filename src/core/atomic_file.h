// Files that are whole or absent. AtomicFile writes into a temporary file in the same folder and renames it on
// commit(); without commit nothing is left. Devices and pipes are written as they are, links are followed. JournalFile
// appends JSON lines that survive kill -9: a line that was torn while being written is dropped when the journal is read
// or continued. A full disk is an Error that names the file. AtomicFile belongs to one thread; JournalFile::append is
// thread-safe.
#pragma once

#include <cstddef>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace llmbox {

/// Makes missing parent folders, writes, syncs, renames. Throws Error; the old file, if any, then stays as it was.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* bytes, size_t count);
  void write(std::string_view text) { write(text.data(), text.size()); }
  /// Syncs to the disk and gives the file its final name. Requires: called at most once, nothing written after.
  void commit();

 private:
  void flush();

  std::filesystem::path path_, temporary_;
  int file_ = -1;
  std::string buffer_;
};

enum class JournalMode { kContinue, kFresh };

class JournalFile {
 public:
  /// kContinue cuts a torn last line off and appends; kFresh starts empty.
  explicit JournalFile(std::filesystem::path path, JournalMode mode = JournalMode::kContinue);
  ~JournalFile();
  JournalFile(const JournalFile&) = delete;
  JournalFile& operator=(const JournalFile&) = delete;

  /// One line, handed to the system at once. Where the disk is full nothing of it stays and Error is thrown.
  void append(const Json& record);
  /// Forces what was appended onto the disk (against power loss; kill -9 needs no sync).
  void sync();

 private:
  std::filesystem::path path_;
  int file_ = -1;
  std::mutex mutex_;
};

/// The records of a journal, without a torn last line; none where the file is missing. Throws Error for another bad
/// line.
std::vector<Json> read_journal(const std::filesystem::path& path);

}  // namespace llmbox
