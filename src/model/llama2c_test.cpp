#include "model/llama2c.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "model/fixture_model.h"

namespace llmbox {
namespace {

TEST(Llama2c, WritesTheFileThatTheFolderWasMadeFrom) {
  REQUIRE_SHARED();
  const TempFolder folder;
  const auto weights = shared_path("fixtures/weights/stories260K");
  const auto path = folder.path() / "model.bin";
  save_llama2c_model(path, open_model_files(weights / "hf"));
  const std::string ours = read_text_file(path), original = read_text_file(weights / "stories260K.bin");
  ASSERT_EQ(ours.size(), original.size());
  // The tables of angles at the end are computed: equal to rounding, and read by nobody.
  const size_t angles = size_t{512} * 8 * sizeof(float);
  EXPECT_EQ(ours.substr(0, ours.size() - angles), original.substr(0, original.size() - angles));
  for (size_t at = ours.size() - angles; at < ours.size(); at += sizeof(float)) {
    float a = 0, b = 0;
    std::memcpy(&a, ours.data() + at, sizeof a);
    std::memcpy(&b, original.data() + at, sizeof b);
    ASSERT_NEAR(a, b, 1e-4) << at;
  }
}

TEST(Llama2c, RefusesWhatLlama2cCannotCompute) {
  REQUIRE_SHARED();
  const TempFolder folder;
  for (const char* name : {"gpt2", "llama3_1", "llama_yarn"}) {
    const std::string message =
        message_of([&] { save_llama2c_model(folder.path() / "m.bin", open_model_files(architecture(name))); });
    EXPECT_NE(message.find("expected a Llama with plain rope"), std::string::npos) << name << message;
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "m.bin"));
  }
}

}  // namespace
}  // namespace llmbox
