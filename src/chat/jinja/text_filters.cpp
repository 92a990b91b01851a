// Filters of text and numbers.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "chat/jinja/filter_tables.h"
#include "chat/jinja/renderer.h"
#include "chat/jinja/text.h"

namespace llmbox::jinja {

namespace {

constexpr const char* kNoNames[] = {""};

Value made_text(Renderer& renderer, std::string text) {
  renderer.charge(static_cast<int64_t>(text.size()));
  return Value(std::move(text));
}

template <std::string (*map)(std::string_view)>
Value map_filter(Renderer& renderer, const Value& value, Arguments& arguments) {
  const Bound bound("filter", arguments, {kNoNames, 0});
  return made_text(renderer, map(value.text()));
}

/// Jinja's title: the first letter of every word (split at blanks, '-', brackets), the rest lower.
std::string title_words(std::string_view text) {
  std::string out;
  bool start = true;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const char32_t c = next_code_point(text, at);
    const std::string_view one = text.substr(begin, at - begin);
    const bool separator = is_space(c) || std::u32string_view(U"-({[<").find(c) != std::u32string_view::npos;
    out += start ? to_upper(one) : to_lower(one);
    start = separator;
  }
  return out;
}

std::string to_text(std::string_view text) { return std::string(text); }

std::string strip_tags(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const bool comment = text.substr(at).starts_with("<!--");
    const size_t end = text[at] != '<' ? std::string_view::npos : comment ? text.find("-->", at) : text.find('>', at);
    if (end == std::string_view::npos)
      out.push_back(text[at++]);
    else
      at = end + (comment ? 3 : 1);
  }
  std::string joined;  // runs of blanks become one
  for (std::string_view rest = strip(out); !rest.empty();) {
    size_t end = 0;
    for (size_t at = 0; at < rest.size(); end = at)
      if (is_space(next_code_point(rest, at))) break;
    if (!joined.empty()) joined += ' ';
    joined += rest.substr(0, end);
    rest = strip(rest.substr(end), Side::left);
  }
  return joined;
}

Value safe(Renderer&, const Value& value, Arguments&) { return Value::markup(value.text()); }

Value escape(Renderer& renderer, const Value& value, Arguments&) {
  if (value.is_markup()) return value;
  std::string text = escape_html(value.text());
  renderer.charge(static_cast<int64_t>(text.size()));
  return Value::markup(std::move(text));
}

Value trim(Renderer& renderer, const Value& value, Arguments& arguments) {
  static constexpr const char* kNames[] = {"chars"};
  const Bound bound("trim", arguments, kNames);
  const std::string text = value.text();
  if (!bound.has(0) || bound[0].is_none()) return made_text(renderer, std::string(strip(text)));
  const std::string characters = bound.text(0, "");
  const std::string_view view = characters;
  return made_text(renderer, std::string(strip(text, Side::both, &view)));
}

Value replace(Renderer& renderer, const Value& value, Arguments& arguments) {
  static constexpr const char* kNames[] = {"old", "new", "count"};
  const Bound bound("replace", arguments, kNames);
  const std::string text = value.text(), from = bound[0].text(), to = bound[1].text();
  const int64_t most = bound.has(2) && !bound[2].is_none() ? bound.integer(2, -1) : -1;
  const auto n = static_cast<int64_t>(text.size() + 1);
  renderer.charge(n + n / static_cast<int64_t>(std::max<size_t>(from.size(), 1)) * static_cast<int64_t>(to.size()));
  return Value(replace_all(text, from, to, most));
}

Value indent(Renderer& renderer, const Value& value, Arguments& arguments) {
  static constexpr const char* kNames[] = {"width", "first", "blank"};
  const Bound bound("indent", arguments, kNames);
  const int64_t width = bound.has(0) && !bound[0].is_string() ? bound.integer(0, 4) : 4;
  renderer.charge(std::max<int64_t>(width, 0));
  const std::string pad = bound.has(0) && bound[0].is_string()
                              ? bound.text(0, "")
                              : std::string(static_cast<size_t>(std::max<int64_t>(width, 0)), ' ');
  const std::string text = value.text();
  std::string out = bound.flag(1, false) ? pad : "";
  const bool blank = bound.flag(2, false);
  bool first = true;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    if (!std::exchange(first, false)) {
      out.push_back('\n');
      if (blank || end > begin) out += pad;
      renderer.charge(static_cast<int64_t>(pad.size()));
    }
    out.append(text, begin, end - begin);
    begin = end + 1;
  }
  return made_text(renderer, std::move(out));
}

