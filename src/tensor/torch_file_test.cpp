#include "tensor/torch_file.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/error.h"
#include "core/json.h"
#include "core/test_shared.h"
#include "tensor/safetensors_folder.h"
#include "tensor/zip_writer.h"

namespace llmbox {
namespace {

template <class T>
std::string raw(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof(T)};
}

/// A zip archive of stored entries, as torch.save writes one.
std::string zip_of(const std::vector<std::pair<std::string, std::string>>& entries, uint16_t method = 0) {
  std::string data, directory;
  for (const auto& [name, content] : entries) {
    const auto offset = static_cast<uint32_t>(data.size());
    const auto size = raw(static_cast<uint32_t>(content.size()));
    const std::string middle = raw(method) + raw<uint32_t>(0) + raw<uint32_t>(0) + size + size +
                               raw(static_cast<uint16_t>(name.size())) + raw<uint16_t>(0);
    data += raw<uint32_t>(0x04034b50) + raw<uint16_t>(0) + raw<uint16_t>(0) + middle + name + content;
    directory += raw<uint32_t>(0x02014b50) + raw<uint16_t>(0) + raw<uint16_t>(0) + raw<uint16_t>(0) + middle +
                 std::string(10, '\0') + raw(offset) + name;
  }
  const auto count = raw(static_cast<uint16_t>(entries.size()));
  return data + directory + raw<uint32_t>(0x06054b50) + raw<uint32_t>(0) + count + count +
         raw(static_cast<uint32_t>(directory.size())) + raw(static_cast<uint32_t>(data.size())) + raw<uint16_t>(0);
}

std::string text(const std::string& value) { return "X" + raw(static_cast<uint32_t>(value.size())) + value; }
std::string number(int32_t value) { return "J" + raw(value); }

/// torch.save's words for one tensor over the storage "0" of `count` floats.
std::string tensor(int32_t count, int32_t offset, const std::string& shape, const std::string& strides) {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\nFloatStorage\n" + text("0") +
         text("cpu") + number(count) + "tQ" + number(offset) + "(" + shape + "t(" + strides +
         "t\x89"
         "ccollections\nOrderedDict\n)RtR";
}

std::string state_dict(const std::string& value) { return "\x80\x02}(" + text("w") + value + "u."; }

const std::string kFloats = raw(1.0f) + raw(2.0f) + raw(3.0f) + raw(4.0f) + raw(5.0f) + raw(6.0f);
const std::string kMatrix = tensor(6, 0, number(2) + number(3), number(3) + number(1));

std::string archive(const std::string& pickle, const std::string& storage = kFloats) {
  return zip_of({{"archive/data.pkl", pickle}, {"archive/byteorder", "little"}, {"archive/data/0", storage}});
}

std::string fault(const std::string& bytes) {
  const TempFolder folder;
  const auto path = folder.write("pytorch_model.bin", bytes);
  std::string message = message_of([&] { open_torch_file(path); });
  EXPECT_TRUE(message.starts_with("[" + path.string())) << message;
  return message.substr(path.string().size() + 1);
}

TEST(TorchFile, TensorsAreViewsOfTheFileWithTheirStrides) {
  const TempFolder folder;
  const std::string turned = tensor(6, 1, number(2) + number(2), number(1) + number(3));
  const std::string both = "\x80\x02}(" + text("w") + kMatrix + text("turned") + turned + "u.";
  const WeightMap weights = open_torch_file(folder.write("x.bin", archive(both)));
  const at::Tensor w = weights.at("w").read();
  EXPECT_TRUE(at::equal(w, at::arange(1, 7).view({2, 3}).to(at::kFloat)));
  EXPECT_TRUE(at::equal(weights.at("turned").read(), w.slice(1, 1, 3).t()));
}

TEST(TorchFile, AFolderWithAnIndexReadsItsShards) {
  const TempFolder folder;
  folder.write("pytorch_model-00001-of-00001.bin", archive(state_dict(kMatrix)));
  const auto index = [&](const std::string& shard) {
    folder.write("pytorch_model.bin.index.json", Json{{"weight_map", {{"w", shard}}}}.dump());
  };
  index("pytorch_model-00001-of-00001.bin");
  EXPECT_EQ(open_weight_folder(folder.path()).at("w").shape, (std::vector<int64_t>{2, 3}));
  index("../other.bin");
  EXPECT_NE(message_of([&] { open_weight_folder(folder.path()); }).find("a file in the folder"), std::string::npos);
}

TEST(TorchFile, TheOlderStreamReadsToo) {
  const TempFolder folder;
  const std::string head = "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.\x80\x02" + number(1001) + ".\x80\x02}.";
  const std::string stream = head + state_dict(kMatrix) + "\x80\x02](" + text("0") + "e." + raw<int64_t>(6);
  const WeightMap weights = open_torch_file(folder.write("x.bin", stream + kFloats));
  EXPECT_EQ(weights.at("w").read().sum().item<float>(), 21);
  EXPECT_NE(fault(stream).find("expected 24 bytes of the storage '0', the file has 0"), std::string::npos);
  EXPECT_NE(fault("\x80\x02N.").find("another magic number"), std::string::npos);
}

TEST(TorchFile, CodeIsNeverRunAndNamed) {
  const std::string evil = state_dict("cos\nsystem\n(" + text("echo") + "tR");
  EXPECT_NE(fault(archive(evil)).find("got a call of 'os system'; it was not run"), std::string::npos);
  EXPECT_NE(fault(archive("\x80\x02(i.")).find("the opcode 0x69 at byte 3"), std::string::npos);
  EXPECT_NE(fault(archive(state_dict(number(3)))).find("expected names and tensors, got 'w' with a int"),
            std::string::npos);
  EXPECT_NE(fault(archive("\x80\x02].")).find("expected a dict of tensors, got a list"), std::string::npos);
}

TEST(TorchFile, DamagedPicklesAreRefused) {
  EXPECT_NE(fault(archive("\x80\x02}")).find("it is truncated"), std::string::npos);
  EXPECT_NE(fault(archive("\x80\x02.")).find("expected a value on the pickle's stack"), std::string::npos);
  EXPECT_NE(fault(archive("\x80\x02u.")).find("expected a mark"), std::string::npos);
  EXPECT_NE(fault(archive("\x80\x02h\x05.")).find("expected memo 5"), std::string::npos);
  EXPECT_NE(fault(archive("\x80\x09N.")).find("protocol 0 to 5, got 9"), std::string::npos);
  EXPECT_NE(fault(archive(std::string("X\xff\xff\xff\x7f", 5))).find("expected 2147483647 more bytes"),
            std::string::npos);
}

TEST(TorchFile, TensorsThatLeaveTheirStorageAreRefused) {
  const auto of = [](const std::string& value) { return fault(archive(state_dict(value))); };
  const std::string leaves = "within its storage of 6 values, got one that leaves it";
  EXPECT_NE(of(tensor(6, 1, number(2) + number(3), number(3) + number(1))).find(leaves), std::string::npos);
  EXPECT_NE(of(tensor(6, 0, number(2147483647) + number(3), number(2147483647) + number(1))).find(leaves),
            std::string::npos);
  EXPECT_NE(of(tensor(6, 0, number(-2), number(1))).find("expected counts from 0"), std::string::npos);
  EXPECT_NE(of(tensor(7, 0, number(2), number(1))).find("expected a storage of 7 values, the file has 6"),
            std::string::npos);
}

TEST(TorchFile, DamagedArchivesAreRefused) {
  const std::string whole = archive(state_dict(kMatrix));
  EXPECT_NE(fault(whole.substr(0, whole.size() - 30)).find("truncated"), std::string::npos);
  EXPECT_NE(fault(zip_of({{"a/data.pkl", "x"}}, 8)).find("got a compressed one"), std::string::npos);
  EXPECT_NE(fault(zip_of({{"a/other", "x"}})).find("with a data.pkl, found none"), std::string::npos);
  EXPECT_NE(fault(zip_of({{"a", "x"}, {"a", "y"}})).find("got 'a' twice"), std::string::npos);
  EXPECT_NE(fault(zip_of({{"data.pkl", state_dict(kMatrix)}})).find("expected the entry 'data/0'"), std::string::npos);
  EXPECT_NE(fault(zip_of({{"data.pkl", "N."}, {"byteorder", "big"}})).find("got 'big'"), std::string::npos);
}

TEST(TorchFile, EveryCutOfAFileIsRefusedWithoutACrash) {
  const std::string whole = archive(state_dict(kMatrix));
  const TempFolder folder;
  for (size_t size = 1; size < whole.size(); ++size) {
    const auto path = folder.path() / "cut.bin";
    std::ofstream(path, std::ios::binary) << whole.substr(0, size);  // not synced to the disk
    EXPECT_THROW(open_torch_file(path), Error) << size;
  }
}

TEST(TorchFile, EveryFlippedByteIsReadOrRefused) {
  const std::string whole = archive(state_dict(kMatrix));
  const TempFolder folder;
  int refused = 0;
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const char mask : {'\x01', '\x80', '\xff'}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ mask);
      std::ofstream(folder.path() / "flip.bin", std::ios::binary) << damaged;
      try {
        for (const auto& [name, weight] : open_torch_file(folder.path() / "flip.bin")) weight.read().sum();
      } catch (const Error&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 500);
}

