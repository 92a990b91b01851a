// A reader of protocol-buffer messages, field by field, that never leaves its bytes. A truncated or malformed message
// throws Error naming where it lies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace llmbox {

class ProtobufReader {
 public:
  /// `where` names the file in errors.
  ProtobufReader(std::string_view message, std::string_view where) : message_(message), where_(where) {}

  struct Field {
    uint32_t number = 0;
    uint64_t integer = 0;    // of varint and fixed-width fields
    std::string_view bytes;  // of length-delimited fields
    float as_float() const;
    bool as_bool() const { return integer != 0; }
  };

  /// The next field, or nothing at the end. Groups are refused.
  std::optional<Field> next();

 private:
  uint64_t varint();
  uint64_t fixed(size_t bytes);
  [[noreturn]] void fail_here(std::string_view what) const;

  std::string_view message_;
  std::string_view where_;
  size_t at_ = 0;
};

}  // namespace llmbox