Value center(Renderer& renderer, const Value& value, Arguments& arguments) {
  static constexpr const char* kNames[] = {"width"};
  const Bound bound("center", arguments, kNames);
  Arguments width;
  width.positional.emplace_back(bound.integer(0, 80));
  return find_string_method("center")(renderer, Value(value.text()), width);
}

Value truncate(Renderer& renderer, const Value& value, Arguments& arguments) {
  static constexpr const char* kNames[] = {"length", "killwords", "end", "leeway"};
  const Bound bound("truncate", arguments, kNames);
  const std::string text = value.text(), end = bound.text(2, "...");
  const int64_t most = bound.integer(0, 255);
  if (count_code_points(text) <= most + bound.integer(3, 5)) return made_text(renderer, text);
  const int64_t kept = most - count_code_points(end);
  if (kept < 0)
    throw Fault(fmt::format("truncate expected a length of at least {}, got {}", count_code_points(end), most));
  std::string cut = text.substr(0, offset_of(text, kept));
  if (!bound.flag(1, false)) cut = cut.substr(0, cut.rfind(' '));
  return made_text(renderer, cut + end);
}

Value wordcount(Renderer&, const Value& value, Arguments&) {
  int64_t n = 0;
  bool inside = false;
  const std::string text = value.text();
  for (size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    const bool word = is_alpha(c) || is_digit(c) || c == '_';
    n += word && !inside;
    inside = word;
  }
  return n;
}

/// Breaks lines at blanks so that none is longer than width.
Value wordwrap(Renderer& renderer, const Value& value, Arguments& arguments) {
  static constexpr const char* kNames[] = {"width", "break_long_words", "wrapstring"};
  const Bound bound("wordwrap", arguments, kNames);
  const int64_t width = std::max<int64_t>(bound.integer(0, 79), 1);
  const bool breaks = bound.flag(1, true);
  const std::string newline = bound.text(2, "\n"), text = value.text();
  std::string out;
  int64_t column = 0;
  const auto place = [&](std::string_view word) {
    int64_t n = count_code_points(word);
    if (column > 0 && column + 1 + n > width) {
      out += newline;
      column = 0;
    }
    if (column > 0) {
      out += ' ';
      ++column;
    }
    for (; breaks && n > width; n = count_code_points(word)) {
      const size_t cut = offset_of(word, width);
      out += std::string(word.substr(0, cut)) + newline;
      word.remove_prefix(cut);
    }
    out += word;
    column += n;
  };
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find_first_of(" \n", begin), text.size());
    if (end > begin) place(std::string_view(text).substr(begin, end - begin));
    if (end < text.size() && text[end] == '\n') {
      out += newline;
      column = 0;
    }
    begin = end + 1;
  }
  return made_text(renderer, std::move(out));
}

Value urlencode(Renderer& renderer, const Value& value, Arguments&) {
  const auto quote = [](std::string_view text) {
    std::string out;
    for (const char c : text) {
      const bool plain =
          std::isalnum(static_cast<unsigned char>(c)) || std::string_view("_.-~/").find(c) != std::string_view::npos;
      out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
  };
  if (!value.is_dict()) return made_text(renderer, quote(value.text()));
  std::string out;
  for (const auto& [key, item] : value.as_dict().entries())
    out += (out.empty() ? "" : "&") + quote(key.text()) + "=" + quote(item.text());
  return made_text(renderer, std::move(out));
}

Value format_filter(Renderer& renderer, const Value& value, Arguments& arguments) {
  if (arguments.keywords.empty())
    return Value(format_percent(renderer, value.text(), Value::sequence(arguments.positional, Flavour::tuple)));
  auto dict = std::make_shared<Dict>();
  for (const auto& [name, item] : arguments.keywords) dict->set(Value(name), item);
  return Value(format_percent(renderer, value.text(), Value(std::shared_ptr<const Dict>(std::move(dict)))));
}

std::optional<double> read_number(const Value& value) {
  if (value.is_number()) return value.as_double();
  if (!value.is_string()) return std::nullopt;
  const std::string text(strip(value.as_string()));
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || text.find_first_of("xX") != std::string::npos) return std::nullopt;
  return number;
}

Value int_filter(Renderer&, const Value& value, Arguments& arguments) {
  static constexpr const char* kNames[] = {"default", "base"};
  const Bound bound("int", arguments, kNames);
  const Value fallback = bound.has(0) ? bound[0] : Value(0);
  if (value.is_integral()) return value.as_int();
  if (value.is_string()) {
    std::string text(strip(value.as_string()));
    std::erase(text, '_');
    int base = static_cast<int>(bound.integer(1, 10));
    const size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
    static constexpr std::string_view kPrefixes[] = {"0x", "0o", "0b"};
    for (const auto prefix : kPrefixes)
      if (base != 10 && to_lower(text).compare(sign, 2, prefix) == 0) text.erase(sign, 2);
    int64_t number = 0;
    const char* begin = text.data() + (sign && text[0] == '+' ? 1 : 0);
    if (base < 2 || base > 36) base = 10;
    const auto [end, fault] = std::from_chars(begin, text.data() + text.size(), number, base);
    if (fault == std::errc() && end == text.data() + text.size()) return number;
  }
  const auto number = read_number(value);
  if (!number || !(std::abs(*number) < 9.2e18)) return fallback;
  return static_cast<int64_t>(*number);
}

