// Bag-of-words F1 as LLMBox computes it. Options: word_tokenize split | regex | words (default), normalize_level text |
// token | both, align_bag counter | set, force_number_match, multiref_strategy.
#include <map>

#include "eval/metrics/metric.h"
#include "eval/pattern.h"

namespace llmbox {

namespace {

using Words = std::vector<std::string>;

struct F1Options {
  std::string word_tokenize, normalize_level, align_bag, strategy;
};

Words split_words(const std::string& text, const Pattern& separator) {
  Words words;
  size_t done = 0;
  for (const PatternMatch& match : separator.find_all(text)) {
    words.push_back(text.substr(done, match.begin - done));
    done = match.end;
  }
  words.push_back(text.substr(done));
  return words;
}

/// What nltk's word_tokenize does to a text without ASCII punctuation: split at spaces and around quotation marks, part
/// the contractions.
Words natural_words(const std::string& text) {
  static const Pattern spaces(R"(\s+)");
  static const std::map<std::string, size_t> contractions = {{"cannot", 3}, {"gimme", 3}, {"gonna", 3},
                                                             {"gotta", 3},  {"lemme", 3}, {"wanna", 3}};
  static const Pattern quote("[«“‘„»”’]");
  std::string spaced;
  size_t done = 0;
  for (const PatternMatch& match : quote.find_all(text)) {
    spaced += text.substr(done, match.begin - done) + " " + match.groups[0] + " ";
    done = match.end;
  }
  spaced += text.substr(done);
  Words words;
  for (const std::string& word : split_words(spaced, spaces)) {
    if (word.empty()) continue;
    const auto known = contractions.find(word);
    words.push_back(word.substr(0, known == contractions.end() ? std::string::npos : known->second));
    if (known != contractions.end()) words.push_back(word.substr(known->second));
  }
  return words;
}

Words words_of(const std::string& raw, const F1Options& options) {
  static const Pattern spaces(R"(\s+)"), blank_or_dash(" |-");
  const std::string text = options.normalize_level == "token" ? raw : normalized_answer(raw);
  Words words;
  if (options.word_tokenize == "regex") {
    words = split_words(text, blank_or_dash);
  } else if (options.word_tokenize == "split") {
    for (const std::string& word : split_words(text, spaces))
      if (!word.empty()) words.push_back(word);
  } else {
    words = natural_words(text);
  }
  if (options.normalize_level != "text")
    for (std::string& word : words) word = normalized_answer(word);
  return words;
}

using Bag = std::map<std::string, int>;

Bag bag_of(const Words& words, bool as_set) {
  Bag bag;
  for (const std::string& word : words) bag[word] = as_set ? 1 : bag[word] + 1;
  return bag;
}

int size_of(const Bag& bag) {
  int n = 0;
  for (const auto& [word, count] : bag) n += count;
  return n;
}

double f1(const std::string& prediction, const std::string& reference, const F1Options& options) {
  const bool as_set = options.align_bag == "set";
  const Bag found = bag_of(words_of(prediction, options), as_set),
            wanted = bag_of(words_of(reference, options), as_set);
  if (found.empty() || wanted.empty()) return found.empty() && wanted.empty() ? 1 : 0;
  int shared = 0;
  for (const auto& [word, count] : wanted) {
    const auto other = found.find(word);
    if (other != found.end()) shared += std::min(count, other->second);
  }
  if (shared == 0) return 0;  // force_number_match asks for no more than this
  const double precision = static_cast<double>(shared) / size_of(found);
  const double recall = static_cast<double>(shared) / size_of(wanted);
  return 2 * precision * recall / (precision + recall);
}

}  // namespace

Metric make_f1(const Json& json) {
  const F1Options options{json.value("word_tokenize", "words"), json.value("normalize_level", "both"),
                          json.value("align_bag", "counter"), json.value("multiref_strategy", "max")};
  return [options](const std::string& prediction, const std::vector<std::string>& references) {
    std::vector<double> scores;
    for (const std::string& reference : references) scores.push_back(f1(prediction, reference, options));
    return aggregate_references(scores, options.strategy);
  };
}

}  // namespace llmbox
