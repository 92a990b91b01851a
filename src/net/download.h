// One file from the network to the disk: written as TARGET.incomplete, continued where an earlier run or connection
// stopped, checked, then renamed. Broken connections and busy servers are tried again.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "net/digest.h"
#include "net/http.h"

namespace llmbox {

struct Download {
  std::string url;
  std::map<std::string, std::string> headers{};
  std::filesystem::path target;
  int64_t size = -1;  // bytes; -1: not known
  Digest digest{};
  int attempts = 5;                                           // in a row that bring no byte
  std::chrono::milliseconds pause = std::chrono::seconds(1);  // before the second, doubled for each next
  std::function<void(int64_t bytes)> on_bytes{};              // progress; negative where bytes were thrown away
};

/// Requires: nobody else writes the target. Returns the last answer: ok() means that the file is there. Error: the disk
/// is full or not writable, wrong size or checksum (the file is then removed).
HttpResponse download(const Download& download);

}  // namespace llmbox
