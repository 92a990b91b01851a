#include "tensor/torch_file.h"

#include <ATen/ATen.h>

#include <cstring>

#include "core/error.h"
#include "tensor/file_mapping.h"
#include "tensor/pickle.h"
#include "tensor/zip_file.h"

namespace llmbox {

namespace {

using Kind = PickleValue::Kind;

constexpr std::pair<const char*, at::ScalarType> kStorages[] = {
    {"torch FloatStorage", at::kFloat},   {"torch BFloat16Storage", at::kBFloat16}, {"torch HalfStorage", at::kHalf},
    {"torch DoubleStorage", at::kDouble}, {"torch LongStorage", at::kLong},         {"torch IntStorage", at::kInt},
    {"torch ShortStorage", at::kShort},   {"torch CharStorage", at::kChar},         {"torch ByteStorage", at::kByte},
    {"torch BoolStorage", at::kBool}};

constexpr size_t kMaxTorchDims = 16;

/// Where the bytes of a storage lie; found when the tensors are asked for: the older format tells it last.
struct Storage {
  std::string key;
  at::ScalarType dtype;
  int64_t count;
};

struct TensorPlace {
  size_t storage;
  int64_t offset;
  std::vector<int64_t> shape, strides;
};

using FindBytes = std::function<ZipEntry(const Storage&)>;

at::ScalarType storage_type(const PickleValue& value, const std::string& where) {
  for (const auto& [name, type] : kStorages)
    if (value.kind == Kind::global && value.text == name) return type;
  fail(where, "expected a storage of tensors, got '{}'; nothing of the file was run", value.text);
}

/// Collects the tensors that a pickle builds.
class TensorHost {
 public:
  explicit TensorHost(std::string where) : where_(std::move(where)) {}

  PickleHost host() {
    return {[this](const PickleValue& id) { return persistent(id); },
            [this](const std::string& global, const PickleValue& arguments) { return call(global, arguments); }};
  }

  WeightMap weights(const PickleValue& root, const std::shared_ptr<FileMapping>& mapping,
                    const FindBytes& find_bytes) const {
    if (root.kind != Kind::dict) fail(where_, "expected a dict of tensors, got a {}", kind_name(root.kind));
    WeightMap weights;
    for (size_t i = 0; i + 1 < root.items.size(); i += 2) {
      const PickleValue &name = *root.items[i], &value = *root.items[i + 1];
      if (name.kind != Kind::text || value.kind != Kind::object || value.text != kTensor)
        fail(where_, "expected names and tensors, got '{}' with a {}", name.text, kind_name(value.kind));
      if (!weights.emplace(name.text, weight(name.text, value, mapping, find_bytes)).second)
        fail(where_, "expected every tensor once, got '{}' twice", name.text);
    }
    return weights;
  }

  /// Bytes of each storage by its key.
  std::map<std::string, size_t> storage_bytes() const {
    std::map<std::string, size_t> sizes;
    for (const Storage& storage : storages_) {
      size_t bytes = 0;
      if (__builtin_mul_overflow(static_cast<size_t>(storage.count), at::elementSize(storage.dtype), &bytes))
        fail(where_, "expected a storage of a sensible size, got {} values", storage.count);
      sizes[storage.key] = bytes;
    }
    return sizes;
  }

 private:
  // What an object is (its text); its integer is the index among those.
  static constexpr const char* kTensor = "tensor";
  static constexpr const char* kStorage = "storage";

  /// ("storage", type, key, location, count), and the older format's sixth for views of storages, which must be None.
  PickleValue persistent(const PickleValue& id) {
    const auto& items = id.items;
    if (id.kind != Kind::tuple || items.size() < 5 || items[0]->text != "storage" || items[2]->kind != Kind::text ||
        items[4]->kind != Kind::integer || items[4]->integer < 0)
      fail(where_, "expected the description of a storage, got a {}", kind_name(id.kind));
    if (items.size() > 5 && items[5]->kind != Kind::none) fail(where_, "expected a whole storage, got a part of one");
    storages_.push_back({items[2]->text, storage_type(*items[1], where_), items[4]->integer});
    return {.kind = Kind::object, .integer = static_cast<int64_t>(storages_.size()) - 1, .text = kStorage};
  }