Value float_filter(Renderer&, const Value& value, Arguments& arguments) {
  static constexpr const char* kNames[] = {"default"};
  const Bound bound("float", arguments, kNames);
  const auto number = read_number(value);
  return number ? Value(*number) : bound.has(0) ? bound[0] : Value(0.0);
}

Value abs_filter(Renderer& renderer, const Value& value, Arguments&) {
  if (value.is_undefined()) fail_undefined(value);
  if (!value.is_number()) throw Fault(fmt::format("bad operand type for abs(): '{}'", value.type_name()));
  if (value.is_float()) return std::abs(value.as_double());
  return value.as_int() < 0 ? binary(renderer, BinaryOperator::subtract, Value(0), value) : Value(value.as_int());
}

Value round_filter(Renderer&, const Value& value, Arguments& arguments) {
  static constexpr const char* kNames[] = {"precision", "method"};
  const Bound bound("round", arguments, kNames);
  const int64_t precision = std::clamp<int64_t>(bound.integer(0, 0), -300, 300);
  const std::string method = bound.text(1, "common");
  if (value.is_undefined()) fail_undefined(value);
  if (!value.is_number()) throw Fault(fmt::format("round expected a number, got '{}'", value.type_name()));
  if (method != "common" && method != "ceil" && method != "floor")
    throw Fault(fmt::format("round expected the method common, ceil or floor, got '{}'", method));
  const double number = value.as_double(), scale = std::pow(10.0, static_cast<double>(precision));
  if (method == "ceil") return std::ceil(number * scale) / scale;
  if (method == "floor") return std::floor(number * scale) / scale;
  if (value.is_integral() && precision >= 0) return value.as_int();
  if (precision >= 0) return std::strtod(fmt::format("{:.{}f}", number, precision).c_str(), nullptr);
  const double rounded = std::nearbyint(number * scale) / scale;
  return value.is_integral() ? Value(static_cast<int64_t>(rounded)) : Value(rounded);
}

Value filesizeformat(Renderer&, const Value& value, Arguments& arguments) {
  static constexpr const char* kNames[] = {"binary"};
  const Bound bound("filesizeformat", arguments, kNames);
  const bool binary_units = bound.flag(0, false);
  const auto read = read_number(value);
  if (!read) throw Fault(fmt::format("filesizeformat expected a number, got '{}'", value.type_name()));
  const double base = binary_units ? 1024 : 1000;
  static constexpr const char* kDecimal[] = {"kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"};
  static constexpr const char* kBinary[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"};
  if (*read == 1) return Value("1 Byte");
  if (*read < base) return Value(fmt::format("{} Bytes", static_cast<int64_t>(*read)));
  double unit = base;
  size_t i = 0;
  for (; i < 7 && *read >= unit * base; ++i) unit *= base;
  return Value(fmt::format("{:.1f} {}", *read / unit, binary_units ? kBinary[i] : kDecimal[i]));
}

Value pprint(Renderer& renderer, const Value& value, Arguments&) { return made_text(renderer, value.repr()); }

constexpr FilterRow kTextFilters[] = {
    {"upper", map_filter<to_upper>},
    {"lower", map_filter<to_lower>},
    {"capitalize", map_filter<capitalize>},
    {"title", map_filter<title_words>},
    {"string", map_filter<to_text>},
    {"escape", escape},
    {"e", escape},
    {"forceescape", escape},
    {"striptags", map_filter<strip_tags>},
    {"safe", safe},
    {"trim", trim},
    {"replace", replace},
    {"indent", indent},
    {"center", center},
    {"truncate", truncate},
    {"wordcount", wordcount},
    {"wordwrap", wordwrap},
    {"urlencode", urlencode},
    {"format", format_filter},
    {"int", int_filter},
    {"float", float_filter},
    {"abs", abs_filter},
    {"round", round_filter},
    {"filesizeformat", filesizeformat},
    {"pprint", pprint},
    {"tojson", tojson_filter},
};

}  // namespace

std::span<const FilterRow> text_filters() { return kTextFilters; }

}  // namespace llmbox::jinja
