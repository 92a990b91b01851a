// The methods of str. Positions are code points.
#include <fmt/format.h>

#include <algorithm>

#include "chat/jinja/renderer.h"
#include "chat/jinja/text.h"

namespace llmbox::jinja {

namespace {

constexpr const char* kNoArguments[] = {""};
std::span<const char* const> no_names() { return {kNoArguments, 0}; }

template <std::string (*map)(std::string_view)>
Value map_method(Renderer& renderer, const Value& self, Arguments& arguments) {
  const Bound bound("str method", arguments, no_names());
  renderer.charge(static_cast<int64_t>(self.as_string().size()));
  return Value(map(self.as_string()));
}

std::string swap_case(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const char32_t c = next_code_point(text, at);
    const std::string_view one = text.substr(begin, at - begin);
    out += is_upper(c) ? to_lower(one) : to_upper(one);
  }
  return out;
}

template <Side side>
Value strip_method(Renderer&, const Value& self, Arguments& arguments) {
  static constexpr const char* kNames[] = {"chars"};
  const Bound bound("strip", arguments, kNames);
  if (!bound.has(0) || bound[0].is_none()) return Value(std::string(strip(self.as_string(), side)));
  const std::string characters = bound.text(0, "");
  const std::string_view view = characters;
  return Value(std::string(strip(self.as_string(), side, &view)));
}

/// Splits on runs of white space, at most `most` times from the left.
std::vector<Value> split_blanks(std::string_view text, int64_t most) {
  std::vector<Value> parts;
  while (true) {
    text = strip(text, Side::left);
    if (text.empty()) return parts;
    if (most >= 0 && static_cast<int64_t>(parts.size()) >= most) break;
    size_t end = 0;
    for (size_t at = 0; at < text.size(); end = at)
      if (is_space(next_code_point(text, at))) break;
    parts.emplace_back(std::string(text.substr(0, end)));
    text.remove_prefix(end);
  }
  parts.emplace_back(std::string(text));
  return parts;
}

std::vector<Value> split_blanks_right(std::string_view text, int64_t most) {
  std::vector<Value> parts;
  while (true) {
    text = strip(text, Side::right);
    if (text.empty()) break;
    if (static_cast<int64_t>(parts.size()) >= most) {
      parts.emplace_back(std::string(text));
      break;
    }
    size_t begin = 0;
    for (size_t at = 0; at < text.size();)
      if (is_space(next_code_point(text, at))) begin = at;
    parts.emplace_back(std::string(text.substr(begin)));
    text = text.substr(0, begin);
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<Value> split_on(std::string_view text, std::string_view separator, int64_t most) {
  std::vector<Value> parts;
  size_t begin = 0;
  for (; most != 0; --most) {
    const size_t hit = text.find(separator, begin);
    if (hit == std::string_view::npos) break;
    parts.emplace_back(std::string(text.substr(begin, hit - begin)));
    begin = hit + separator.size();
  }
  parts.emplace_back(std::string(text.substr(begin)));
  return parts;
}

std::vector<Value> split_on_right(std::string_view text, std::string_view separator, int64_t most) {
  std::vector<Value> parts;
  for (; most != 0; --most) {
    const size_t hit = text.rfind(separator);
    if (hit == std::string_view::npos) break;
    parts.emplace_back(std::string(text.substr(hit + separator.size())));
    text = text.substr(0, hit);
  }
  parts.emplace_back(std::string(text));
  std::reverse(parts.begin(), parts.end());
  return parts;
}

template <bool from_right>
Value split_method(Renderer& renderer, const Value& self, Arguments& arguments) {
  static constexpr const char* kNames[] = {"sep", "maxsplit"};
  const Bound bound("split", arguments, kNames);
  const int64_t most = bound.integer(1, -1);
  const std::string& text = self.as_string();
  std::vector<Value> parts;
  if (!bound.has(0) || bound[0].is_none()) {
    parts = from_right && most >= 0 ? split_blanks_right(text, most) : split_blanks(text, most);
  } else {
    const std::string separator = bound.text(0, "");
    if (separator.empty()) throw Fault("empty separator");
    parts = from_right ? split_on_right(text, separator, most) : split_on(text, separator, most);
  }
  renderer.charge(static_cast<int64_t>(text.size() + parts.size() * sizeof(Value)));
  return Value::sequence(std::move(parts));
}

Value splitlines(Renderer& renderer, const Value& self, Arguments& arguments) {
  static constexpr const char* kNames[] = {"keepends"};
  const Bound bound("splitlines", arguments, kNames);
  const bool keep = bound.flag(0, false);
  const std::string& text = self.as_string();
  std::vector<Value> lines;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = text.find_first_of("\n\r\v\f", begin);
    size_t next = text.size();
    if (end == std::string::npos)
      end = text.size();
    else
      next = end + (text.compare(end, 2, "\r\n") == 0 ? 2 : 1);
    lines.emplace_back(text.substr(begin, (keep ? next : end) - begin));
    begin = next;
  }
  renderer.charge(static_cast<int64_t>(text.size() + lines.size() * sizeof(Value)));
  return Value::sequence(std::move(lines));
}

template <bool at_end>
Value affix_method(Renderer&, const Value& self, Arguments& arguments) {
  static constexpr const char* kNames[] = {"prefix", "start", "end"};
  const Bound bound(at_end ? "endswith" : "startswith", arguments, kNames);
  std::string_view text = self.as_string();
  if (bound.has(2)) text = text.substr(0, offset_of(text, bound.integer(2, 0)));
  if (bound.has(1)) text = text.substr(offset_of(text, bound.integer(1, 0)));
  const auto matches = [&](const Value& affix) {
    if (!affix.is_string())
      throw Fault(fmt::format("startswith and endswith expect str or a tuple of str, not {}", affix.type_name()));
    return at_end ? text.ends_with(affix.as_string()) : text.starts_with(affix.as_string());
  };
  if (!bound[0].is_flavour(Flavour::tuple)) return matches(bound[0]);
  const auto& affixes = bound[0].as_sequence().items;
  return std::any_of(affixes.begin(), affixes.end(), matches);
}

template <bool at_end>
Value remove_affix(Renderer&, const Value& self, Arguments& arguments) {
  static constexpr const char* kNames[] = {"affix"};
  const Bound bound("removeprefix", arguments, kNames);
  std::string_view text = self.as_string();
  const std::string affix = bound.text(0, "");
  if (at_end ? text.ends_with(affix) : text.starts_with(affix))
    text = at_end ? text.substr(0, text.size() - affix.size()) : text.substr(affix.size());
  return Value(std::string(text));
}

/// find and its kin: code point index or -1.
template <bool from_right, bool must_find>
Value find_method_of(Renderer&, const Value& self, Arguments& arguments) {
  static constexpr const char* kNames[] = {"sub", "start", "end"};
  const Bound bound("find", arguments, kNames);
  const std::string& text = self.as_string();
  const std::string wanted = (bound[0], bound.text(0, ""));
  const int64_t n = count_code_points(text);
  const auto clamp = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + n : at, 0, n); };
  const int64_t start = clamp(bound.has(1) && !bound[1].is_none() ? bound.integer(1, 0) : 0);
  const size_t begin = offset_of(text, start);
  const size_t end = bound.has(2) && !bound[2].is_none() ? offset_of(text, clamp(bound.integer(2, 0))) : text.size();
  const std::string_view window = std::string_view(text).substr(begin, end > begin ? end - begin : 0);
  const size_t hit = from_right ? window.rfind(wanted) : window.find(wanted);
  if (hit != std::string_view::npos) return start + count_code_points(window.substr(0, hit));
  if (must_find) throw Fault("substring not found");
  return -1;
}

