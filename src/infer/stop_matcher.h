// Ends a text before the first of its stop strings, however tokens cut them. Text that may still turn out to be the
// start of a stop string is held back, so what was handed out never has to be taken back. Of several stop strings the
// one that is complete first counts, which makes the result independent of how the text was cut into pieces.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace llmbox {

class StopMatcher {
 public:
  /// Empty stop strings are left out.
  explicit StopMatcher(const std::vector<std::string>& stops);

  /// Adds text; returns what is certain by now.
  std::string push(std::string_view text);
  /// The text ended without a stop string: returns what was held back.
  std::string finish();
  bool stopped() const { return stopped_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace llmbox
