#include "tensor/block/block_type.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <set>

#include "core/json.h"
#include "core/test_shared.h"
#include "kernels/kernel_table.h"
#include "tensor/safetensors.h"

namespace llmbox {
namespace {

std::filesystem::path reference(const std::string& name) { return shared_path("fixtures/quantized/gguf/" + name); }

at::Tensor decoded(const BlockType& type, const at::Tensor& bytes) {
  const at::Tensor flat = bytes.contiguous();
  const int64_t n = flat.numel() / type.block_bytes;
  at::Tensor values = at::empty({n * type.values});
  decode_blocks(type, flat.data_ptr<uint8_t>(), n, values.data_ptr<float>());
  return values;
}

at::Tensor encoded(const BlockType& type, const at::Tensor& values) {
  const int64_t n = values.numel() / type.values;
  at::Tensor bytes = at::empty({n * type.block_bytes}, at::kByte);
  encode_blocks(type, values.contiguous().data_ptr<float>(), n, bytes.data_ptr<uint8_t>());
  return bytes;
}

TEST(BlockTypes, DecodeTheReferenceBlocksBitForBit) {
  REQUIRE_SHARED();
  const auto file = SafetensorsFile::open(reference("blocks.safetensors"));
  const Json table = read_json_file(reference("reference.json"))["types"];
  for (const BlockType& type : block_types()) {
    for (const std::string kind : {"blocks/", "encoded/"}) {
      const std::string name = kind + type.name;
      if (!file.contains(name + "/bytes")) continue;
      EXPECT_TRUE(at::equal(decoded(type, file.tensor(name + "/bytes")), file.tensor(name + "/values").flatten()))
          << name;
    }
    if (!table.contains(type.name) || !table[type.name].contains("type_id")) continue;
    EXPECT_EQ(table[type.name]["type_id"], type.id);
    EXPECT_EQ(table[type.name]["values_per_block"], type.values);
    EXPECT_EQ(table[type.name]["bytes_per_block"], type.block_bytes);
  }
}

TEST(BlockTypes, EncodeAsTheReferenceBitForBit) {
  REQUIRE_SHARED();
  const auto file = SafetensorsFile::open(reference("blocks.safetensors"));
  const at::Tensor matrix = file.tensor("matrix");
  int compared = 0;
  for (const BlockType& type : block_types()) {
    const std::string name = std::string("encoded/") + type.name + "/bytes";
    if (!type.encode || !file.contains(name)) continue;
    EXPECT_TRUE(at::equal(encoded(type, matrix), file.tensor(name).flatten())) << type.name;
    ++compared;
  }
  EXPECT_EQ(compared, 4);  // F16, BF16, Q4_0, Q8_0
}

TEST(BlockTypes, KTypesEncodeWithinTheirErrorBounds) {
  const at::Tensor values = at::randn({64, 256}, at::kFloat) * at::exp(at::randn({64, 1}));
  const auto relative_error = [&](const char* name) {
    const BlockType& type = *find_block_type(name);
    return ((decoded(type, encoded(type, values)).view_as(values) - values).norm() / values.norm()).item<double>();
  };
  EXPECT_LT(relative_error("Q6_K"), 0.02);
  EXPECT_LT(relative_error("Q4_K"), 0.075);
  EXPECT_GT(relative_error("Q4_K"), 0.03);
}

TEST(BlockTypes, EveryInstructionSetEncodesTheSameBytes) {
  const at::Tensor values = at::randn({128, 256}, at::kFloat) * at::exp(3 * at::randn({128, 1}));
  values[3].zero_();
  values[4].fill_(1e-38F);
  values[5].slice(0, 0, 40).fill_(0);
  values[6].abs_();
  const KernelTable& used = kernel_table();
  for (const BlockType& type : block_types()) {
    if (!type.encode) continue;
    const KernelTable& plain = runnable_kernel_tables().back();
    use_kernel_table(plain);
    EXPECT_EQ(plain.name, "portable");
    const at::Tensor expected = encoded(type, values);
    for (const KernelTable& table : runnable_kernel_tables()) {
      use_kernel_table(table);
      EXPECT_TRUE(at::equal(encoded(type, values), expected)) << type.name << " by " << table.name;
    }
  }
  use_kernel_table(used);
}

TEST(BlockTypes, ValuesOfOneKindEncodeWithoutHarm) {
  for (const BlockType& type : block_types()) {
    if (!type.encode) continue;
    for (const float value : {0.0F, 1.0F, -1.0F, 1e-30F}) {
      const at::Tensor values = at::full({type.values * 2}, value);
      const at::Tensor again = decoded(type, encoded(type, values));
      EXPECT_LT((again - values).abs().max().item<float>(), 0.02F * std::abs(value) + 1e-29F) << type.name << value;
    }
  }
}

TEST(BlockTypes, AreFoundByIdAndName) {
  std::set<uint32_t> ids;
  for (const BlockType& type : block_types()) {
    EXPECT_TRUE(ids.insert(type.id).second);
    EXPECT_EQ(find_block_type(type.id), &type);
    EXPECT_EQ(find_block_type(type.name), &type);
  }
  EXPECT_EQ(find_block_type(99u), nullptr);
  EXPECT_EQ(find_block_type("Q9_9"), nullptr);
}

}  // namespace
}  // namespace llmbox