Value count_method(Renderer&, const Value& self, Arguments& arguments) {
  static constexpr const char* kNames[] = {"sub"};
  const Bound bound("count", arguments, kNames);
  const std::string wanted = (bound[0], bound.text(0, ""));
  const std::string& text = self.as_string();
  if (wanted.empty()) return count_code_points(text) + 1;
  int64_t n = 0;
  for (size_t at = text.find(wanted); at != std::string::npos; at = text.find(wanted, at + wanted.size())) ++n;
  return n;
}

Value replace_method(Renderer& renderer, const Value& self, Arguments& arguments) {
  static constexpr const char* kNames[] = {"old", "new", "count"};
  const Bound bound("replace", arguments, kNames);
  const std::string from = (bound[0], bound.text(0, "")), to = (bound[1], bound.text(1, ""));
  const int64_t n = static_cast<int64_t>(self.as_string().size());
  renderer.charge(from.empty() ? (n + 1) * static_cast<int64_t>(to.size() + 1)
                               : n + n / static_cast<int64_t>(from.size()) * static_cast<int64_t>(to.size()));
  return Value(replace_all(self.as_string(), from, to, bound.integer(2, -1)));
}

Value join_method(Renderer& renderer, const Value& self, Arguments& arguments) {
  static constexpr const char* kNames[] = {"iterable"};
  const Bound bound("join", arguments, kNames);
  std::string out;
  const std::vector<Value> items = iterate(bound[0]);
  for (size_t i = 0; i < items.size(); ++i) {
    if (!items[i].is_string())
      throw Fault(fmt::format("sequence item {}: expected str instance, {} found", i, items[i].type_name()));
    if (i) out += self.as_string();
    out += items[i].as_string();
  }
  renderer.charge(static_cast<int64_t>(out.size()));
  return Value(std::move(out));
}

