#include "eval/ranking.h"

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "eval/pattern.h"

namespace llmbox {

int smallest_loss_per_token(std::span<const Loss> options) {
  std::vector<double> losses;
  for (const Loss& loss : options) losses.push_back(loss.n_tokens == 0 ? 1e10 : loss.nats / loss.n_tokens);
  return static_cast<int>(std::min_element(losses.begin(), losses.end()) - losses.begin());
}

int smallest_normalised_loss(std::span<const Loss> options, std::span<const Loss> content_free) {
  CHECK(options.size() == content_free.size(), "{} and {}", options.size(), content_free.size());
  std::vector<double> losses;
  for (size_t i = 0; i < options.size(); ++i) losses.push_back(options[i].nats - content_free[i].nats);
  return static_cast<int>(std::min_element(losses.begin(), losses.end()) - losses.begin());
}

int largest_label_score(std::span<const double> scores) {
  if (scores.size() < 2) return -1;
  const size_t best = std::max_element(scores.begin(), scores.end()) - scores.begin();
  return static_cast<int>(best % (scores.size() / 2));
}

int option_in_text(const std::string& text, int n_options) {
  const std::string letters = fmt::format("([A-{}])", static_cast<char>('A' + n_options - 1));
  const std::string cjk = R"([\x{2E80}-\x{9FFF}])", before = "(?<=" + cjk + ")", after = "(?=" + cjk + ")";
  const Pattern pattern("\\b" + letters + "\\b|" + before + letters + after + "|" + before + letters + "\\b|\\b" +
                        letters + after);
  const auto matches = pattern.find_all(text);
  return matches.empty() ? -1 : matches.back().groups[0][0] - 'A';
}

}  // namespace llmbox
