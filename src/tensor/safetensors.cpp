#include "tensor/safetensors.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "core/atomic_file.h"
#include "core/error.h"
#include "tensor/file_mapping.h"

namespace llmbox {

namespace {

constexpr std::pair<const char*, at::ScalarType> kDtypes[] = {{"F32", at::kFloat},
                                                              {"BF16", at::kBFloat16},
                                                              {"F16", at::kHalf},
                                                              {"F64", at::kDouble},
                                                              {"I64", at::kLong},
                                                              {"I32", at::kInt},
                                                              {"I16", at::kShort},
                                                              {"I8", at::kChar},
                                                              {"U8", at::kByte},
                                                              {"BOOL", at::kBool},
                                                              {"F8_E4M3", at::kFloat8_e4m3fn},
                                                              {"F8_E5M2", at::kFloat8_e5m2}};

constexpr size_t kLengthBytes = 8;

at::ScalarType parse_type(const std::string& name, const std::string& where) {
  for (const auto& [known, type] : kDtypes)
    if (name == known) return type;
  fail(where, "expected a known dtype, got '{}'", name);
}

size_t byte_count(const SafetensorsFile::Entry& entry, const std::string& where) {
  size_t count = at::elementSize(entry.dtype), extent = count;
  for (const int64_t n : entry.shape) {
    // Strides are a product of the sizes whether or not one is 0.
    if (n < 0 || __builtin_mul_overflow(extent, static_cast<size_t>(std::max<int64_t>(1, n)), &extent) ||
        extent > INT64_MAX)
      fail(where, "expected a shape with a sensible size, got [{}]", fmt::join(entry.shape, ", "));
    count *= static_cast<size_t>(n);
  }
  return count;
}

/// The list's numbers. Error: others than whole ones, which a conversion would cut.
template <class T>
std::vector<T> whole_numbers(const Json& list, const std::string& where) {
  for (const Json& number : list)
    if (!number.is_number_integer()) fail(where, "expected whole numbers, got {}", number.dump());
  return list.get<std::vector<T>>();
}

SafetensorsFile::Entry parse_entry(const std::string& name, const Json& value, const std::string& where) {
  SafetensorsFile::Entry entry;
  entry.name = name;
  try {
    entry.dtype = parse_type(value.at("dtype").get<std::string>(), where);
    entry.shape = whole_numbers<int64_t>(value.at("shape"), where);
    const auto offsets = whole_numbers<size_t>(value.at("data_offsets"), where);
    if (offsets.size() != 2) fail(where, "expected two data_offsets, got {}", offsets.size());
    entry.begin = offsets[0];
    entry.end = offsets[1];
  } catch (const Json::exception&) {
    fail(where, "expected dtype, shape and data_offsets, got {}", value.dump());
  }
  return entry;
}

void check_entry(const SafetensorsFile::Entry& entry, size_t data_size, const std::string& where) {
  if (entry.begin > entry.end) fail(where, "expected data_offsets in order, got {} and {}", entry.begin, entry.end);
  if (entry.end > data_size)
    fail(where, "expected {} bytes of data, the file ends after {}; the file is truncated", entry.end, data_size);
  const size_t expected = byte_count(entry, where);
  if (entry.end - entry.begin != expected)
    fail(where, "expected {} bytes for shape [{}], got {}", expected, fmt::join(entry.shape, ", "),
         entry.end - entry.begin);
}

Json parse_header(const FileMapping& mapping, const std::string& where, size_t& data_offset) {
  if (mapping.size() < kLengthBytes) fail(where, "expected a safetensors file, got {} bytes", mapping.size());
  uint64_t length = 0;
  std::memcpy(&length, mapping.data(), kLengthBytes);
  if (length > mapping.size() - kLengthBytes)
    fail(where, "expected a header of {} bytes, the file has {}; it is truncated or no safetensors file", length,
         mapping.size());
  data_offset = kLengthBytes + length;
  const char* text = reinterpret_cast<const char*>(mapping.data()) + kLengthBytes;
  Json header = parse_json({text, length}, where + ": header");
  if (!header.is_object()) fail(where, "expected a JSON object as header, got {}", header.type_name());
  return header;
}

}  // namespace

SafetensorsFile SafetensorsFile::open(const std::filesystem::path& path) {
  SafetensorsFile file;
  file.path_ = path;
  file.mapping_ = std::make_shared<FileMapping>(path);
  const Json header = parse_header(*file.mapping_, path.string(), file.data_offset_);
  file.read_header(header, file.mapping_->size() - file.data_offset_);
  return file;
}

void SafetensorsFile::read_header(const Json& header, size_t data_size) {
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") {
      for (const auto& [key, text] : value.items()) metadata_[key] = text.is_string() ? text.get<std::string>() : "";
      continue;
    }
    const std::string where = path_.string() + ": " + name;
    entries_.push_back(parse_entry(name, value, where));
    check_entry(entries_.back(), data_size, where);
  }
  std::stable_sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (i > 0 && entries_[i].begin < entries_[i - 1].end)
      fail(path_.string() + ": " + entries_[i].name, "expected data of its own, got bytes shared with '{}'",
           entries_[i - 1].name);
    if (!index_.emplace(entries_[i].name, i).second)
      fail(path_.string(), "expected every tensor once, got '{}' twice", entries_[i].name);
  }
}

