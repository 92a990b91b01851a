// LLMBox's rule for answers that are numbers: spec NUM, with the decimals of whole numbers dropped as gsm8k does.
#include "eval/filters/filter.h"
#include "eval/pattern.h"

namespace llmbox {

Filter make_number(const Json&) {
  const Pattern comma(R"((?<=\d),(?=\d))"), number(R"([-+]?\d*\.\d+|\d+)"), whole(R"((?<=\d)\.0*$)");
  return [comma, number, whole](const std::string& text) {
    const std::string plain = comma.replace(text, "");
    const auto matches = number.find_all(plain);
    return whole.replace(matches.empty() ? plain : matches.back().groups[0], "");
  };
}

}  // namespace llmbox
