#include "core/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "core/error.h"

namespace llmbox {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBufferBytes = size_t{1} << 20;

// A file-size limit must come back as an errno, not kill the program.
void ignore_size_signal() {
  static const auto before = std::signal(SIGXFSZ, SIG_IGN);
  (void)before;
}

[[noreturn]] void fail_to_write(const fs::path& path) {
  const int code = errno;
  const bool full = code == ENOSPC || code == EDQUOT || code == EFBIG;
  fail(path.string(), "expected to write this file, got '{}'; try {}", std::strerror(code),
       full ? "freeing disk space or another folder" : "another folder");
}

void make_parent(const fs::path& path) {
  std::error_code status;
  if (!path.parent_path().empty()) fs::create_directories(path.parent_path(), status);
  if (status) fail(path.string(), "expected to make its folder, got '{}'; try another folder", status.message());
}

// False, with errno, where not everything could be written.
bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

// Links are followed, so that the file they lead to is the one replaced; a device or pipe is written as it is: a rename
// would put a plain file in its place.
bool is_stream(const fs::path& path) {
  std::error_code missing;
  const fs::file_status status = fs::status(path, missing);
  return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

fs::path without_links(const fs::path& path) {
  std::error_code fault;
  if (!fs::is_symlink(path, fault)) return path;
  const fs::path target = fs::weakly_canonical(path, fault);
  return fault ? path : target;
}

fs::path temporary_name(const fs::path& path) {
  static std::atomic<int> counter{0};
  return path.parent_path() / fmt::format(".{}.{}-{}.tmp", path.filename().string(), ::getpid(), counter++);
}

// Makes a rename survive power loss; file systems that cannot sync a folder are left alone.
void sync_folder(const fs::path& folder) {
  const int handle = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0) return;
  ::fsync(handle);
  ::close(handle);
}

struct JournalText {
  std::vector<Json> records;
  size_t whole_bytes = 0;  // up to the end of the last whole record
};

JournalText parse_journal(const fs::path& path) {
  JournalText journal;
  if (!fs::exists(path)) return journal;
  const std::string text = read_text_file(path);
  int64_t line = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    if (end == text.npos) break;  // torn: the newline is the record's last byte
    ++line;
    const std::string_view record(text.data() + begin, end - begin);
    const bool is_last = end + 1 == text.size();
    if (is_last && !Json::accept(record)) break;  // a file system may leave garbage after power loss
    journal.records.push_back(parse_json(record, path.string(), line));
    begin = end + 1;
    journal.whole_bytes = begin;
  }
  return journal;
}

}  // namespace

void write_file_atomically(const fs::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
  ignore_size_signal();
  if (is_stream(path_)) {
    file_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    path_ = without_links(path_);
    make_parent(path_);
    if (fs::is_directory(path_)) fail(path_.string(), "expected a file, got a folder of that name");
    temporary_ = temporary_name(path_);
    file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  }
  if (file_ < 0) fail_to_write(path_);
}

AtomicFile::~AtomicFile() {
  if (file_ < 0) return;
  ::close(file_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::flush() {
  if (!write_all(file_, buffer_)) fail_to_write(path_);
  buffer_.clear();
}

void AtomicFile::write(const void* bytes, size_t count) {
  CHECK(file_ >= 0, "write after commit of {}", path_.string());
  const std::string_view part(static_cast<const char*>(bytes), count);
  if (buffer_.size() + count > kBufferBytes) flush();
  if (count < kBufferBytes) {
    buffer_ += part;
  } else if (!write_all(file_, part)) {
    fail_to_write(path_);
  }
}

void AtomicFile::commit() {
  CHECK(file_ >= 0, "second commit of {}", path_.string());
  flush();
  if (::fsync(file_) != 0 && errno != EINVAL && errno != EROFS) fail_to_write(path_);
  if (!temporary_.empty() && ::rename(temporary_.c_str(), path_.c_str()) != 0) fail_to_write(path_);
  ::close(file_);
  file_ = -1;
  if (!temporary_.empty()) sync_folder(path_.parent_path());
}

JournalFile::JournalFile(fs::path path, JournalMode mode) : path_(std::move(path)) {
  ignore_size_signal();
  make_parent(path_);
  const size_t kept = mode == JournalMode::kFresh ? 0 : parse_journal(path_).whole_bytes;
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file_ < 0) fail_to_write(path_);
  if (::ftruncate(file_, static_cast<off_t>(kept)) != 0 && errno != EINVAL) {  // EINVAL: a device
    ::close(file_);
    fail_to_write(path_);
  }
}

JournalFile::~JournalFile() { ::close(file_); }

void JournalFile::append(const Json& record) {
  const std::string line = record.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  const std::lock_guard lock(mutex_);
  const off_t before = ::lseek(file_, 0, SEEK_END);
  if (write_all(file_, line)) return;
  const int code = errno;
  const bool cut = before >= 0 && ::ftruncate(file_, before) == 0;
  (void)cut;  // where even that fails, the torn line is dropped by the next reader
  errno = code;
  fail_to_write(path_);
}

void JournalFile::sync() {
  const std::lock_guard lock(mutex_);
  if (::fsync(file_) != 0 && errno != EINVAL && errno != EROFS) fail_to_write(path_);
}

std::vector<Json> read_journal(const fs::path& path) { return parse_journal(path).records; }

}  // namespace llmbox
