// Writing what torch.save writes of a dict of tensors: a pickle (protocol 2) that names one storage per tensor, and the
// storages beside it. torch.load(weights_only=True) opens it.
#include <ATen/ATen.h>

#include "core/error.h"
#include "tensor/torch_file.h"
#include "tensor/zip_writer.h"

namespace llmbox {

namespace {

const char* storage_name(at::ScalarType type, const std::string& name) {
  switch (type) {
    case at::kFloat:
      return "FloatStorage";
    case at::kDouble:
      return "DoubleStorage";
    case at::kHalf:
      return "HalfStorage";
    case at::kBFloat16:
      return "BFloat16Storage";
    case at::kLong:
      return "LongStorage";
    case at::kInt:
      return "IntStorage";
    case at::kShort:
      return "ShortStorage";
    case at::kChar:
      return "CharStorage";
    case at::kByte:
      return "ByteStorage";
    case at::kBool:
      return "BoolStorage";
    default:
      fail(name, "expected a dtype that torch.save has a storage for, got {}", at::toString(type));
  }
}

/// The few opcodes that a dict of tensors takes.
class PickleWriter {
 public:
  PickleWriter() { bytes_ = "\x80\x02}("; }  // protocol 2, an empty dict, the mark of its items

  void tensor(const std::string& name, const Weight& weight, const std::string& storage) {
    int64_t count = 1;
    for (const int64_t size : weight.shape) count *= size;
    text(name);
    global("torch._utils", "_rebuild_tensor_v2");
    bytes_ += "((";
    text("storage");
    global("torch", storage_name(weight.dtype, name));
    text(storage);
    text("cpu");
    integer(count);
    bytes_ += "tQ";  // the tuple, as a persistent id
    integer(0);      // offset
    tuple(weight.shape);
    tuple(strides_of(weight.shape));
    bytes_ += '\x89';  // no gradient
    global("collections", "OrderedDict");
    bytes_ += ")RtR";  // hooks: OrderedDict(); the tensor: _rebuild_tensor_v2(...)
  }

  std::string take() { return std::move(bytes_ += "u."); }

 private:
  template <class T>
  void raw(char opcode, T value) {
    bytes_ += opcode;
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(const std::string& value) {
    raw('X', static_cast<uint32_t>(value.size()));
    bytes_ += value;
  }
  void integer(int64_t value) {
    if (value == static_cast<int32_t>(value)) return raw('J', static_cast<int32_t>(value));
    bytes_ += "\x8a\x08";  // a long of eight bytes
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void tuple(const std::vector<int64_t>& values) {
    bytes_ += '(';
    for (const int64_t value : values) integer(value);
    bytes_ += 't';
  }
  void global(const std::string& module, const std::string& name) { bytes_ += "c" + module + "\n" + name + "\n"; }

  static std::vector<int64_t> strides_of(const std::vector<int64_t>& shape) {
    std::vector<int64_t> strides(shape.size(), 1);
    for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * std::max<int64_t>(shape[i], 1);
    return strides;
  }

  std::string bytes_;
};

}  // namespace

void save_torch_file(const std::filesystem::path& path, const NamedWeights& weights) {
  const std::string root = path.stem().string() + "/";
  PickleWriter pickle;
  for (size_t i = 0; i < weights.size(); ++i) pickle.tensor(weights[i].first, weights[i].second, std::to_string(i));
  ZipWriter zip(path);
  zip.add(root + "data.pkl", pickle.take());
  zip.add(root + "byteorder", "little");
  for (size_t i = 0; i < weights.size(); ++i) {
    const auto& [name, weight] = weights[i];
    const at::Tensor bytes = weight.read().detach().cpu().contiguous();
    CHECK(bytes.scalar_type() == weight.dtype && bytes.sizes() == weight.shape, "{}", name);
    zip.add(root + "data/" + std::to_string(i), bytes.data_ptr(), bytes.nbytes());
  }
  zip.add(root + "version", "3\n");
  zip.commit();
}

}  // namespace llmbox
