#include "data/preview.h"

#include <algorithm>
#include <span>

namespace llmbox {

std::string preview_sample(const Sample& sample, const Tokenizer& tokenizer, const PreviewOptions& options) {
  const size_t n = options.most_tokens > 0 ? std::min(sample.ids.size(), static_cast<size_t>(options.most_tokens))
                                           : sample.ids.size();
  const char* open = options.colour ? "\033[32m" : "⟦";
  const char* close = options.colour ? "\033[0m" : "⟧";
  std::string out;
  for (size_t begin = 0, end = 0; begin < n; begin = end) {
    const bool target = sample.labels[begin] != kNoTarget;
    while (end < n && (sample.labels[end] != kNoTarget) == target) ++end;
    std::string text = tokenizer.decode(std::span(sample.ids).subspan(begin, end - begin));
    out += target ? open + text + close : text;
  }
  if (n < sample.ids.size()) out += " …";
  return out;
}

}  // namespace llmbox