TEST(TorchFile, AFileOfTorchHasTorchsValues) {
  REQUIRE_SHARED();
  const WeightMap weights = open_weight_folder(shared_path("fixtures/architectures/gpt_neox"));
  EXPECT_EQ(weights.size(), 34u);
  const at::Tensor embedding = weights.at("gpt_neox.embed_in.weight").read();
  EXPECT_EQ(embedding.scalar_type(), at::kBFloat16);
  EXPECT_EQ(embedding.sizes(), (std::vector<int64_t>{256, 48}));
  EXPECT_NEAR(embedding.to(at::kDouble).norm().item<double>(), 33.450101519666234, 1e-9);
}

TEST(TorchFile, WhatIsSavedComesBack) {
  const TempFolder folder;
  NamedTensors tensors = {{"f32", at::randn({3, 5})},
                          {"bf16.weight", at::randn({4, 2}).to(at::kBFloat16)},
                          {"f16", at::randn({7}).to(at::kHalf)},
                          {"i64", at::arange(3)},
                          {"turned", at::randn({2, 6}).t()},
                          {"none", at::empty({0, 4})},
                          {"scalar", at::ones({})}};
  save_torch_file(folder.path() / "x.bin", weights_of(tensors));
  const WeightMap found = open_weight_file(folder.path() / "x.bin");
  ASSERT_EQ(found.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    const Weight& weight = found.at(name);
    EXPECT_EQ(weight.dtype, tensor.scalar_type()) << name;
    EXPECT_TRUE(at::equal(weight.read(), tensor)) << name;
  }
}

