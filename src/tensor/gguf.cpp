#include "tensor/gguf.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <regex>

#include "core/error.h"
#include "tensor/file_mapping.h"

namespace llmbox {

namespace {

constexpr char kGgufMagic[] = "GGUF";
constexpr uint32_t kOldest = 2, kNewest = 3;
constexpr size_t kMaxValues = 32u << 20;  // of all arrays: more than any vocabulary with merges has
constexpr uint32_t kMaxGgufDims = 8;
constexpr int kMaxDepth = 3;  // arrays of arrays
constexpr uint64_t kDefaultAlignment = 32, kMaxAlignment = 1 << 20;

// Types of metadata values: GGUF's specification, gguf_metadata_value_type.
enum class ValueType : uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, text, array, u64, i64, f64 };

/// Reads the header forward with every step checked against the end of the file.
class Cursor {
 public:
  Cursor(const FileMapping& mapping, std::string where) : mapping_(mapping), where_(std::move(where)) {}

  size_t at() const { return at_; }
  const std::string& where() const { return where_; }

  template <class T>
  T get() {
    need(sizeof(T));
    T value;
    std::memcpy(&value, mapping_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }

  std::string text() {
    const auto size = get<uint64_t>();
    need(size);
    at_ += size;
    return {reinterpret_cast<const char*>(mapping_.data()) + at_ - size, size};
  }

  /// A number of things of at least `least` bytes each.
  uint64_t count(uint64_t least, const char* what) {
    const auto n = get<uint64_t>();
    if (n > (mapping_.size() - at_) / least)
      fail(where_, "expected a number of {} that fits into {} bytes, got {}", what, mapping_.size() - at_, n);
    return n;
  }

  Json value(ValueType type, const std::string& key, int depth) {
    switch (type) {
      case ValueType::u8:
        return get<uint8_t>();
      case ValueType::i8:
        return get<int8_t>();
      case ValueType::u16:
        return get<uint16_t>();
      case ValueType::i16:
        return get<int16_t>();
      case ValueType::u32:
        return get<uint32_t>();
      case ValueType::i32:
        return get<int32_t>();
      case ValueType::u64:
        return get<uint64_t>();
      case ValueType::i64:
        return get<int64_t>();
      case ValueType::f32:
        return get<float>();
      case ValueType::f64:
        return get<double>();
      case ValueType::boolean:
        return get<uint8_t>() != 0;
      case ValueType::text:
        return text();
      case ValueType::array:
        return array(key, depth);
    }
    fail(where_ + ": " + key, "expected a known type of value, got {}", static_cast<uint32_t>(type));
  }

 private:
  void need(uint64_t size) const {
    if (size > mapping_.size() - at_)
      fail(where_, "expected {} bytes at {}, the file has {}; it is truncated or damaged", size, at_, mapping_.size());
  }

  Json array(const std::string& key, int depth) {
    if (depth >= kMaxDepth) fail(where_ + ": " + key, "expected arrays at most {} deep, got deeper ones", kMaxDepth);
    const auto type = static_cast<ValueType>(get<uint32_t>());
    const uint64_t n = count(1, "values");
    values_ += n;
    if (values_ > kMaxValues) fail(where_ + ": " + key, "expected at most {} values in arrays, got more", kMaxValues);
    Json list = Json::array();
    for (uint64_t i = 0; i < n; ++i) list.push_back(value(type, key, depth + 1));
    return list;
  }

  const FileMapping& mapping_;
  std::string where_;
  size_t at_ = 0;
  size_t values_ = 0;
};

uint64_t read_alignment(const Json& metadata, const std::string& where) {
  if (!metadata.contains("general.alignment")) return kDefaultAlignment;
  const Json& value = metadata["general.alignment"];
  const uint64_t alignment = value.is_number_unsigned() ? value.get<uint64_t>() : 0;
  if (alignment == 0 || (alignment & (alignment - 1)) != 0 || alignment > kMaxAlignment)
    fail(where + ": general.alignment", "expected a power of two up to {}, got another {}", kMaxAlignment,
         value.type_name());
  return alignment;
}

/// Shape, type and place (still from the start of the data) of one tensor.
GgufFile::Tensor read_tensor(Cursor& cursor, const std::string& where) {
  GgufFile::Tensor tensor;
  const auto n_dim = cursor.get<uint32_t>();
  if (n_dim > kMaxGgufDims) fail(where, "expected at most {} dimensions, got {}", kMaxGgufDims, n_dim);
  int64_t count = 1, extent = 1;  // extent: strides are a product of the sizes whether or not one is 0
  for (uint32_t i = 0; i < n_dim; ++i) {
    const auto size = cursor.get<uint64_t>();
    const auto at_least_one = static_cast<int64_t>(std::max<uint64_t>(1, size));
    if (size > INT64_MAX || __builtin_mul_overflow(extent, at_least_one, &extent))
      fail(where, "expected a shape with a sensible size, got {} in dimension {}", size, i);
    count *= static_cast<int64_t>(size);
    tensor.shape.insert(tensor.shape.begin(), static_cast<int64_t>(size));
  }
  tensor.type_id = cursor.get<uint32_t>();
  tensor.type = find_block_type(tensor.type_id);
  tensor.begin = cursor.get<uint64_t>();
  if (!tensor.type) return tensor;
  const int64_t row = tensor.shape.empty() ? 1 : tensor.shape.back();
  if (row % tensor.type->values != 0)
    fail(where, "expected rows in blocks of {} for {}, got {}", tensor.type->values, tensor.type->name, row);
  const int64_t blocks = count / tensor.type->values;
  if (__builtin_mul_overflow(static_cast<size_t>(blocks), static_cast<size_t>(tensor.type->block_bytes), &tensor.bytes))
    fail(where, "expected a sensible size, got {} values", count);
  return tensor;
}

void check_places(const std::map<std::string, GgufFile::Tensor>& tensors, size_t file_size, const std::string& file) {
  std::vector<std::pair<size_t, const std::string*>> order;
  for (const auto& [name, tensor] : tensors) {
    if (tensor.begin > file_size || tensor.bytes > file_size - tensor.begin)
      fail(file + ": " + name, "expected {} bytes at {}, the file has {}; it is truncated", tensor.bytes, tensor.begin,
           file_size);
    if (tensor.bytes > 0) order.emplace_back(tensor.begin, &name);
  }
  std::sort(order.begin(), order.end());
  for (size_t i = 1; i < order.size(); ++i) {
    const GgufFile::Tensor& before = tensors.at(*order[i - 1].second);
    if (before.begin + before.bytes > order[i].first)
      fail(file + ": " + *order[i].second, "expected data of its own, got bytes shared with '{}'",
           *order[i - 1].second);
  }
}

/// "NAME-00001-of-00003.gguf" → the three of them; any other path alone.
std::vector<std::filesystem::path> part_paths(const std::filesystem::path& path) {
  static const std::regex kPart("(.*)-([0-9]{5})-of-([0-9]{5})\\.gguf");
  const std::string name = path.filename().string();
  std::smatch match;
  if (!std::regex_match(name, match, kPart)) return {path};
  const auto part = [&](int i) { return fmt::format("{}-{:05}-of-{}.gguf", match[1].str(), i, match[3].str()); };
  if (name != part(1)) fail(path.string(), "expected the first part of the file, got another; try '{}'", part(1));
  std::vector<std::filesystem::path> parts;
  for (int i = 1; i <= std::max(1, std::stoi(match[3])); ++i) {
    parts.push_back(path.parent_path() / part(i));
    if (!std::filesystem::exists(parts.back()))
      fail(path.string(), "expected the part '{}' beside it, found none", parts.back().filename().string());
  }
  return parts;
}

}  // namespace

void GgufFile::add_part(const std::filesystem::path& path) {
  const auto mapping = std::make_shared<FileMapping>(path);
  Cursor cursor(*mapping, path.string());
  const auto magic = cursor.get<std::array<char, 4>>();
  if (std::memcmp(magic.data(), kGgufMagic, 4) != 0)
    fail(path.string(), "expected a GGUF file, got another magic number");
  const auto version = cursor.get<uint32_t>();
  if (version < kOldest || version > kNewest)
    fail(path.string(), "expected GGUF version {} or {}, got {}", kOldest, kNewest, version);
  const uint64_t n_tensor = cursor.count(24, "tensors"), n_key = cursor.count(13, "keys");
  Json metadata = Json::object();
  for (uint64_t i = 0; i < n_key; ++i) {
    const std::string key = cursor.text();
    const auto type = static_cast<ValueType>(cursor.get<uint32_t>());
    metadata[key] = cursor.value(type, key, 0);
  }
  std::map<std::string, Tensor> tensors;
  for (uint64_t i = 0; i < n_tensor; ++i) {
    const std::string name = cursor.text();
    if (tensors_.contains(name) || !tensors.emplace(name, read_tensor(cursor, path.string() + ": " + name)).second)
      fail(path.string(), "expected every tensor once, got '{}' twice", name);
  }
  const uint64_t alignment = read_alignment(metadata, path.string());
  const size_t data = (cursor.at() + alignment - 1) / alignment * alignment;
  for (auto& [name, tensor] : tensors) {
    if (tensor.begin % alignment != 0 || __builtin_add_overflow(tensor.begin, data, &tensor.begin))
      fail(path.string() + ": " + name, "expected an offset that is a multiple of {}, got {}", alignment, tensor.begin);
    tensor.part = mappings_.size();
  }
  check_places(tensors, mapping->size(), path.string());
  if (mappings_.empty()) metadata_ = std::move(metadata);  // the first part speaks for all
  tensors_.merge(tensors);
  mappings_.push_back(mapping);
}

GgufFile GgufFile::open(const std::filesystem::path& path) {
  GgufFile file;
  const std::vector<std::filesystem::path> parts = part_paths(path);
  file.path_ = parts.front();
  for (const auto& part : parts) file.add_part(part);
  const Json said = file.metadata_.value("split.count", Json());
  if (said.is_number() && said > 1 && said != parts.size())
    fail(file.path_.string(), "expected a file of {} parts with a name like 'NAME-00001-of-{:05}.gguf', got {}",
         said.dump(), said.get<int64_t>(), parts.size());
  return file;
}

const uint8_t* GgufFile::data(const Tensor& tensor) const {
  return reinterpret_cast<const uint8_t*>(mapping(tensor)->data()) + tensor.begin;
}

at::Tensor decode_tensor(const GgufFile& file, const std::string& name, int64_t first, int64_t count) {
  const std::string where = file.path().string() + ": " + name;
  const auto found = file.tensors().find(name);
  if (found == file.tensors().end()) fail(file.path().string(), "expected the tensor '{}', found none", name);
  const GgufFile::Tensor& tensor = found->second;
  if (!tensor.type) {
    std::string ours;
    for (const BlockType& type : block_types()) ours += (ours.empty() ? "" : ", ") + std::string(type.name);
    fail(where, "expected a type of {}, got ggml's type {}", ours, tensor.type_id);
  }
  std::vector<int64_t> shape = tensor.shape;
  size_t begin = 0;
  if (count > 0) {
    CHECK(!shape.empty() && first >= 0 && first + count <= shape[0], "{}", name);
    begin = tensor.bytes / static_cast<size_t>(shape[0]) * static_cast<size_t>(first);
    shape[0] = count;
  }
  at::Tensor values = at::empty(shape, at::kFloat);
  decode_blocks(*tensor.type, file.data(tensor) + begin, values.numel() / tensor.type->values,
                values.data_ptr<float>());
  return values;
}

}  // namespace llmbox
