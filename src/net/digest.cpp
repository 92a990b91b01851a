#include "net/digest.h"

#include <openssl/evp.h>

#include <fstream>
#include <memory>
#include <vector>

#include "core/error.h"

namespace llmbox {

std::string digest_of_file(const std::filesystem::path& path, DigestKind kind) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(path.string(), "expected a readable file, got none");
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  CHECK(EVP_DigestInit_ex(context.get(), kind == DigestKind::sha256 ? EVP_sha256() : EVP_sha1(), nullptr) == 1);
  if (kind == DigestKind::git_blob) {
    const std::string head = fmt::format("blob {}", std::filesystem::file_size(path));
    EVP_DigestUpdate(context.get(), head.c_str(), head.size() + 1);  // its final zero counts
  }
  std::vector<char> buffer(1 << 20);
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())), file.gcount() > 0)
    EVP_DigestUpdate(context.get(), buffer.data(), static_cast<size_t>(file.gcount()));
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_DigestFinal_ex(context.get(), bytes, &size);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", bytes[i]);
  return hex;
}

}  // namespace llmbox
