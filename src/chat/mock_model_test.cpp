#include "chat/mock_model.h"

#include <gtest/gtest.h>

namespace llmbox {
namespace {

TEST(MockModel, AnswersAndRemembers) {
  MockModel model;
  model.answer = [](const GenerateRequest& request) { return request.prompt + "!"; };
  size_t n_done = 0;
  const GenerateRequest request{"hi", {}, nullptr, {}};
  const auto answers =
      model.generate(std::span(&request, 1), {}, [&](size_t, const Completion& one) { n_done += one.text == "hi!"; });
  EXPECT_EQ(answers.at(0).text, "hi!");
  EXPECT_EQ(n_done, 1U);
  const ScoreRequest scored{"a", "bcd"};
  EXPECT_EQ(model.score(std::span(&scored, 1)).at(0).logprob, -3);
  EXPECT_EQ(model.scored.size(), 1U);
}

}  // namespace
}  // namespace llmbox
