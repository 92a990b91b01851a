#include "tensor/zip_file.h"

#include <cstring>
#include <optional>

#include "core/error.h"
#include "tensor/file_mapping.h"
#include "tensor/zip_format.h"

namespace llmbox {

namespace {

// Sizes of the records.
constexpr size_t kCentralSize = 46, kEndSize = 22, kEnd64Size = 56, kEnd64LocatorSize = 20;
constexpr size_t kMaxComment = 65535;

/// Little-endian fields with their bounds checked.
class ByteReader {
 public:
  ByteReader(const FileMapping& mapping, const std::string& where) : mapping_(mapping), where_(where) {}

  template <class T>
  T get(size_t at) const {
    T value;
    need(at, sizeof(T));
    std::memcpy(&value, mapping_.data() + at, sizeof(T));
    return value;
  }
  std::string text(size_t at, size_t size) const {
    need(at, size);
    return {reinterpret_cast<const char*>(mapping_.data()) + at, size};
  }
  void need(size_t at, size_t size) const {
    if (at > mapping_.size() || size > mapping_.size() - at)
      fail(where_, "expected {} bytes at {} of the archive, the file has {}; it is truncated or damaged", size, at,
           mapping_.size());
  }
  size_t size() const { return mapping_.size(); }
  const std::string& where() const { return where_; }

 private:
  const FileMapping& mapping_;
  const std::string& where_;
};

struct Directory {
  uint64_t begin, count;
};

size_t find_end_record(const ByteReader& bytes) {
  if (bytes.size() >= kEndSize) {
    const size_t last = bytes.size() - kEndSize;
    const size_t first = last > kMaxComment ? last - kMaxComment : 0;
    for (size_t at = last + 1; at-- > first;)
      if (bytes.get<uint32_t>(at) == zip::kEnd) return at;
  }
  fail(bytes.where(), "expected the directory of a zip archive at the end, found none; the file is truncated");
}

Directory find_directory(const ByteReader& bytes) {
  const size_t end = find_end_record(bytes);
  Directory directory{bytes.get<uint32_t>(end + 16), bytes.get<uint16_t>(end + 10)};
  if (end < kEnd64LocatorSize || bytes.get<uint32_t>(end - kEnd64LocatorSize) != zip::kEnd64Locator) return directory;
  const auto end64 = bytes.get<uint64_t>(end - kEnd64LocatorSize + 8);
  bytes.need(end64, kEnd64Size);
  if (bytes.get<uint32_t>(end64) != zip::kEnd64)
    fail(bytes.where(), "expected a zip64 directory at {}, found none", end64);
  return {bytes.get<uint64_t>(end64 + 48), bytes.get<uint64_t>(end64 + 32)};
}

/// The zip64 extra field holds, in this order, those of size, stored size and offset that are all ones.
struct Sizes {
  uint64_t size, stored, offset;
};

void read_zip64(const ByteReader& bytes, size_t extra, size_t extra_size, Sizes& sizes) {
  const size_t end = extra + extra_size;
  while (extra + 4 <= end) {
    const auto id = bytes.get<uint16_t>(extra);
    const auto length = bytes.get<uint16_t>(extra + 2);
    size_t at = extra + 4;
    if (id == zip::kZip64Extra) {
      for (uint64_t* field : {&sizes.size, &sizes.stored, &sizes.offset}) {
        if (*field != zip::kIn64 || at + 8 > extra + 4 + length) continue;
        *field = bytes.get<uint64_t>(at);
        at += 8;
      }
    }
    extra += 4 + length;
  }
}

ZipEntry read_entry(const ByteReader& bytes, size_t at, const std::string& name) {
  const std::string where = bytes.where() + ": " + name;
  if (bytes.get<uint16_t>(at + 8) & 1) fail(where, "expected plain data, got an encrypted entry");
  Sizes sizes{bytes.get<uint32_t>(at + 24), bytes.get<uint32_t>(at + 20), bytes.get<uint32_t>(at + 42)};
  read_zip64(bytes, at + kCentralSize + bytes.get<uint16_t>(at + 28), bytes.get<uint16_t>(at + 30), sizes);
  if (bytes.get<uint16_t>(at + 10) != 0 || sizes.size != sizes.stored)
    fail(where, "expected a stored entry, got a compressed one; try saving with torch.save");
  bytes.need(sizes.offset, zip::kLocalSize);
  if (bytes.get<uint32_t>(sizes.offset) != zip::kLocal)
    fail(where, "expected its header at {}, found none", sizes.offset);
  const size_t begin =
      sizes.offset + zip::kLocalSize + bytes.get<uint16_t>(sizes.offset + 26) + bytes.get<uint16_t>(sizes.offset + 28);
  bytes.need(begin, sizes.size);
  return {begin, sizes.size};
}

}  // namespace

bool is_zip(const FileMapping& mapping) {
  return mapping.size() >= 4 && std::memcmp(mapping.data(), &zip::kLocal, 4) == 0;
}

std::map<std::string, ZipEntry> read_zip_entries(const FileMapping& mapping, const std::string& where) {
  const ByteReader bytes(mapping, where);
  const Directory directory = find_directory(bytes);
  std::map<std::string, ZipEntry> entries;
  size_t at = directory.begin;
  for (uint64_t i = 0; i < directory.count; ++i) {
    bytes.need(at, kCentralSize);
    if (bytes.get<uint32_t>(at) != zip::kCentral)
      fail(where, "expected entry {} of the archive at {}, found none", i, at);
    const auto name_size = bytes.get<uint16_t>(at + 28);
    const std::string name = bytes.text(at + kCentralSize, name_size);
    if (!entries.emplace(name, read_entry(bytes, at, name)).second)
      fail(where, "expected every entry once, got '{}' twice", name);
    at += kCentralSize + name_size + bytes.get<uint16_t>(at + 30) + bytes.get<uint16_t>(at + 32);
  }
  return entries;
}

}  // namespace llmbox
