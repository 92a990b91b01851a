#include "tokenizer/protobuf.h"

#include <bit>
#include <cstring>

#include "core/error.h"

namespace llmbox {

float ProtobufReader::Field::as_float() const { return std::bit_cast<float>(static_cast<uint32_t>(integer)); }

void ProtobufReader::fail_here(std::string_view what) const {
  fail(where_, "expected a SentencePiece model, got {} at byte {} of a message of {}; try fetching the file again",
       what, at_, message_.size());
}

uint64_t ProtobufReader::varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (at_ >= message_.size()) fail_here("its end within a number");
    auto byte = static_cast<unsigned char>(message_[at_++]);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  fail_here("a number of more than 64 bits");
}

uint64_t ProtobufReader::fixed(size_t bytes) {
  if (message_.size() - at_ < bytes) fail_here("its end within a number");
  uint64_t value = 0;
  std::memcpy(&value, message_.data() + at_, bytes);
  at_ += bytes;
  return value;
}

std::optional<ProtobufReader::Field> ProtobufReader::next() {
  if (at_ >= message_.size()) return std::nullopt;
  uint64_t tag = varint();
  Field field;
  field.number = static_cast<uint32_t>(tag >> 3);
  switch (tag & 7) {
    case 0:
      field.integer = varint();
      return field;
    case 1:
      field.integer = fixed(8);
      return field;
    case 2: {
      uint64_t size = varint();
      if (size > message_.size() - at_) fail_here("a field that is longer than what is left");
      field.bytes = message_.substr(at_, size);
      at_ += size;
      return field;
    }
    case 5:
      field.integer = fixed(4);
      return field;
    default:
      fail_here("a field of an unknown type");
  }
}

}  // namespace llmbox