enum class Align : uint8_t { left, right, center, zero };

template <Align align>
Value justify_method(Renderer& renderer, const Value& self, Arguments& arguments) {
  static constexpr const char* kNames[] = {"width", "fillchar"};
  const Bound bound("justify", arguments, kNames);
  const std::string& text = self.as_string();
  const std::string fill = align == Align::zero ? "0" : bound.text(1, " ");
  const int64_t missing = std::max<int64_t>((bound[0], bound.integer(0, 0)) - count_code_points(text), 0);
  if (count_code_points(fill) != 1) throw Fault("The fill character must be exactly one character long");
  renderer.charge(missing * 4);
  const auto padding = [&](int64_t n) {
    std::string out;
    for (; n > 0; --n) out += fill;
    return out;
  };
  if (align == Align::left) return Value(text + padding(missing));
  if (align == Align::right) return Value(padding(missing) + text);
  if (align == Align::center) {
    const int64_t left = missing / 2 + (missing & (missing + count_code_points(text)) & 1);
    return Value(padding(left) + text + padding(missing - left));
  }
  const size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  return Value(text.substr(0, sign) + padding(missing) + text.substr(sign));
}

template <bool from_right>
Value partition_method(Renderer&, const Value& self, Arguments& arguments) {
  static constexpr const char* kNames[] = {"sep"};
  const Bound bound("partition", arguments, kNames);
  const std::string separator = (bound[0], bound.text(0, ""));
  if (separator.empty()) throw Fault("empty separator");
  const std::string& text = self.as_string();
  const size_t hit = from_right ? text.rfind(separator) : text.find(separator);
  std::vector<Value> parts;
  if (hit == std::string::npos && from_right)
    parts = {Value(""), Value(""), self};
  else if (hit == std::string::npos)
    parts = {self, Value(""), Value("")};
  else
    parts = {Value(text.substr(0, hit)), Value(separator), Value(text.substr(hit + separator.size()))};
  return Value::sequence(std::move(parts), Flavour::tuple);
}

