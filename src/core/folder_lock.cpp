#include "core/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "core/error.h"

namespace llmbox {

FolderLock::~FolderLock() {
  if (handle_ >= 0) ::close(handle_);
}

void FolderLock::take(const std::filesystem::path& folder) {
  if (handle_ >= 0) return;
  handle_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle_ < 0 || ::flock(handle_, LOCK_EX | LOCK_NB) == 0) return;
  if (errno == EWOULDBLOCK)  // else: a file system without locks
    fail(folder.string(), "expected a folder for this run alone, got one that another process is writing; try another");
}

}  // namespace llmbox
