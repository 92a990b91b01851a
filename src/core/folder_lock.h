// A folder that one process at a time writes into: two runs in one folder would mix their checkpoints and journals. The
// lock is the system's, on the folder itself: it leaves no file behind and ends with the process, kill -9 too.
#pragma once

#include <filesystem>

namespace llmbox {

class FolderLock {
 public:
  FolderLock() = default;
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  /// Takes the folder until this object ends; does nothing where the folder is missing or is held already. Throws Error
  /// where another process holds it.
  void take(const std::filesystem::path& folder);

 private:
  int handle_ = -1;
};

}  // namespace llmbox