  PickleValue call(const std::string& global, const PickleValue& arguments) {
    if (global == "collections OrderedDict" && arguments.items.empty()) return {.kind = Kind::dict};
    if (global == "torch._utils _rebuild_tensor_v2") return tensor(arguments);
    if (global == "torch._utils _rebuild_parameter" && !arguments.items.empty()) return *arguments.items[0];
    fail(where_, "expected tensors only, got a call of '{}'; it was not run", global);
  }

  /// _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks).
  PickleValue tensor(const PickleValue& arguments) {
    const auto& items = arguments.items;
    if (items.size() < 4 || items[0]->kind != Kind::object || items[0]->text != kStorage ||
        items[1]->kind != Kind::integer || items[1]->integer < 0)
      fail(where_, "expected storage, offset, size and stride of a tensor, got {} values", items.size());
    TensorPlace place{static_cast<size_t>(items[0]->integer), items[1]->integer, integers(*items[2]),
                      integers(*items[3])};
    if (place.shape.size() != place.strides.size() || place.shape.size() > kMaxTorchDims)
      fail(where_, "expected a size and stride of equal length, got {} and {}", place.shape.size(),
           place.strides.size());
    places_.push_back(std::move(place));
    return {.kind = Kind::object, .integer = static_cast<int64_t>(places_.size()) - 1, .text = kTensor};
  }

  std::vector<int64_t> integers(const PickleValue& value) const {
    std::vector<int64_t> numbers;
    for (const PickleValue* item : value.items) {
      if (item->kind != Kind::integer || item->integer < 0)
        fail(where_, "expected counts from 0 in a tensor's size or stride, got a {}", kind_name(item->kind));
      numbers.push_back(item->integer);
    }
    return numbers;
  }

  Weight weight(const std::string& name, const PickleValue& value, const std::shared_ptr<FileMapping>& mapping,
                const FindBytes& find_bytes) const {
    const TensorPlace& place = places_[static_cast<size_t>(value.integer)];
    const Storage& storage = storages_[place.storage];
    const ZipEntry bytes = find_bytes(storage);
    check_extent(place, storage, bytes, where_ + ": " + name);
    std::byte* data = mapping->data() + bytes.begin;
    return {.file = where_, .dtype = storage.dtype, .shape = place.shape, .read = [=] {
              const size_t size = at::elementSize(storage.dtype);
              const auto options = at::TensorOptions().dtype(storage.dtype);
              std::byte* start = data + static_cast<size_t>(place.offset) * size;
              if (reinterpret_cast<uintptr_t>(start) % size == 0)
                return at::from_blob(
                    start, place.shape, place.strides, [mapping](void*) {}, options);
              const at::Tensor copy = at::empty({storage.count - place.offset}, options);
              if (copy.nbytes() > 0) std::memcpy(copy.data_ptr(), start, copy.nbytes());
              return copy.as_strided(place.shape, place.strides);
            }};
  }

  void check_extent(const TensorPlace& place, const Storage& storage, const ZipEntry& bytes,
                    const std::string& where) const {
    int64_t last = place.offset;  // index of the last element
    int64_t numel = 1;
    bool empty = false, too_large = false;
    for (size_t i = 0; i < place.shape.size(); ++i) {
      int64_t extent = 0;
      if (place.shape[i] == 0) empty = true;
      too_large |= __builtin_mul_overflow(numel, std::max<int64_t>(1, place.shape[i]), &numel);
      too_large |= place.shape[i] > 0 && __builtin_mul_overflow(place.shape[i] - 1, place.strides[i], &extent);
      too_large |= __builtin_add_overflow(last, extent, &last);
    }
    const auto available = static_cast<int64_t>(bytes.size / at::elementSize(storage.dtype));
    if (storage.count > available)
      fail(where, "expected a storage of {} values, the file has {}; it is truncated", storage.count, available);
    if (too_large || (empty ? place.offset > storage.count : last >= storage.count))
      fail(where, "expected a tensor within its storage of {} values, got one that leaves it", storage.count);
  }

