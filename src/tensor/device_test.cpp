#include "tensor/device.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace llmbox {
namespace {

TEST(Device, CpuIsAlwaysThere) { EXPECT_TRUE(parse_device("cpu", "test").is_cpu()); }

TEST(Device, AutoTakesTheGpuWhereThereIsOne) { EXPECT_EQ(parse_device("auto", "test").is_cuda(), cuda_available()); }

TEST(Device, UnknownNamesAreRefused) {
  for (const char* name : {"", "gpu", "cuda:", "cuda:x", "cuda:1234"}) EXPECT_THROW(parse_device(name, "test"), Error);
}

TEST(Device, CudaWithoutGpuNamesTheObstacle) {
  if (cuda_available()) return;
  try {
    parse_device("cuda:0", "test");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("try device cpu"), std::string::npos);
  }
}

}  // namespace
}  // namespace llmbox
