#include "data/dataset.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/test_shared.h"

namespace llmbox {
namespace {

struct World {
  TempFolder folder;
  World() {
    folder.write(
        "dataset_info.json",
        R"({"talk": {"file_name": "talk.jsonl"}, "text": {"file_name": "text.txt", "columns": {"prompt": "text"}},
      "empty": {"file_name": "empty.jsonl"}, "bad": {"file_name": "bad.jsonl"}, "gone": {"file_name": "gone.json"},
      "hub": {"hf_hub_url": "a/b"}, "pairs": {"file_name": "talk.jsonl", "ranking": true},
      "some": {"file_name": "talk.jsonl", "num_samples": 2}})");
    folder.write("talk.jsonl",
                 "{\"instruction\": \"1\", \"output\": \"a\"}\n{\"instruction\": \"2\", \"output\": \"b\"}\n"
                 "{\"instruction\": \"3\", \"output\": \"c\"}\n{\"instruction\": \"4\", \"output\": null}\n");
    folder.write("text.txt", "one\ntwo\n");
    folder.write("empty.jsonl", "");
    folder.write("bad.jsonl", "{\"instruction\": \"1\", \"output\": \"a\"}\n{\"instruction\": \n");
  }
  DatasetRequest request(std::vector<std::string> names) const {
    return {.folder = folder.path(), .names = std::move(names)};
  }
  std::string refusal(const std::string& name, bool pretraining = false) const {
    DatasetRequest wish = request({name});
    wish.pretraining = pretraining;
    return message_of([&] { load_datasets(wish); });
  }
};

TEST(Dataset, ReadsRowsAndCountsWhatIsUnusable) {
  World world;
  DatasetExamples loaded = load_datasets(world.request({"talk"}));
  EXPECT_EQ(loaded.examples.size(), 3u);
  EXPECT_EQ(loaded.counts[0].rows, 4);
  EXPECT_EQ(loaded.counts[0].no_reply, 1);
  EXPECT_EQ(loaded.counts[0].first_faults, (std::vector<std::string>{"row 4: no reply"}));
}

TEST(Dataset, AppliesNumSamplesThenMaxSamples) {
  World world;
  EXPECT_EQ(load_datasets(world.request({"some"})).counts[0].rows, 2);
  DatasetRequest one = world.request({"talk", "some"});
  one.max_samples = 1;
  EXPECT_EQ(load_datasets(one).examples.size(), 2u);
}

TEST(Dataset, ReadsTextForPretraining) {
  World world;
  DatasetRequest request = world.request({"text"});
  request.pretraining = true;
  DatasetExamples loaded = load_datasets(request);
  ASSERT_EQ(loaded.examples.size(), 2u);
  EXPECT_EQ(loaded.examples[1].prompt[0]["content"], "two");
}

TEST(Dataset, BadSetsGiveOneLine) {
  World world;
  EXPECT_NE(world.refusal("tlak").find("'talk'"), std::string::npos);
  EXPECT_NE(world.refusal("gone").find("gone.json"), std::string::npos);
  EXPECT_NE(world.refusal("hub").find("a/b"), std::string::npos);
  EXPECT_NE(world.refusal("pairs").find("ranking"), std::string::npos);
  EXPECT_NE(world.refusal("empty").find("empty.jsonl"), std::string::npos);
  EXPECT_NE(world.refusal("text").find("response"), std::string::npos);
  const std::string bad = world.refusal("bad");
  EXPECT_NE(bad.find("bad.jsonl"), std::string::npos) << bad;
  EXPECT_NE(bad.find("2"), std::string::npos) << bad;
}

TEST(Dataset, SplitsOffAValidationPart) {
  World world;
  auto examples = load_datasets(world.request({"talk"})).examples;
  auto held = split_validation(examples, 1, 42);
  EXPECT_EQ(held.size(), 1u);
  EXPECT_EQ(examples.size(), 2u);
  EXPECT_EQ(split_validation(examples, 0.5, 42).size(), 1u);
  EXPECT_THROW(split_validation(examples, 5, 42), Error);
}

TEST(Dataset, SplitsNameLists) { EXPECT_EQ(split_names("a, b,,c "), (std::vector<std::string>{"a", "b", "c"})); }

}  // namespace
}  // namespace llmbox
