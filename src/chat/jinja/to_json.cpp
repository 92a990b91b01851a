#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "chat/jinja/text.h"
#include "chat/jinja/value.h"

namespace llmbox::jinja {

namespace {

class JsonWriter {
 public:
  explicit JsonWriter(const JsonStyle& style) : style_(style) {}

  void write(const Value& value) {
    if (value.is_string()) {
      write_string(value.as_string());
    } else if (value.is_dict()) {
      write_dict(value.as_dict());
    } else if (value.is_flavour(Flavour::list) || value.is_flavour(Flavour::tuple)) {
      write_list(value.as_sequence().items);
    } else {
      out_ += scalar(value);
    }
  }

  std::string take() { return std::move(out_); }

 private:
  static std::string scalar(const Value& value) {
    if (value.is_none()) return "null";
    if (value.is_bool()) return value.as_int() ? "true" : "false";
    if (value.is_int()) return fmt::format("{}", value.as_int());
    if (!value.is_float()) throw Fault(fmt::format("Object of type {} is not JSON serializable", value.type_name()));
    const double number = value.as_double();
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
    return float_text(number);
  }

  void new_line() {
    if (!style_.indent) return;
    out_.push_back('\n');
    for (int i = 0; i < depth_; ++i) out_ += *style_.indent;
  }

  void separate(bool first) {
    if (!first) out_ += style_.item_separator;
    new_line();
  }

  void write_list(const std::vector<Value>& items) {
    out_.push_back('[');
    ++depth_;
    for (size_t i = 0; i < items.size(); ++i) {
      separate(i == 0);
      write(items[i]);
    }
    --depth_;
    if (!items.empty()) new_line();
    out_.push_back(']');
  }

  void write_dict(const Dict& dict) {
    auto entries = dict.entries();
    if (style_.sort_keys)
      std::stable_sort(entries.begin(), entries.end(),
                       [](const auto& a, const auto& b) { return compare(a.first, b.first) < 0; });
    out_.push_back('{');
    ++depth_;
    for (size_t i = 0; i < entries.size(); ++i) {
      separate(i == 0);
      const Value& key = entries[i].first;
      write_string(key.is_string() ? key.as_string() : scalar(key));
      out_ += style_.key_separator;
      write(entries[i].second);
    }
    --depth_;
    if (!entries.empty()) new_line();
    out_.push_back('}');
  }

  void write_unicode_escape(char32_t c) {
    const auto escape = [&](uint32_t unit) { out_ += fmt::format("\\u{:04x}", unit); };
    if (c < 0x10000) return escape(static_cast<uint32_t>(c));
    const auto rest = static_cast<uint32_t>(c) - 0x10000;
    escape(0xD800 + (rest >> 10));
    escape(0xDC00 + (rest & 0x3FF));
  }

  void write_string(const std::string& text) {
    out_.push_back('"');
    for (size_t at = 0; at < text.size();) {
      const char32_t c = next_code_point(text, at);
      static constexpr std::string_view kEscaped = "\"\\\n\r\t\b\f", kLetters = "\"\\nrtbf";
      const size_t known = c < 0x80 ? kEscaped.find(static_cast<char>(c)) : std::string_view::npos;
      if (known != std::string_view::npos) {
        out_.push_back('\\');
        out_.push_back(kLetters[known]);
      } else if (c < 0x20 || (style_.ensure_ascii && c > 0x7E)) {
        write_unicode_escape(c);
      } else {
        append_code_point(out_, c);
      }
    }
    out_.push_back('"');
  }

  const JsonStyle& style_;
  std::string out_;
  int depth_ = 0;
};

}  // namespace

std::string to_json(const Value& value, const JsonStyle& style) {
  JsonWriter writer(style);
  writer.write(value);
  return writer.take();
}

}  // namespace llmbox::jinja
