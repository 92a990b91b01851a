// Writing GGUF: the header from the shapes, then each tensor encoded in its turn.
#include <ATen/ATen.h>

#include "core/atomic_file.h"
#include "core/error.h"
#include "tensor/gguf.h"

namespace llmbox {

namespace {

constexpr uint64_t kAlignment = 32;

/// Type numbers of GGUF's specification, in the order of GgufValue's members.
constexpr uint32_t kTypeOf[] = {7, 4, 5, 6, 8, 8, 6, 5};
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
    bytes_.resize((bytes_.size() + kAlignment - 1) / kAlignment * kAlignment, '\0');
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

uint64_t padded(uint64_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; }

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
    const at::Tensor values = output.make().detach().to(at::kCPU, at::kFloat).contiguous();
    CHECK(values.sizes() == output.shape, "{}", output.name);
    std::string bytes(padded(bytes_of(output)), '\0');
    encode_blocks(*output.type, values.data_ptr<float>(), values.numel() / output.type->values,
                  reinterpret_cast<uint8_t*>(bytes.data()));
    file.write(bytes);
  }
  file.commit();
}

}  // namespace llmbox
