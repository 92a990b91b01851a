// Writing GGUF: the header from the shapes, then each tensor encoded in its turn.
#include <ATen/ATen.h>

#include "core/atomic_file.h"
#include "core/error.h"
#include "tensor/gguf.h"

namespace llmbox {

namespace {

constexpr uint64_t kGgufAlignment = 32;

/// Type numbers of GGUF's specification, in the order of GgufValue's members.
constexpr uint32_t kTypeOf[] = {7, 4, 5, 6, 8, 8, 6, 5, 7, 0};
constexpr uint32_t kArray = 9;

class Header {
 public:
  template <class T>
  void add(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  void add(const std::string& text) {
    add<uint64_t>(text.size());
    bytes_ += text;
  }
  void add(bool value) { add<uint8_t>(value ? 1 : 0); }

  void add(const GgufValue& value) {
    const uint32_t type = kTypeOf[value.index()];
    std::visit(
        [&](const auto& content) {
          if constexpr (requires { content.begin(); } &&
                        !std::is_same_v<std::decay_t<decltype(content)>, std::string>) {
            add(kArray);
            add(type);
            add<uint64_t>(content.size());
            for (const auto& item : content) add(item);
          } else {
            add(type);
            add(content);
          }
        },
        value);
  }

  std::string take_padded() {
    bytes_.resize((bytes_.size() + kGgufAlignment - 1) / kGgufAlignment * kGgufAlignment, '\0');
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
};

int64_t count_of(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return count;
}

uint64_t bytes_of(const GgufOutput& tensor) {
  CHECK(tensor.type->encode && (tensor.shape.empty() || tensor.shape.back() % tensor.type->values == 0), "{} as {}",
        tensor.name, tensor.type->name);
  return static_cast<uint64_t>(count_of(tensor.shape) / tensor.type->values * tensor.type->block_bytes);
}

/// The type of libtorch that has the same bytes.
std::optional<at::ScalarType> plain_type(const BlockType& type) {
  const std::string_view name = type.name;
  if (name == "F32") return at::kFloat;
  if (name == "F16") return at::kHalf;
  return name == "BF16" ? std::optional(at::kBFloat16) : std::nullopt;
}

uint64_t padded(uint64_t size) { return (size + kGgufAlignment - 1) / kGgufAlignment * kGgufAlignment; }

void write_tensor(AtomicFile& file, const at::Tensor& values, const BlockType& type) {
  at::Tensor bytes;
  if (const auto plain = plain_type(type)) {
    bytes = values.to(*plain).contiguous();
  } else {
    const at::Tensor wide = values.to(at::kFloat).contiguous();
    const int64_t n = wide.numel() / type.values;
    bytes = at::empty({n * type.block_bytes}, at::kByte);
    encode_blocks(type, wide.data_ptr<float>(), n, bytes.data_ptr<uint8_t>());
  }
  file.write(bytes.data_ptr(), bytes.nbytes());
  file.write(std::string(padded(bytes.nbytes()) - bytes.nbytes(), '\0'));
}

std::string header_of(const GgufEntries& metadata, const std::vector<GgufOutput>& tensors) {
  Header header;
  header.add<uint32_t>(0x46554747);  // "GGUF"
  header.add<uint32_t>(3);
  header.add<uint64_t>(tensors.size());
  header.add<uint64_t>(metadata.size());
  for (const auto& [key, value] : metadata) {
    header.add(key);
    header.add(value);
  }
  uint64_t offset = 0;
  for (const GgufOutput& tensor : tensors) {
    header.add(tensor.name);
    header.add(static_cast<uint32_t>(tensor.shape.size()));
    for (size_t i = tensor.shape.size(); i-- > 0;) header.add(static_cast<uint64_t>(tensor.shape[i]));
    header.add(tensor.type->id);
    header.add(offset);
    offset += padded(bytes_of(tensor));
  }
  return header.take_padded();
}

}  // namespace

void save_gguf(const std::filesystem::path& path, const GgufEntries& metadata, const std::vector<GgufOutput>& tensors) {
  AtomicFile file(path);
  file.write(header_of(metadata, tensors));
  for (const GgufOutput& output : tensors) {
    const at::Tensor values = output.make().detach().to(at::kCPU);
    CHECK(values.sizes() == output.shape, "{}", output.name);
    write_tensor(file, values, *output.type);
  }
  file.commit();
}

}  // namespace llmbox