std::vector<std::string> SafetensorsFile::names() const {
  std::vector<std::string> names;
  for (const Entry& entry : entries_) names.push_back(entry.name);
  return names;
}

const SafetensorsFile::Entry& SafetensorsFile::entry(const std::string& name) const {
  const auto found = index_.find(name);
  if (found == index_.end()) fail(path_.string(), "expected the tensor '{}', found none", name);
  return entries_[found->second];
}

at::Tensor SafetensorsFile::tensor(const std::string& name) const {
  const Entry& entry = this->entry(name);
  std::byte* data = mapping_->data() + data_offset_ + entry.begin;
  const auto options = at::TensorOptions().dtype(entry.dtype);
  if (reinterpret_cast<uintptr_t>(data) % at::elementSize(entry.dtype) != 0) {
    at::Tensor copy = at::empty(entry.shape, options);
    std::memcpy(copy.data_ptr(), data, entry.end - entry.begin);
    return copy;
  }
  return at::from_blob(
      data, entry.shape, [mapping = mapping_](void*) {}, options);
}

size_t byte_count(const Weight& weight) {
  size_t count = at::elementSize(weight.dtype);
  for (const int64_t n : weight.shape) count *= static_cast<size_t>(n);
  return count;
}

std::string safetensors_dtype(at::ScalarType type) {
  for (const auto& [name, known] : kDtypes)
    if (type == known) return name;
  fail("safetensors", "expected a dtype that the format knows, got {}", at::toString(type));
}

NamedWeights weights_of(const NamedTensors& tensors) {
  NamedWeights weights;
  for (const auto& [name, tensor] : tensors) weights.emplace_back(name, weight_of(tensor, ""));
  return weights;
}

void save_safetensors(const std::filesystem::path& path, const NamedWeights& weights,
                      const std::map<std::string, std::string>& metadata) {
  // Wide types first: every tensor is then aligned for its type.
  NamedWeights sorted = weights;
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return at::elementSize(a.second.dtype) > at::elementSize(b.second.dtype);
  });
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  size_t offset = 0;
  for (const auto& [name, weight] : sorted) {
    const size_t end = offset + byte_count(weight);
    header[name] = {
        {"dtype", safetensors_dtype(weight.dtype)}, {"shape", weight.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  while ((text.size() + kLengthBytes) % 64 != 0) text += ' ';  // the data starts at a cache line
  const uint64_t length = text.size();
  AtomicFile file(path);
  file.write(&length, kLengthBytes);
  file.write(text.data(), text.size());
  for (const auto& [name, weight] : sorted) {
    const at::Tensor bytes = weight.read().detach().cpu().contiguous();
    CHECK(bytes.scalar_type() == weight.dtype && bytes.sizes() == weight.shape, "{}", name);
    file.write(bytes.data_ptr(), bytes.nbytes());
  }
  file.commit();
}

void save_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                      const std::map<std::string, std::string>& metadata) {
  save_safetensors(path, weights_of(tensors), metadata);
}

}  // namespace llmbox
