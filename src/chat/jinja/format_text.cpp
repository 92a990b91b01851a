// Python's two ways of filling text: 'a %s' % values and 'a {}'.format(values).
#include <fmt/args.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "chat/jinja/renderer.h"

namespace llmbox::jinja {

namespace {

constexpr int64_t kMaxWidth = 1 << 16;

/// Formats one value by fmt, whose mini-language for numbers and text is Python's.
std::string format_one(const Value& value, const std::string& spec) {
  for (size_t i = 0, n = 0; i <= spec.size(); ++i) {
    const bool digit = i < spec.size() && spec[i] >= '0' && spec[i] <= '9';
    n = digit ? n * 10 + static_cast<size_t>(spec[i] - '0') : 0;
    if (n > kMaxWidth || (i < spec.size() && (spec[i] == '{' || spec[i] == '}')))
      throw Fault(fmt::format("expected a format of at most {} characters, got '{}'", kMaxWidth, spec));
  }
  const std::string format = "{:" + spec + "}";
  try {
    const bool real = !spec.empty() && std::string_view("eEfFgG%").find(spec.back()) != std::string_view::npos;
    if (value.is_integral() && !real) {
      std::string grouped = spec;
      return fmt::format(fmt::runtime(format), value.as_int());
    }
    if (value.is_number() && !spec.empty() && spec.back() == '%')
      return fmt::format(fmt::runtime("{:" + spec.substr(0, spec.size() - 1) + "f}"), value.as_double() * 100) + "%";
    if (value.is_number())
      return spec.empty() ? float_text(value.as_double()) : fmt::format(fmt::runtime(format), value.as_double());
    return fmt::format(fmt::runtime(format), value.text());
  } catch (const fmt::format_error&) {
    throw Fault(fmt::format("unknown format '{}' for an object of type '{}'", spec, value.type_name()));
  }
}

/// "{0.name[key]:spec}" without nesting.
Value field_value(const Arguments& arguments, std::string_view field, size_t& next) {
  const size_t end = std::min(field.find_first_of(".["), field.size());
  const std::string head(field.substr(0, end));
  Value value;
  size_t index = 0;
  if (head.empty()) {
    index = next++;
  } else if (std::from_chars(head.data(), head.data() + head.size(), index).ec != std::errc()) {
    for (const auto& [name, given] : arguments.keywords)
      if (name == head) value = given;
    if (value.is_undefined()) throw Fault(fmt::format("format expected a value named '{}', got none", head));
    index = SIZE_MAX;
  }
  if (index != SIZE_MAX) {
    if (index >= arguments.positional.size()) throw Fault("Replacement index out of range for positional args");
    value = arguments.positional[index];
  }
  for (size_t at = end; at < field.size();) {
    const bool bracket = field[at] == '[';
    const size_t stop = std::min(bracket ? field.find(']', at) : field.find_first_of(".[", at + 1), field.size());
    const std::string part(field.substr(at + 1, stop - at - 1));
    int64_t number = 0;
    const auto read = std::from_chars(part.data(), part.data() + part.size(), number);
    const bool is_number = bracket && read.ec == std::errc() && read.ptr == part.data() + part.size();
    value = get_item(value, is_number ? Value(number) : Value(part));
    at = stop + (bracket ? 1 : 0);
  }
  return value;
}

struct PercentField {
  std::string name, flags;
  std::string width, precision;
  char kind = 's';
};

PercentField read_percent(const std::string& format, size_t& at) {
  const auto digits = [&] {
    std::string out;
    while (at < format.size() && format[at] >= '0' && format[at] <= '9') out.push_back(format[at++]);
    return out;
  };
  PercentField field;
  if (at < format.size() && format[at] == '(') {
    const size_t end = std::min(format.find(')', at), format.size());
    field.name = format.substr(at + 1, end - at - 1);
    at = std::min(end + 1, format.size());
  }
  while (at < format.size() && std::string_view("-+ #0").find(format[at]) != std::string_view::npos)
    field.flags.push_back(format[at++]);
  field.width = digits();
  if (at < format.size() && format[at] == '.') {
    ++at;
    field.precision = "." + digits();
  }
  if (at >= format.size()) throw Fault("incomplete format");
  field.kind = format[at++];
  return field;
}

std::string percent_text(const PercentField& field, const Value& value) {
  const auto has = [&](char flag) { return field.flags.find(flag) != std::string::npos; };
  std::string spec = has('-') ? "<" : ">";
  if (field.kind == 's' || field.kind == 'r')
    return format_one(Value(field.kind == 's' ? value.text() : value.repr()), spec + field.width + field.precision);
  if (!value.is_number())
    throw Fault(fmt::format("%{} format: a real number is required, not {}", field.kind, value.type_name()));
  if (has('0') && !has('-')) spec = "";
  if (has('+'))
    spec += "+";
  else if (has(' '))
    spec += " ";
  if (has('0') && !has('-')) spec += "0";
  spec += field.width;
  if (std::string_view("diu").find(field.kind) != std::string_view::npos)
    return format_one(Value(value.is_float() ? static_cast<int64_t>(value.as_double()) : value.as_int()), spec + "d");
  if (std::string_view("xXo").find(field.kind) != std::string_view::npos) return format_one(value, spec + field.kind);
  if (std::string_view("eEfFgG").find(field.kind) == std::string_view::npos)
    throw Fault(fmt::format("unsupported format character '{}'", field.kind));
  return format_one(Value(value.as_double()), spec + (field.precision.empty() ? ".6" : field.precision) + field.kind);
}

}  // namespace

std::string format_percent(Renderer& renderer, const std::string& format, const Value& values) {
  const bool tuple = values.is_flavour(Flavour::tuple);
  std::string out;
  size_t next = 0;
  for (size_t at = 0; at < format.size();) {
    if (format[at] != '%') {
      out.push_back(format[at++]);
      continue;
    }
    const PercentField field = read_percent(format, ++at);
    if (field.kind == '%') {
      out.push_back('%');
      continue;
    }
    if (field.name.empty() && next >= (tuple ? values.as_sequence().items.size() : 1))
      throw Fault("not enough arguments for format string");
    const Value value = !field.name.empty() ? get_item(values, Value(field.name))
                        : tuple             ? values.as_sequence().items[next]
                                            : values;
    next += field.name.empty();
    const std::string text = percent_text(field, value);
    renderer.charge(static_cast<int64_t>(text.size()));
    out += text;
  }
  if (next < (tuple ? values.as_sequence().items.size() : values.is_dict() ? 0 : 1))
    throw Fault("not all arguments converted during string formatting");
  return out;
}

std::string format_braces(Renderer& renderer, const std::string& format, const Arguments& arguments) {
  std::string out;
  size_t next = 0;
  for (size_t at = 0; at < format.size();) {
    const char c = format[at++];
    if ((c == '{' || c == '}') && at < format.size() && format[at] == c) {
      out.push_back(format[at++]);
    } else if (c == '}') {
      throw Fault("Single '}' encountered in format string");
    } else if (c != '{') {
      out.push_back(c);
    } else {
      const size_t end = format.find('}', at);
      if (end == std::string::npos) throw Fault("expected '}' before end of string");
      const std::string_view inside = std::string_view(format).substr(at, end - at);
      at = end + 1;
      const std::string_view field = inside.substr(0, std::min(inside.find(':'), inside.size()));
      const std::string spec(inside.substr(std::min(field.size() + 1, inside.size())));
      const std::string_view name = field.substr(0, std::min(field.find('!'), field.size()));
      Value value = field_value(arguments, name, next);
      if (name.size() < field.size()) value = Value(field.ends_with("!r") ? value.repr() : value.text());
      const bool plain = spec.empty();
      const std::string text = plain ? value.text() : format_one(value, spec);
      renderer.charge(static_cast<int64_t>(text.size()));
      out += text;
    }
  }
  return out;
}

}  // namespace llmbox::jinja
