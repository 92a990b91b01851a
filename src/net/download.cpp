#include "net/download.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "core/error.h"

namespace llmbox {

namespace {

namespace fs = std::filesystem;

/// The partial file, open for appending.
class PartialFile {
 public:
  explicit PartialFile(fs::path path) : path_(std::move(path)) {
    fs::create_directories(path_.parent_path());
    file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file_ < 0) fail(path_.string(), "expected a writable file, got '{}'", std::strerror(errno));
    struct stat status {};
    ::fstat(file_, &status);
    size_ = status.st_size;
  }
  ~PartialFile() { ::close(file_); }
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  int64_t size() const { return size_; }

  void append(const char* bytes, size_t count) {
    while (count > 0) {
      const ssize_t written = ::write(file_, bytes, count);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0)
        fail(
            path_.string(), "expected room for the download, got '{}'{}", std::strerror(errno),
            errno == ENOSPC ? "; try a larger disk or HF_HOME on another one; the same command goes on from here" : "");
      bytes += written;
      count -= static_cast<size_t>(written);
      size_ += written;
    }
  }

  void restart() {
    if (::ftruncate(file_, 0) != 0) fail(path_.string(), "expected a writable file, got '{}'", std::strerror(errno));
    size_ = 0;
  }

 private:
  fs::path path_;
  int file_ = -1;
  int64_t size_ = 0;
};

bool is_worth_another_try(const HttpResponse& response) {
  return !response.fault.empty() || response.status == 429 || response.status >= 500 || response.status == 416;
}

/// Asks for the rest of the file and appends it.
HttpResponse fetch_rest(const Download& download, PartialFile& file) {
  const auto report = [&](int64_t bytes) {
    if (download.on_bytes) download.on_bytes(bytes);
  };
  HttpRequest request{.url = download.url, .headers = download.headers};
  if (file.size() > 0) request.headers["Range"] = fmt::format("bytes={}-", file.size());
  request.on_head = [&](const HttpResponse& head) {
    if (head.status == 206 || file.size() == 0) return true;
    report(-file.size());  // the server sends the whole file
    file.restart();
    return true;
  };
  std::exception_ptr error;  // must not pass through the connection
  request.on_body = [&](const char* bytes, size_t size) {
    try {
      file.append(bytes, size);
    } catch (...) {
      error = std::current_exception();
      return false;
    }
    report(static_cast<int64_t>(size));
    return true;
  };
  HttpResponse response = http_get(request);
  if (error) std::rethrow_exception(error);
  if (response.status == 416) {
    report(-file.size());
    file.restart();
  }
  if (response.ok() && download.size >= 0 && file.size() < download.size) response.fault = "the connection was cut";
  return response;
}

void check(const Download& download, const fs::path& partial) {
  const auto size = static_cast<int64_t>(fs::file_size(partial));
  if (download.size >= 0 && size != download.size) {
    fs::remove(partial);
    fail(download.url, "expected {} bytes, got {}; try again", download.size, size);
  }
  if (download.digest.kind == DigestKind::none) return;
  const std::string hex = digest_of_file(partial, download.digest.kind);
  if (hex == download.digest.hex) return;
  fs::remove(partial);
  fail(download.url, "expected the checksum {}, got {}; try again", download.digest.hex, hex);
}

}  // namespace

HttpResponse download(const Download& download) {
  const fs::path partial = download.target.string() + ".incomplete";
  HttpResponse response;
  {
    PartialFile file(partial);
    if (download.on_bytes) download.on_bytes(file.size());
    auto pause = download.pause;
    for (int attempt = 0; attempt < download.attempts; ++attempt) {
      const int64_t before = file.size();
      if (download.size > 0 && before == download.size) {
        response = {.status = 200};  // a run was stopped between the last byte and the check
        break;
      }
      response = fetch_rest(download, file);
      if (!is_worth_another_try(response)) break;
      if (file.size() > before) attempt = 0;  // it moves: patience starts anew
      std::this_thread::sleep_for(pause);
      pause = std::min(2 * pause, std::chrono::milliseconds(30'000));
    }
  }
  if (!response.ok()) return response;
  check(download, partial);
  fs::rename(partial, download.target);
  return response;
}

}  // namespace llmbox
