#include "chat/model_templates.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "chat/chat_template.h"

namespace llmbox {
namespace {

TEST(ModelTemplates, KnowAModelByItsNameItsFolderAndItsPlaceInTheCache) {
  EXPECT_EQ(template_of_model("meta-llama/Meta-Llama-3-8B-Instruct"), "llama3");
  EXPECT_EQ(template_of_model("/data/meta-llama-3-8b-instruct/"), "llama3");
  EXPECT_EQ(template_of_model("/c/hub/models--Qwen--Qwen2.5-0.5B-Instruct/snapshots/abc"), "qwen");
  EXPECT_EQ(template_of_model("meta-llama/Meta-Llama-3-8B"), std::nullopt);  // a base model has none
  EXPECT_EQ(template_of_model("my-model"), std::nullopt);
  EXPECT_EQ(template_of_model(""), std::nullopt);
}

TEST(ModelTemplates, NameTemplatesOfTheTable) {
  const auto names = ChatTemplate::names();
  std::string_view text = embedded_model_templates();
  int n_line = 0;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.starts_with('#')) continue;
    const std::string name(line.substr(0, line.find(':')));
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
    ++n_line;
  }
  EXPECT_GT(n_line, 60);
}

}  // namespace
}  // namespace llmbox
