#include "tokenizer/added_tokens.h"

#include <algorithm>

#include "tokenizer/unicode_class.h"
#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

bool ends_with_word(std::string_view text) {
  return !text.empty() && is_unicode_word(read_code_point_before(text.data() + text.size()).value);
}

bool starts_with_word(std::string_view text) {
  return !text.empty() && is_unicode_word(read_code_point(text.data()).value);
}

size_t skip_spaces(std::string_view text, size_t i) {
  while (i < text.size()) {
    CodePoint c = read_code_point(text.data() + i);
    if (!is_unicode_space(c.value)) break;
    i += c.length;
  }
  return i;
}

size_t skip_spaces_back(std::string_view text, size_t i, size_t floor) {
  while (i > floor) {
    CodePoint c = read_code_point_before(text.data() + i);
    if (!is_unicode_space(c.value)) break;
    i -= c.length;
  }
  return std::max(i, floor);
}

}  // namespace

void AddedMatcher::add(std::string_view spelling, const AddedToken& token) {
  if (spelling.empty()) return;
  uint32_t node = 0;
  for (char byte : spelling) {
    auto& children = nodes_[node].children;
    auto child = std::find_if(children.begin(), children.end(), [&](const auto& pair) { return pair.first == byte; });
    if (child != children.end()) {
      node = child->second;
    } else {
      auto made = static_cast<uint32_t>(nodes_.size());
      children.emplace_back(byte, made);
      nodes_.emplace_back();
      node = made;
    }
  }
  if (nodes_[node].token >= 0) return;
  nodes_[node].token = static_cast<int32_t>(tokens_.size());
  tokens_.push_back(token);
  first_byte_[static_cast<unsigned char>(spelling[0])] = true;
}

AddedMatcher::Found AddedMatcher::longest_at(std::string_view text, size_t begin) const {
  Found found{begin, -1};
  uint32_t node = 0;
  for (size_t i = begin; i < text.size(); ++i) {
    const auto& children = nodes_[node].children;
    auto child =
        std::find_if(children.begin(), children.end(), [&](const auto& pair) { return pair.first == text[i]; });
    if (child == children.end()) break;
    node = child->second;
    if (nodes_[node].token >= 0) found = {i + 1, nodes_[node].token};
  }
  return found;
}

bool AddedMatcher::may_match(std::string_view text) const {
  if (tokens_.empty()) return false;
  for (char c : text)
    if (first_byte_[static_cast<unsigned char>(c)]) return true;
  return false;
}

void AddedMatcher::split(std::string_view text, bool parse_special, std::vector<AddedPart>& parts) const {
  auto span = [](size_t begin, size_t end) { return Span{static_cast<uint32_t>(begin), static_cast<uint32_t>(end)}; };
  size_t done = 0;
  for (size_t i = 0; i < text.size();) {
    if (!first_byte_[static_cast<unsigned char>(text[i])]) {
      ++i;
      continue;
    }
    Found found = longest_at(text, i);
    if (found.token < 0) {
      ++i;
      continue;
    }
    const AddedToken& token = tokens_[static_cast<size_t>(found.token)];
    size_t begin = i, end = found.end;
    i = end;
    if (token.special && !parse_special) continue;
    if (token.single_word && (ends_with_word(text.substr(0, begin)) || starts_with_word(text.substr(end)))) continue;
    if (begin < done) continue;
    if (token.lstrip) begin = skip_spaces_back(text, begin, done);
    if (token.rstrip) end = skip_spaces(text, end);
    if (begin > done) parts.push_back({span(done, begin), -1});
    parts.push_back({span(begin, end), token.id});
    done = end;
    i = end;
  }
  if (done < text.size()) parts.push_back({span(done, text.size()), -1});
}

}  // namespace llmbox
