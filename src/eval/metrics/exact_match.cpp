#include <utf8proc.h>

#include "eval/metrics/metric.h"
#include "eval/pattern.h"

namespace llmbox {

namespace {

std::string lower_case(const std::string& text) {
  std::string lower;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (size_t at = 0; at < text.size();) {
    utf8proc_int32_t code = 0;
    const auto length = utf8proc_iterate(bytes + at, static_cast<utf8proc_ssize_t>(text.size() - at), &code);
    utf8proc_uint8_t encoded[4];
    if (length < 1)
      lower += text[at];
    else
      lower.append(reinterpret_cast<const char*>(encoded), utf8proc_encode_char(utf8proc_tolower(code), encoded));
    at += length < 1 ? 1 : length;
  }
  return lower;
}

}  // namespace

std::string normalized_answer(const std::string& text) {
  constexpr std::string_view kPunctuation = R"(!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~)";
  static const Pattern articles(R"(\b(a|an|the|and)\b)"), spaces(R"(\s+)");
  std::string plain;
  for (const char c : lower_case(text))
    if (kPunctuation.find(c) == std::string_view::npos) plain += c;
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
