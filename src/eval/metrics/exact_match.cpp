#include "eval/metrics/metric.h"
#include "eval/pattern.h"

namespace llmbox {

std::string normalized_answer(const std::string& text) {
  constexpr std::string_view kPunctuation = R"(!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~)";
  static const Pattern articles(R"(\b(a|an|the|and)\b)"), spaces(R"(\s+)");
  std::string plain;
  for (const char c : text) {
    if (kPunctuation.find(c) != std::string_view::npos) continue;
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  plain = spaces.replace(articles.replace(plain, " "), " ");
  const size_t begin = plain.find_first_not_of(' ');
  if (begin == std::string::npos) return "";
  return plain.substr(begin, plain.find_last_not_of(' ') - begin + 1);
}

Metric make_exact_match(const Json& options) {
  const std::string strategy = options.value("multiref_strategy", "max");
  return [strategy](const std::string& prediction, const std::vector<std::string>& references) {
    const std::string answer = normalized_answer(prediction);
    std::vector<double> scores;
    for (const std::string& reference : references) scores.push_back(answer == normalized_answer(reference) ? 1 : 0);
    return aggregate_references(scores, strategy);
  };
}

}  // namespace llmbox
