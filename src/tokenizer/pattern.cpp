#include "tokenizer/pattern.h"

#include "core/error.h"

namespace llmbox {

Pattern::Pattern(const Json& description) {
  if (description.is_string()) {
    literal_ = description.get<std::string>();
  } else if (description.is_object() && description.contains("String") && description["String"].is_string()) {
    literal_ = description["String"].get<std::string>();
  } else if (description.is_object() && description.contains("Regex") && description["Regex"].is_string()) {
    regex_text_ = description["Regex"].get<std::string>();
    regex_ = std::make_unique<Regex>(regex_text_);
  } else {
    fail("tokenizer", R"(expected a pattern {{"String": ...}} or {{"Regex": ...}}, got {})", description.dump());
  }
}

void Pattern::find_all(std::string_view text, std::vector<Span>& matches) const {
  auto add = [&](size_t begin, size_t end) {
    matches.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
  };
  if (!regex_) {
    if (literal_.empty()) return;
    for (size_t at = 0; (at = text.find(literal_, at)) != std::string_view::npos; at += literal_.size())
      add(at, at + literal_.size());
    return;
  }
  for (size_t from = 0; from <= text.size();) {
    std::optional<Regex::Match> match = regex_->find(text, from);
    if (!match) return;
    from = match->end;
    if (match->end > match->begin) {
      add(match->begin, match->end);
    } else {
      do ++from;
      while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xC0) == 0x80);
    }
  }
}

bool Pattern::may_match(std::string_view text) const {
  return regex_ || (!literal_.empty() && text.find(literal_) != std::string_view::npos);
}

std::string Pattern::replace_all(std::string_view text, std::string_view content) const {
  std::vector<Span> matches;
  find_all(text, matches);
  std::string out;
  uint32_t done = 0;
  for (Span match : matches) {
    out += text.substr(done, match.begin - done);
    out += content;
    done = match.end;
  }
  out += text.substr(done);
  return out;
}

}  // namespace llmbox