  std::string where_;
  std::vector<Storage> storages_;
  std::vector<TensorPlace> places_;
};

std::string_view text_of(const FileMapping& mapping, size_t begin, size_t size) {
  return {reinterpret_cast<const char*>(mapping.data()) + begin, size};
}

WeightMap open_zip(const std::shared_ptr<FileMapping>& mapping, const std::string& where) {
  const auto entries = read_zip_entries(*mapping, where);
  std::string folder;
  for (const auto& [name, entry] : entries)
    if (name == "data.pkl" || name.ends_with("/data.pkl")) folder = name.substr(0, name.size() - 8);
  const auto pickled = entries.find(folder + "data.pkl");
  if (pickled == entries.end()) fail(where, "expected an archive of torch.save with a data.pkl, found none");
  const auto order = entries.find(folder + "byteorder");
  if (order != entries.end() && text_of(*mapping, order->second.begin, order->second.size) != "little")
    fail(where, "expected little-endian data, got '{}'", text_of(*mapping, order->second.begin, order->second.size));
  TensorHost host(where);
  const Pickle pickle(text_of(*mapping, pickled->second.begin, pickled->second.size), host.host(), where);
  return host.weights(pickle.root(), mapping, [&](const Storage& storage) {
    const auto found = entries.find(folder + "data/" + storage.key);
    if (found == entries.end()) fail(where, "expected the entry 'data/{}', found none", storage.key);
    return found->second;
  });
}

constexpr std::string_view kPickleMagic = "l\xfc\x9c\x46\xf9 j\xa8P\x19";  // 0x1950a86a20f9469cfc6c

// The older stream: three pickles (magic number, version, byte order), the object, the keys of the storages, and for
// each key its count and its values.
WeightMap open_stream(const std::shared_ptr<FileMapping>& mapping, const std::string& where) {
  size_t at = 0;
  const auto next = [&](const PickleHost& host) {
    auto pickle = std::make_unique<Pickle>(text_of(*mapping, at, mapping->size() - at), host, where);
    at += pickle->size();
    return pickle;
  };
  TensorHost host(where);
  if (const auto magic = next(host.host()); magic->root().text != kPickleMagic)
    fail(where, "expected a file of torch.save, got another magic number");
  if (const auto version = next(host.host()); version->root().integer != 1001)
    fail(where, "expected the format 1001 of torch.save, got {}", version->root().integer);
  next(host.host());
  const auto object = next(host.host());
  const auto keys = next(host.host());
  std::map<std::string, ZipEntry> places;  // from the count on: its storage's type says how many bytes follow
  std::map<std::string, size_t> sizes = host.storage_bytes();
  for (const PickleValue* key : keys->root().items) {
    if (mapping->size() - at < 8) fail(where, "expected the storage '{}', the file ends; it is truncated", key->text);
    at += 8;
    const size_t size = sizes[key->text];
    if (size > mapping->size() - at)
      fail(where, "expected {} bytes of the storage '{}', the file has {}; it is truncated", size, key->text,
           mapping->size() - at);
    places[key->text] = {at, size};
    at += size;
  }
  return host.weights(object->root(), mapping, [&](const Storage& storage) {
    const auto found = places.find(storage.key);
    if (found == places.end()) fail(where, "expected the storage '{}', found none", storage.key);
    return found->second;
  });
}

}  // namespace

WeightMap open_torch_file(const std::filesystem::path& path) {
  const auto mapping = std::make_shared<FileMapping>(path);
  return is_zip(*mapping) ? open_zip(mapping, path.string()) : open_stream(mapping, path.string());
}

}  // namespace llmbox