TEST(TorchFile, FoldersAreCutIntoShards) {
  const TempFolder folder;
  NamedTensors tensors;
  for (int i = 0; i < 4; ++i) tensors.emplace_back("t" + std::to_string(i), at::full({100}, 0.5 * i));
  EXPECT_EQ(save_torch_folder(folder.path(), weights_of(tensors), 900).size(), 3u);
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "pytorch_model-00002-of-00002.bin"));
  const WeightMap found = open_weight_folder(folder.path());
  for (const auto& [name, tensor] : tensors) EXPECT_TRUE(at::equal(found.at(name).read(), tensor)) << name;
}

TEST(ZipWriter, ChecksumsAreThoseOfZip) {
  EXPECT_EQ(crc32_of("123456789", 9), 0xCBF43926u);
  EXPECT_EQ(crc32_of("", 0), 0u);
}

TEST(TorchFile, ADtypeWithoutAStorageIsRefused) {
  const TempFolder folder;
  const NamedTensors tensors = {{"x", at::zeros({2}).to(at::kFloat8_e4m3fn)}};
  EXPECT_NE(message_of([&] { save_torch_file(folder.path() / "x.bin", weights_of(tensors)); }).find("Float8"),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "x.bin"));
}

}  // namespace
}  // namespace llmbox
