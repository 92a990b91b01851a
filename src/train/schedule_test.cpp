#include "train/schedule.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/error.h"
#include "core/test_shared.h"

namespace llmbox {
namespace {

TEST(Schedule, EqualsTransformersOnEveryStoredCase) {
  REQUIRE_SHARED();
  std::ifstream file(shared_path("fixtures/optimizers/schedules.jsonl"));
  int compared = 0;
  for (std::string line; std::getline(file, line);) {
    Json row = parse_json(line, "schedules.jsonl");
    if (row.contains("metric")) continue;  // schedules steered by a metric are not functions of the step
    auto whole = [&](const char* key) { return row[key].is_null() ? int64_t{0} : row[key].get<int64_t>(); };
    Schedule schedule = make_schedule(row["name"], {.base_lr = row["base_lr"],
                                                    .warmup_steps = whole("num_warmup_steps"),
                                                    .total_steps = whole("num_training_steps"),
                                                    .kwargs = row["kwargs"]});
    for (size_t step = 0; step < row["lr"].size(); ++step)
      EXPECT_NEAR(schedule(static_cast<int64_t>(step)), row["lr"][step].get<double>(), 1e-15)
          << line << " step " << step;
    ++compared;
  }
  EXPECT_GE(compared, 28);
}

TEST(Schedule, UnknownNameListsTheNearest) {
  try {
    make_schedule("cosin", {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("'cosine'"), std::string::npos) << error.what();
  }
}

TEST(Schedule, UnknownArgumentIsRefused) {
  EXPECT_THROW(make_schedule("linear", {.kwargs = Json{{"power", 2}}}), Error);
  EXPECT_THROW(make_schedule("cosine_with_min_lr", {}), Error);
}

}  // namespace
}  // namespace llmbox
