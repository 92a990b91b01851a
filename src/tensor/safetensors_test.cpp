#include "tensor/safetensors.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/error.h"
#include "core/test_shared.h"
#include "tensor/safetensors_folder.h"
#include "tensor/weight_map.h"

namespace llmbox {
namespace {

/// A file of this header and `data_size` zero bytes.
std::filesystem::path write_raw(const TempFolder& folder, const std::string& header, size_t data_size) {
  const uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char*>(&length), 8);
  return folder.write("x.safetensors", bytes + header + std::string(data_size, '\0'));
}

std::string fault(const std::string& header, size_t data_size) {
  const TempFolder folder;
  const auto path = write_raw(folder, header, data_size);
  std::string message = message_of([&] { SafetensorsFile::open(path); });
  EXPECT_TRUE(message.starts_with("[" + path.string())) << message;
  return message.substr(path.string().size() + 1);
}

TEST(Safetensors, WrittenEqualsReadForEveryType) {
  const TempFolder folder;
  const auto path = folder.path() / "x.safetensors";
  NamedTensors tensors;
  for (const auto type :
       {at::kChar, at::kBFloat16, at::kFloat, at::kLong, at::kBool, at::kHalf, at::kDouble, at::kByte})
    tensors.emplace_back(at::toString(type), at::arange(-3, 4).to(type));
  tensors.emplace_back("strided", at::arange(6).view({2, 3}).t());
  tensors.emplace_back("scalar", at::scalar_tensor(2.5));
  tensors.emplace_back("empty", at::empty({0, 4}));
  save_safetensors(path, tensors, {{"format", "pt"}});
  const SafetensorsFile file = SafetensorsFile::open(path);
  EXPECT_EQ(file.metadata().at("format"), "pt");
  EXPECT_EQ(file.names().size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    EXPECT_TRUE(at::equal(file.tensor(name), tensor)) << name;
    EXPECT_EQ(file.tensor(name).scalar_type(), tensor.scalar_type());
  }
}

TEST(Safetensors, TensorsOutliveTheFileAndWritingThemLeavesItAlone) {
  const TempFolder folder;
  const auto path = folder.path() / "x.safetensors";
  save_safetensors(path, {{"a", at::ones({1000})}});
  at::Tensor a = SafetensorsFile::open(path).tensor("a");
  EXPECT_FALSE(a.storage().resizable());  // a view of the mapping
  a.mul_(3);
  EXPECT_EQ(a.sum().item<float>(), 3000);
  EXPECT_EQ(SafetensorsFile::open(path).tensor("a").sum().item<float>(), 1000);
}

TEST(Safetensors, BadFilesAreRefusedByNameAndTensor) {
  EXPECT_EQ(fault(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 4),
            ": a] expected 8 bytes of data, the file ends after 4; the file is truncated");
  EXPECT_EQ(fault(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8),
            ": a] expected 12 bytes for shape [3], got 8");
  EXPECT_EQ(fault(R"({"a":{"dtype":"F99","shape":[2],"data_offsets":[0,8]}})", 8),
            ": a] expected a known dtype, got 'F99'");
  EXPECT_EQ(fault(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8),
            ": a] expected data_offsets in order, got 8 and 0");
  EXPECT_EQ(fault(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                  R"("b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
                  12),
            ": b] expected data of its own, got bytes shared with 'a'");
  EXPECT_NE(fault(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}})", 8).find("a sensible size"),
            std::string::npos);
  EXPECT_NE(fault(R"({"a":{"dtype":"F32"}})", 8).find("expected dtype, shape and data_offsets"), std::string::npos);
  EXPECT_NE(fault(R"({"a":)", 8).find("header"), std::string::npos);
  EXPECT_NE(fault("[]", 0).find("expected a JSON object as header"), std::string::npos);
}

TEST(Safetensors, AFileThatIsNoneIsRefused) {
  const TempFolder folder;
  EXPECT_NE(message_of([&] { SafetensorsFile::open(folder.path() / "none.safetensors"); }).find("No such file"),
            std::string::npos);
  EXPECT_NE(message_of([&] { SafetensorsFile::open(folder.write("e", "")); }).find("empty"), std::string::npos);
  EXPECT_NE(message_of([&] { SafetensorsFile::open(folder.write("s", "abc")); }).find("got 3 bytes"),
            std::string::npos);
  EXPECT_NE(message_of([&] { SafetensorsFile::open(folder.write("t", "no safetensors at all")); }).find("truncated"),
            std::string::npos);
}

TEST(SafetensorsFolder, ShardsAndTheirIndexReadBack) {
  const TempFolder folder;
  const NamedTensors tensors = {{"a", at::rand({100})}, {"b", at::rand({100})}, {"c", at::rand({300})}};
  const auto files = save_safetensors_folder(folder.path(), weights_of(tensors), 800);
  EXPECT_EQ(files.size(), 3u);  // a and b, c, the index
  const WeightMap again = open_weight_folder(folder.path());
  for (const auto& [name, tensor] : tensors) EXPECT_TRUE(at::equal(again.at(name).read(), tensor));
  const Json index = read_json_file(folder.path() / "model.safetensors.index.json");
  EXPECT_EQ(index["metadata"]["total_size"], 2000);
  EXPECT_EQ(index["weight_map"]["c"], "model-00002-of-00002.safetensors");
}

TEST(Safetensors, EveryFlippedByteOfTheHeaderIsReadOrRefused) {
  const TempFolder folder;
  const auto path = folder.path() / "x.safetensors";
  save_safetensors(path, NamedTensors{{"a", at::ones({2, 3})}, {"b", at::ones({4}, at::kBFloat16)}});
  const std::string whole = read_text_file(path);
  int refused = 0;
  for (size_t at = 0; at + 32 < whole.size(); ++at) {
    for (const char mask : {'\x01', '\x80', '\xff'}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ mask);
      std::ofstream(path, std::ios::binary) << damaged;
      try {
        const SafetensorsFile file = SafetensorsFile::open(path);
        for (const std::string& name : file.names()) file.tensor(name).clone();
      } catch (const Error&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 200);
}

/// Resident bytes of this process.
int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  int64_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * 4096;
}

TEST(Safetensors, ReadingEveryValueKeepsOneCopyInMemory) {
  const TempFolder folder;
  const auto path = folder.path() / "x.safetensors";
  const int64_t size = 64 << 20;
  save_safetensors(path, {{"a", at::zeros({size / 4}).add_(1)}});
  const int64_t before = resident_bytes();
  const at::Tensor a = SafetensorsFile::open(path).tensor("a");
  EXPECT_EQ(a.sum().item<float>(), size / 4);
  EXPECT_LT(resident_bytes() - before, size + size / 10);
}

}  // namespace
}  // namespace llmbox
