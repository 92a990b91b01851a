#include "chat/jinja/text.h"

#include <utf8proc.h>

namespace llmbox::jinja {

namespace {

utf8proc_category_t category(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

bool contains(std::string_view characters, char32_t wanted) {
  for (size_t at = 0; at < characters.size();)
    if (next_code_point(characters, at) == wanted) return true;
  return false;
}

size_t last_start(std::string_view text, size_t end) {
  size_t at = end - 1;
  while (at > 0 && end - at < 4 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  size_t next = at;
  next_code_point(text, next);
  return next == end ? at : end - 1;
}

template <class Map>
std::string map_text(std::string_view text, Map&& map) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) append_code_point(out, map(next_code_point(text, at)));
  return out;
}

char32_t upper(char32_t c) { return static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))); }
char32_t lower(char32_t c) { return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))); }

}  // namespace

char32_t next_code_point(std::string_view text, size_t& at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) return text[at++];
  utf8proc_int32_t c = 0;
  const auto n = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                                  static_cast<utf8proc_ssize_t>(text.size() - at), &c);
  if (n <= 0) {
    ++at;
    return 0xDC00 + first;  // a lone surrogate stands for the byte, as in Python's surrogateescape
  }
  at += static_cast<size_t>(n);
  return static_cast<char32_t>(c);
}

void append_code_point(std::string& out, char32_t c) {
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c >= 0xDC80 && c <= 0xDCFF) {
    out.push_back(static_cast<char>(c - 0xDC00));
  } else {
    utf8proc_uint8_t bytes[4];
    const auto n = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes);
    out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(n));
  }
}

int64_t count_code_points(std::string_view text) {
  int64_t n = 0;
  for (size_t at = 0; at < text.size(); ++n) next_code_point(text, at);
  return n;
}

std::vector<size_t> code_point_offsets(std::string_view text) {
  std::vector<size_t> offsets;
  offsets.reserve(text.size() + 1);
  size_t at = 0;
  while (at < text.size()) {
    offsets.push_back(at);
    next_code_point(text, at);
  }
  offsets.push_back(at);
  return offsets;
}

size_t offset_of(std::string_view text, int64_t index) {
  size_t at = 0;
  for (int64_t i = 0; i < index && at < text.size(); ++i) next_code_point(text, at);
  return at;
}

bool is_space(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
  return c == 0x85 || category(c) == UTF8PROC_CATEGORY_ZS || c == 0x2028 || c == 0x2029;
}

bool is_alpha(char32_t c) {
  const auto kind = category(c);
  return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}

bool is_digit(char32_t c) { return category(c) == UTF8PROC_CATEGORY_ND; }
bool is_upper(char32_t c) { return category(c) == UTF8PROC_CATEGORY_LU; }
bool is_lower(char32_t c) { return category(c) == UTF8PROC_CATEGORY_LL; }

bool is_printable(char32_t c) {
  if (c == ' ') return true;
  switch (category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
      return false;
    default:
      return true;
  }
}

std::string to_upper(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    if (c == 0xDF)
      out += "SS";
    else
      append_code_point(out, upper(c));
  }
  return out;
}

std::string to_lower(std::string_view text) { return map_text(text, lower); }

std::string capitalize(std::string_view text) {
  bool first = true;
  return map_text(text, [&](char32_t c) { return std::exchange(first, false) ? upper(c) : lower(c); });
}

std::string title(std::string_view text) {
  bool inside = false;
  return map_text(text, [&](char32_t c) {
    const char32_t mapped = inside ? lower(c) : upper(c);
    inside = is_alpha(c);
    return mapped;
  });
}

std::string_view strip(std::string_view text, Side side, const std::string_view* characters) {
  const auto strips = [&](char32_t c) { return characters ? contains(*characters, c) : is_space(c); };
  if (side != Side::right) {
    size_t begin = 0;
    for (size_t at = 0; at < text.size(); begin = at)
      if (!strips(next_code_point(text, at))) break;
    text.remove_prefix(begin);
  }
  if (side != Side::left) {
    while (!text.empty()) {
      const size_t start = last_start(text, text.size());
      size_t at = start;
      if (!strips(next_code_point(text, at))) break;
      text = text.substr(0, start);
    }
  }
  return text;
}

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out.push_back(c);
    }
  }
  return out;
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to, int64_t most) {
  std::string out;
  size_t at = 0;
  if (from.empty()) {  // before every character and at the end
    for (; most != 0 && at <= text.size(); --most) {
      out += to;
      if (at == text.size()) return out;
      const size_t start = at;
      next_code_point(text, at);
      out += text.substr(start, at - start);
    }
    return out += text.substr(at);
  }
  for (; most != 0; --most) {
    const size_t hit = text.find(from, at);
    if (hit == std::string_view::npos) break;
    out += text.substr(at, hit - at);
    out += to;
    at = hit + from.size();
  }
  return out += text.substr(at);
}

}  // namespace llmbox::jinja
