#include "tensor/zip_writer.h"

#include <array>
#include <cstring>

#include "tensor/zip_format.h"

namespace llmbox {

namespace {

constexpr uint16_t kPaddingExtra = 0x4246;
constexpr uint16_t kVersion = 45;  // of zip64
constexpr size_t kEntryAlignment = 64, kExtraHead = 4;
constexpr uint16_t kFirstDay = 33;  // 1 January 1980

class ByteWriter {
 public:
  template <class... T>
  ByteWriter& put(T... values) {
    (text_.append(reinterpret_cast<const char*>(&values), sizeof values), ...);
    return *this;
  }
  ByteWriter& put_text(const std::string& text) {
    text_ += text;
    return *this;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

/// Eight tables, so that eight bytes are taken at once (Kounavis and Berry 2005, "slicing by 8").
using CrcTables = std::array<std::array<uint32_t, 256>, 8>;
CrcTables make_tables() {
  CrcTables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = rest >> 1 ^ (rest & 1 ? 0xEDB88320u : 0);
    tables[0][byte] = rest;
  }
  for (size_t slice = 1; slice < 8; ++slice)
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[slice - 1][byte];
      tables[slice][byte] = before >> 8 ^ tables[0][before & 255];
    }
  return tables;
}

/// What both headers of an entry say from the version on.
void put_entry(ByteWriter& bytes, uint32_t checksum, size_t name_size, size_t extra_size) {
  const uint16_t flags = 0, stored = 0, time = 0;
  bytes.put(kVersion, flags, stored, time, kFirstDay, checksum, zip::kIn64, zip::kIn64,
            static_cast<uint16_t>(name_size), static_cast<uint16_t>(extra_size));
}

}  // namespace

uint32_t crc32_of(const void* bytes, size_t count) {
  static const CrcTables tables = make_tables();
  const auto* at = static_cast<const uint8_t*>(bytes);
  uint32_t rest = 0xffffffff;
  for (; count >= 8; count -= 8, at += 8) {
    uint32_t low, high;
    std::memcpy(&low, at, 4);
    std::memcpy(&high, at + 4, 4);
    low ^= rest;
    rest = tables[7][low & 255] ^ tables[6][low >> 8 & 255] ^ tables[5][low >> 16 & 255] ^ tables[4][low >> 24] ^
           tables[3][high & 255] ^ tables[2][high >> 8 & 255] ^ tables[1][high >> 16 & 255] ^ tables[0][high >> 24];
  }
  for (; count > 0; --count, ++at) rest = rest >> 8 ^ tables[0][(rest ^ *at) & 255];
  return ~rest;
}

void ZipWriter::write(const std::string& bytes) {
  file_.write(bytes);
  at_ += bytes.size();
}

void ZipWriter::add(const std::string& name, const void* bytes, size_t count) {
  const Entry entry{name, at_, count, crc32_of(bytes, count)};
  const uint64_t size = count;
  const size_t before = at_ + zip::kLocalSize + name.size() + 2 * kExtraHead + 2 * sizeof size;
  const size_t padding = (kEntryAlignment - before % kEntryAlignment) % kEntryAlignment;
  ByteWriter head;
  head.put(zip::kLocal);
  put_entry(head, entry.checksum, name.size(), 2 * kExtraHead + 2 * sizeof size + padding);
  head.put_text(name).put(zip::kZip64Extra, uint16_t{16}, size, size);
  head.put(kPaddingExtra, static_cast<uint16_t>(padding)).put_text(std::string(padding, 'Z'));
  write(head.take());
  file_.write(bytes, count);
  at_ += count;
  entries_.push_back(entry);
}

void ZipWriter::commit() {
  const uint64_t begin = at_, count = entries_.size();
  for (const Entry& entry : entries_) {
    ByteWriter head;
    head.put(zip::kCentral, kVersion);
    put_entry(head, entry.checksum, entry.name.size(), kExtraHead + 3 * sizeof(uint64_t));
    head.put(uint16_t{0}, uint16_t{0}, uint16_t{0}, uint32_t{0}, zip::kIn64).put_text(entry.name);
    head.put(zip::kZip64Extra, uint16_t{24}, entry.size, entry.size, entry.begin);
    write(head.take());
  }
  const uint64_t directory = at_ - begin, end64 = at_;
  ByteWriter end;
  end.put(zip::kEnd64, uint64_t{44}, kVersion, kVersion, uint32_t{0}, uint32_t{0}, count, count, directory, begin);
  end.put(zip::kEnd64Locator, uint32_t{0}, end64, uint32_t{1});
  end.put(zip::kEnd, uint16_t{0}, uint16_t{0}, uint16_t{0xffff}, uint16_t{0xffff}, zip::kIn64, zip::kIn64, uint16_t{0});
  write(end.take());
  file_.commit();
}

}  // namespace llmbox
