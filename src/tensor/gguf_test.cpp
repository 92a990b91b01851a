#include "tensor/gguf.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/error.h"
#include "core/test_shared.h"

namespace llmbox {
namespace {

const BlockType* type(const char* name) { return find_block_type(name); }

std::filesystem::path write_small(const TempFolder& folder) {
  const auto path = folder.path() / "x.gguf";
  const at::Tensor matrix = at::arange(128).view({2, 64}).to(at::kFloat), row = at::arange(3).to(at::kFloat);
  save_gguf(
      path,
      {{"general.architecture", std::string("llama")},
       {"count", uint32_t{7}},
       {"eps", 0.5F},
       {"flag", true},
       {"words", std::vector<std::string>{"a", "bc"}},
       {"scores", std::vector<float>{1, -2}},
       {"types", std::vector<int32_t>{3, -4}}},
      {{"row", type("F32"), {3}, [=] { return row; }}, {"matrix", type("Q8_0"), {2, 64}, [=] { return matrix; }}});
  return path;
}

/// Not synced to the disk: these tests write many files.
std::filesystem::path write_quickly(const TempFolder& folder, const std::string& bytes) {
  std::ofstream(folder.path() / "damaged.gguf", std::ios::binary) << bytes;
  return folder.path() / "damaged.gguf";
}

TEST(Gguf, WrittenEqualsRead) {
  const TempFolder folder;
  const GgufFile file = GgufFile::open(write_small(folder));
  EXPECT_EQ(file.metadata(), Json::parse(R"({"general.architecture":"llama","count":7,"eps":0.5,"flag":true,
      "words":["a","bc"],"scores":[1.0,-2.0],"types":[3,-4]})"));
  EXPECT_TRUE(at::equal(decode_tensor(file, "row"), at::arange(3).to(at::kFloat)));
  EXPECT_EQ(file.tensors().at("matrix").shape, (std::vector<int64_t>{2, 64}));
  EXPECT_LT((decode_tensor(file, "matrix").flatten() - at::arange(128)).abs().max().item<float>(), 0.51);
}

TEST(Gguf, PartsAreOneFile) {
  const TempFolder folder;
  const auto part = [&](int i, const GgufEntries& keys) {
    const auto path = folder.path() / fmt::format("x-{:05}-of-00003.gguf", i);
    const at::Tensor row = at::full({3}, i, at::kFloat);
    save_gguf(path, keys, {{fmt::format("row{}", i), type("F32"), {3}, [=] { return row; }}});
    return path;
  };
  const auto first = part(1, {{"general.architecture", std::string("llama")}, {"split.count", uint32_t{3}}});
  const auto second = part(2, {{"split.count", uint32_t{3}}, {"split.no", uint32_t{1}}});
  const auto refused = [&] { return message_of([&] { GgufFile::open(first); }); };
  EXPECT_NE(refused().find("expected the part 'x-00003-of-00003.gguf' beside it"), std::string::npos) << refused();
  part(3, {{"split.count", uint32_t{3}}});
  const GgufFile file = GgufFile::open(first);
  EXPECT_EQ(file.metadata()["general.architecture"], "llama");
  for (int i = 1; i <= 3; ++i)
    EXPECT_TRUE(at::equal(decode_tensor(file, fmt::format("row{}", i)), at::full({3}, i, at::kFloat)));
  const std::string later = message_of([&] { GgufFile::open(second); });
  EXPECT_NE(later.find("try 'x-00001-of-00003.gguf'"), std::string::npos) << later;
  std::filesystem::rename(first, folder.path() / "alone.gguf");
  const std::string message = message_of([&] { GgufFile::open(folder.path() / "alone.gguf"); });
  EXPECT_NE(message.find("expected a file of 3 parts"), std::string::npos) << message;
}

TEST(Gguf, EveryCutOfAFileIsRefused) {
  const TempFolder folder;
  const std::string whole = read_text_file(write_small(folder));
  for (size_t size = 1; size < whole.size() - 32; ++size)
    EXPECT_THROW(GgufFile::open(write_quickly(folder, whole.substr(0, size))), Error) << size;
}

TEST(Gguf, EveryFlippedByteOfTheHeaderIsReadOrRefused) {
  const TempFolder folder;
  const std::string whole = read_text_file(write_small(folder));
  int refused = 0;
  for (size_t at = 0; at < 380; ++at) {
    for (const char mask : {'\x80', '\xff'}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ mask);
      try {
        const GgufFile file = GgufFile::open(write_quickly(folder, damaged));
        for (const auto& [name, tensor] : file.tensors())
          if (tensor.type) decode_tensor(file, name);
      } catch (const Error&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 200);
}

std::string fault(const std::function<void(std::string&)>& damage) {
  const TempFolder folder;
  std::string bytes = read_text_file(write_small(folder));
  damage(bytes);
  return message_of([&] { decode_tensor(GgufFile::open(folder.write("x.gguf", bytes)), "matrix"); });
}

/// Sets the eight bytes at `shift` behind the name of a tensor or key.
std::function<void(std::string&)> set_behind(const std::string& name, size_t shift, uint64_t value, size_t size = 8) {
  return [=](std::string& bytes) {
    const size_t at = bytes.find(name) + name.size() + shift;
    bytes.replace(at, size, std::string(reinterpret_cast<const char*>(&value), size));
  };
}

TEST(Gguf, DamageIsNamed) {
  const auto expect = [](const std::string& message, const char* part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect(fault([](std::string& bytes) { bytes[0] = 'X'; }), "another magic number");
  expect(fault([](std::string& bytes) { bytes[4] = 1; }), "GGUF version 2 or 3, got 1");
  expect(fault(set_behind("matrix", 4, uint64_t{1} << 62)), "a shape with a sensible size");
  expect(fault(set_behind("matrix", 4, 63)), "rows in blocks of 32 for Q8_0, got 63");
  expect(fault(set_behind("matrix", 12, 1 << 20)), "it is truncated");
  expect(fault(set_behind("matrix", 0, 99, 4)), "at most 8 dimensions, got 99");
  expect(fault(set_behind("matrix", 20, 250, 4)), "got ggml's type 250");
  expect(fault(set_behind("matrix", 24, 8)), "a multiple of 32");
  expect(fault(set_behind("matrix", 24, 0)), "bytes shared with");
  expect(fault(set_behind("words", 8, uint64_t{1} << 60)), "a number of values that fits");
  expect(fault(set_behind("count", 0, 77, 4)), "a known type of value, got 77");
}

}  // namespace
}  // namespace llmbox
