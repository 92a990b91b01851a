#include "core/near_name.h"

#include <gtest/gtest.h>

#include <vector>

namespace llmbox {
namespace {

const std::vector<std::string> kKeys = {"learning_rate", "lr_scheduler_type", "cutoff_len", "lora_rank", "max_steps"};

TEST(NearName, FindsAMistypedName) {
  EXPECT_EQ(nearest_name("learnin_rate", kKeys), "learning_rate");
  EXPECT_EQ(nearest_name("cutof_len", kKeys), "cutoff_len");
  EXPECT_EQ(nearest_name("max_setps", kKeys), "max_steps");
}

TEST(NearName, IgnoresCaseAndDashes) { EXPECT_EQ(nearest_name("Cutoff-Len", kKeys), "cutoff_len"); }

TEST(NearName, APartOfANameIsNear) { EXPECT_EQ(nearest_name("lr_scheduler", kKeys), "lr_scheduler_type"); }

TEST(NearName, ListsTheNearestFirst) {
  EXPECT_EQ(near_names("lora_rnk", kKeys, 1), "'lora_rank'");
  EXPECT_TRUE(near_names("lora_rnk", kKeys, 2).starts_with("'lora_rank' or '"));
  EXPECT_EQ(quoted_names(std::vector<std::string>{"a", "b", "c"}), "'a', 'b' or 'c'");
}

TEST(NearName, NoNamesGiveNothing) {
  EXPECT_EQ(nearest_name("a", {}), "");
  EXPECT_EQ(near_names("a", {}), "");
}

}  // namespace
}  // namespace llmbox
