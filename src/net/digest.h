// Checksums of files as the hub names them: SHA-256 of large files, git's SHA-1 of a blob (its length goes before it)
// for the others.
#pragma once

#include <filesystem>
#include <string>

namespace llmbox {

enum class DigestKind { none, sha256, git_blob };

struct Digest {
  DigestKind kind = DigestKind::none;
  std::string hex{};
};

/// The digest of a whole file in lower-case hex. Throws Error naming a file that cannot be read.
std::string digest_of_file(const std::filesystem::path& path, DigestKind kind);

}  // namespace llmbox
