#include "tokenizer/gguf_metadata.h"

#include <cstring>
#include <fstream>

#include "core/error.h"

namespace llmbox {

namespace {

enum Type : uint32_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kString,
  kArray,
  kU64,
  kI64,
  kF64,
};

constexpr uint64_t kLongestKey = 65535;

}  // namespace

// Reads front to back, and knows how much is left.
class GgufMetadata::Reader {
 public:
  explicit Reader(const std::filesystem::path& path)
      : where_(path.string()), file_(path, std::ios::binary), left_(std::filesystem::file_size(path)) {
    if (!file_) fail(where_, "expected a readable file");
  }

  void read(std::map<std::string, Value>& values) {
    char magic[4];
    take_bytes(magic, 4);
    if (std::memcmp(magic, "GGUF", 4) != 0) fail(where_, "expected a GGUF file, got another; try the original file");
    auto version = take<uint32_t>();
    if (version < 2 || version > 3) fail(where_, "expected GGUF version 2 or 3, got {}; try converting it", version);
    take<uint64_t>();  // tensors
    auto count = take<uint64_t>();
    for (uint64_t i = 0; i < count; ++i) {
      std::string key = take_text(kLongestKey);
      auto type = take<uint32_t>();
      Value value = take_value(type, key.starts_with("tokenizer."));
      if (key.starts_with("tokenizer.")) values[key.substr(std::strlen("tokenizer."))] = std::move(value);
    }
  }

 private:
  void take_bytes(char* to, uint64_t count) {
    if (count > left_) fail_short();
    file_.read(to, static_cast<std::streamsize>(count));
    if (!file_) fail_short();
    left_ -= count;
  }
  void skip(uint64_t count) {
    if (count > left_) fail_short();
    file_.seekg(static_cast<std::streamoff>(count), std::ios::cur);
    left_ -= count;
  }
  [[noreturn]] void fail_short() const {
    fail(where_, "expected GGUF metadata, got the file's end within it; try fetching the file again");
  }

  template <typename T>
  T take() {
    T value;
    take_bytes(reinterpret_cast<char*>(&value), sizeof(T));
    return value;
  }
  std::string take_text(uint64_t longest) {
    auto size = take<uint64_t>();
    if (size > std::min(longest, left_)) fail_short();
    std::string text(size, '\0');
    take_bytes(text.data(), size);
    return text;
  }

  static uint64_t width(uint32_t type) {
    constexpr uint64_t kWidths[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    return type < std::size(kWidths) ? kWidths[type] : 0;
  }

  double take_number(uint32_t type) {
    switch (type) {
      case kU8:
        return take<uint8_t>();
      case kI8:
        return take<int8_t>();
      case kU16:
        return take<uint16_t>();
      case kI16:
        return take<int16_t>();
      case kU32:
        return take<uint32_t>();
      case kI32:
        return take<int32_t>();
      case kF32:
        return take<float>();
      case kU64:
        return static_cast<double>(take<uint64_t>());
      case kI64:
        return static_cast<double>(take<int64_t>());
      case kF64:
        return take<double>();
      default:
        fail(where_, "expected a GGUF value type below 13, got {}; try fetching the file again", type);
    }
  }

  Value take_value(uint32_t type, bool wanted) {
    if (type == kBool) return take<uint8_t>() != 0;
    if (type == kString) return take_text(left_);
    if (type == kArray) return take_array(wanted);
    return take_number(type);
  }

  Value take_array(bool wanted) {
    auto type = take<uint32_t>();
    auto count = take<uint64_t>();
    if (type == kArray) fail(where_, "expected flat arrays in the metadata, got an array of arrays");
    if (type == kString) {
      if (count > left_ / sizeof(uint64_t)) fail_short();
      std::vector<std::string> texts;
      texts.reserve(wanted ? count : 0);
      for (uint64_t i = 0; i < count; ++i) {
        std::string text = take_text(left_);
        if (wanted) texts.push_back(std::move(text));
      }
      return texts;
    }
    uint64_t bytes = width(type);
    if (bytes == 0) take_number(type);  // an unknown type: throws
    if (count > left_ / bytes) fail_short();
    std::vector<double> numbers;
    if (!wanted) {
      skip(count * bytes);
      return numbers;
    }
    numbers.reserve(count);
    for (uint64_t i = 0; i < count; ++i)
      numbers.push_back(type == kBool ? static_cast<double>(take<uint8_t>()) : take_number(type));
    return numbers;
  }

  std::string where_;
  std::ifstream file_;
  uint64_t left_;
};

GgufMetadata::GgufMetadata(const std::filesystem::path& path) { Reader(path).read(values_); }

template <typename T>
const T* GgufMetadata::find(const std::string& key) const {
  auto found = values_.find(key);
  return found == values_.end() ? nullptr : std::get_if<T>(&found->second);
}

std::optional<std::string> GgufMetadata::text(const std::string& key) const {
  const auto* value = find<std::string>(key);
  return value ? std::optional(*value) : std::nullopt;
}

std::optional<double> GgufMetadata::number(const std::string& key) const {
  const auto* value = find<double>(key);
  return value ? std::optional(*value) : std::nullopt;
}

std::optional<bool> GgufMetadata::flag(const std::string& key) const {
  const auto* value = find<bool>(key);
  return value ? std::optional(*value) : std::nullopt;
}

const std::vector<std::string>* GgufMetadata::texts(const std::string& key) const {
  return find<std::vector<std::string>>(key);
}

const std::vector<double>* GgufMetadata::numbers(const std::string& key) const {
  return find<std::vector<double>>(key);
}

}  // namespace llmbox