/// All characters of a text that is not empty are of the class.
template <bool (*is_member)(char32_t)>
Value all_method(Renderer&, const Value& self, Arguments& arguments) {
  const Bound bound("str method", arguments, no_names());
  const std::string& text = self.as_string();
  for (size_t at = 0; at < text.size();)
    if (!is_member(next_code_point(text, at))) return false;
  return !text.empty();
}

bool is_alnum(char32_t c) { return is_alpha(c) || is_digit(c); }

Value isascii(Renderer&, const Value& self, Arguments&) {
  const std::string& text = self.as_string();
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

/// isupper and islower: some cased character, none of the other case.
template <bool (*wanted)(char32_t), bool (*other)(char32_t)>
Value case_method(Renderer&, const Value& self, Arguments&) {
  const std::string& text = self.as_string();
  bool any = false;
  for (size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    if (other(c)) return false;
    any |= wanted(c);
  }
  return any;
}

Value istitle(Renderer&, const Value& self, Arguments&) {
  const std::string& text = self.as_string();
  return self.truthy() && to_lower(text) != to_upper(text) && title(text) == text;
}

Value format_method(Renderer& renderer, const Value& self, Arguments& arguments) {
  return Value(format_braces(renderer, self.as_string(), arguments));
}

Value expandtabs(Renderer& renderer, const Value& self, Arguments& arguments) {
  static constexpr const char* kNames[] = {"tabsize"};
  const Bound bound("expandtabs", arguments, kNames);
  const int64_t size = bound.integer(0, 8);
  std::string out;
  int64_t column = 0;
  for (const char c : self.as_string()) {
    if (c == '\t' && size > 0) {
      const int64_t n = size - column % size;
      renderer.charge(n);
      out.append(static_cast<size_t>(n), ' ');
      column += n;
    } else if (c != '\t') {
      out.push_back(c);
      column = c == '\n' || c == '\r' ? 0 : column + ((c & 0xC0) != 0x80);
    }
  }
  return Value(std::move(out));
}

constexpr std::pair<std::string_view, Method> kMethods[] = {
    {"strip", strip_method<Side::both>},
    {"lstrip", strip_method<Side::left>},
    {"rstrip", strip_method<Side::right>},
    {"split", split_method<false>},
    {"rsplit", split_method<true>},
    {"splitlines", splitlines},
    {"startswith", affix_method<false>},
    {"endswith", affix_method<true>},
    {"removeprefix", remove_affix<false>},
    {"removesuffix", remove_affix<true>},
    {"replace", replace_method},
    {"join", join_method},
    {"upper", map_method<to_upper>},
    {"lower", map_method<to_lower>},
    {"casefold", map_method<to_lower>},
    {"title", map_method<title>},
    {"capitalize", map_method<capitalize>},
    {"swapcase", map_method<swap_case>},
    {"format", format_method},
    {"find", find_method_of<false, false>},
    {"rfind", find_method_of<true, false>},
    {"index", find_method_of<false, true>},
    {"rindex", find_method_of<true, true>},
    {"count", count_method},
    {"ljust", justify_method<Align::left>},
    {"rjust", justify_method<Align::right>},
    {"center", justify_method<Align::center>},
    {"zfill", justify_method<Align::zero>},
    {"partition", partition_method<false>},
    {"rpartition", partition_method<true>},
    {"expandtabs", expandtabs},
    {"isalpha", all_method<is_alpha>},
    {"isdigit", all_method<is_digit>},
    {"isdecimal", all_method<is_digit>},
    {"isnumeric", all_method<is_digit>},
    {"isalnum", all_method<is_alnum>},
    {"isspace", all_method<is_space>},
    {"isprintable", all_method<is_printable>},
    {"isascii", isascii},
    {"isupper", case_method<is_upper, is_lower>},
    {"islower", case_method<is_lower, is_upper>},
    {"istitle", istitle},
};

}  // namespace

Method find_string_method(std::string_view name) {
  for (const auto& [known, method] : kMethods)
    if (known == name) return method;
  return nullptr;
}

}  // namespace llmbox::jinja
