#include "chat/jinja/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "chat/jinja/text.h"

namespace llmbox::jinja {

namespace {

constexpr size_t kHashedFrom = 12;  // entries; below, a scan of the strings is faster

int deeper(int nesting) {
  if (nesting >= kMaxNesting) throw Fault(fmt::format("expected values nested at most {} deep, got more", kMaxNesting));
  return nesting + 1;
}

String borrowed(const std::string& text) { return {String(), &text}; }

Value borrow_at(const Json& json, int depth);

Value borrow_array(const Json& json, int depth) {
  auto sequence = std::make_shared<Sequence>();
  sequence->items.reserve(json.size());
  for (const Json& item : json) {
    sequence->items.push_back(borrow_at(item, depth));
    sequence->nesting = std::max(sequence->nesting, sequence->items.back().nesting() + 1);
  }
  return std::shared_ptr<const Sequence>(std::move(sequence));
}

Value borrow_object(const Json& json, int depth) {
  auto dict = std::make_shared<Dict>();
  for (const auto& [key, value] : json.get_ref<const Json::object_t&>())
    dict->set(Value(borrowed(key)), borrow_at(value, depth));
  return std::shared_ptr<const Dict>(std::move(dict));
}

Value borrow_at(const Json& json, int depth) {
  switch (json.type()) {
    case Json::value_t::object:
      return borrow_object(json, deeper(depth));
    case Json::value_t::array:
      return borrow_array(json, deeper(depth));
    case Json::value_t::string:
      return borrowed(json.get_ref<const std::string&>());
    case Json::value_t::boolean:
      return json.get<bool>();
    case Json::value_t::number_integer:
      return json.get<int64_t>();
    case Json::value_t::number_unsigned: {
      const auto number = json.get<uint64_t>();
      return number <= INT64_MAX ? Value(static_cast<int64_t>(number)) : Value(static_cast<double>(number));
    }
    case Json::value_t::number_float:
      return json.get<double>();
    default:
      return None{};
  }
}

bool equal_sequences(const Sequence& a, const Sequence& b) {
  const bool listlike = a.flavour == b.flavour;
  return listlike && a.items.size() == b.items.size() &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), equal);
}

bool equal_dicts(const Dict& a, const Dict& b) {
  if (a.size() != b.size()) return false;
  return std::all_of(a.entries().begin(), a.entries().end(), [&](const auto& entry) {
    const Value* other = b.find(entry.first);
    return other && equal(entry.second, *other);
  });
}

void append_string_repr(std::string& out, const std::string& text) {
  const bool has_single = text.find('\'') != std::string::npos;
  const char quote = has_single && text.find('"') == std::string::npos ? '"' : '\'';
  out.push_back(quote);
  for (size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    if (c == static_cast<char32_t>(quote) || c == '\\') {
      out.push_back('\\');
      out.push_back(static_cast<char>(c));
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (is_printable(c)) {
      append_code_point(out, c);
    } else {
      const auto number = static_cast<uint32_t>(c);
      out += c < 0x100     ? fmt::format("\\x{:02x}", number)
             : c < 0x10000 ? fmt::format("\\u{:04x}", number)
                           : fmt::format("\\U{:08x}", number);
    }
  }
  out.push_back(quote);
}

void append_items(std::string& out, const std::vector<Value>& items) {
  for (size_t i = 0; i < items.size(); ++i) {
    if (i) out += ", ";
    items[i].append_repr(out);
  }
}

void append_sequence_repr(std::string& out, const Sequence& sequence) {
  switch (sequence.flavour) {
    case Flavour::list:
      out += "[";
      append_items(out, sequence.items);
      out += "]";
      return;
    case Flavour::tuple:
      out += "(";
      append_items(out, sequence.items);
      out += sequence.items.size() == 1 ? ",)" : ")";
      return;
    case Flavour::range: {
      const int64_t n = static_cast<int64_t>(sequence.items.size());
      const int64_t first = n ? sequence.items.front().as_int() : 0;
      const int64_t step = n > 1 ? sequence.items[1].as_int() - first : 1;
      out += fmt::format("range({}, {}", first, first + n * step);
      out += step == 1 ? ")" : fmt::format(", {})", step);
      return;
    }
    case Flavour::keys:
    case Flavour::values:
    case Flavour::items:
      out += sequence.flavour == Flavour::keys     ? "dict_keys(["
             : sequence.flavour == Flavour::values ? "dict_values(["
                                                   : "dict_items([";
      append_items(out, sequence.items);
      out += "])";
      return;
    case Flavour::generator:
      out += "<generator object>";
      return;
  }
}

}  // namespace

const Value* Dict::find(std::string_view key) const {
  if (entries_.size() >= kHashedFrom) {
    const auto found = index_.find(std::string(key));
    return found == index_.end() ? nullptr : &entries_[found->second].second;
  }
  for (const auto& [name, value] : entries_)
    if (name.is_string() && name.as_string() == key) return &value;
  return nullptr;
}

const Value* Dict::find(const Value& key) const {
  if (key.is_string()) return find(std::string_view(key.as_string()));
  for (const auto& [name, value] : entries_)
    if (equal(name, key)) return &value;
  return nullptr;
}

void Dict::set(Value key, Value value) {
  nesting_ = std::max({nesting_, deeper(key.nesting()), deeper(value.nesting())});
  if (const Value* present = find(key)) {
    const_cast<Value&>(*present) = std::move(value);
    return;
  }
  entries_.emplace_back(std::move(key), std::move(value));
  if (entries_.size() < kHashedFrom) return;
  const size_t from = entries_.size() == kHashedFrom ? 0 : entries_.size() - 1;
  for (size_t i = from; i < entries_.size(); ++i)
    if (entries_[i].first.is_string()) index_.emplace(entries_[i].first.as_string(), i);
}

Value Object::call(Renderer&, Arguments&) { throw Fault(fmt::format("'{}' object is not callable", type_name())); }
std::optional<Value> Object::attribute(std::string_view) const { return std::nullopt; }

Value Value::sequence(std::vector<Value> items, Flavour flavour) {
  auto made = std::make_shared<Sequence>();
  made->flavour = flavour;
  for (const Value& item : items) made->nesting = std::max(made->nesting, deeper(item.nesting()));
  made->items = std::move(items);
  return std::shared_ptr<const Sequence>(std::move(made));
}

Value Value::borrow(const Json& json) { return borrow_at(json, 0); }

int Value::nesting() const {
  if (is_sequence()) return as_sequence().nesting;
  if (is_dict()) return as_dict().nesting();
  return is_object() ? as_object()->nesting() : 0;
}

bool Value::is_indexable() const {
  if (!is_sequence()) return false;
  const Flavour flavour = as_sequence().flavour;
  return flavour == Flavour::list || flavour == Flavour::tuple || flavour == Flavour::range;
}

bool Value::truthy() const {
  if (is_undefined() || is_none()) return false;
  if (is_float()) return as_double() != 0;
  if (is_integral()) return as_int() != 0;
  if (is_string()) return !as_string().empty();
  if (is_sequence()) return as_sequence().flavour == Flavour::generator || !as_sequence().items.empty();
  if (is_dict()) return as_dict().size() != 0;
  return true;
}

const char* Value::type_name() const {
  static constexpr const char* kScalars[] = {"Undefined", "NoneType", "bool", "int", "float", "str"};
  if (data_.index() < std::size(kScalars)) return kScalars[data_.index()];
  if (is_dict()) return "dict";
  if (is_object()) return as_object()->type_name();
  static constexpr const char* kSequences[] = {"list",        "tuple",      "range",    "dict_keys",
                                               "dict_values", "dict_items", "generator"};
  return kSequences[static_cast<size_t>(as_sequence().flavour)];
}

void Value::append_text(std::string& out) const {
  if (is_string())
    out += as_string();
  else if (!is_undefined())
    append_repr(out);
}

std::string Value::text() const {
  if (is_string()) return as_string();
  std::string out;
  append_text(out);
  return out;
}

std::string Value::repr() const {
  std::string out;
  append_repr(out);
  return out;
}

void Value::append_repr(std::string& out) const {
  if (is_undefined()) {
    out += "Undefined";
  } else if (is_none()) {
    out += "None";
  } else if (is_bool()) {
    out += as_int() ? "True" : "False";
  } else if (is_int()) {
    fmt::format_to(std::back_inserter(out), "{}", as_int());
  } else if (is_float()) {
    out += float_text(as_double());
  } else if (is_string()) {
    append_string_repr(out, as_string());
  } else if (is_sequence()) {
    append_sequence_repr(out, as_sequence());
  } else if (is_dict()) {
    out += "{";
    bool first = true;
    for (const auto& [key, value] : as_dict().entries()) {
      if (!std::exchange(first, false)) out += ", ";
      key.append_repr(out);
      out += ": ";
      value.append_repr(out);
    }
    out += "}";
  } else {
    out += fmt::format("<{}>", type_name());
  }
}

bool Value::same(const Value& other) const {
  if (data_.index() != other.data_.index()) return false;
  if (is_sequence()) return &as_sequence() == &other.as_sequence();
  if (is_dict()) return &as_dict() == &other.as_dict();
  if (is_object()) return as_object() == other.as_object();
  return equal(*this, other);
}

bool equal(const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) return a.as_int() == b.as_int();
  if (a.is_number() && b.is_number()) return a.as_double() == b.as_double();
  if (a.is_string() && b.is_string()) return a.as_string() == b.as_string();
  if (a.is_undefined() || b.is_undefined()) return a.is_undefined() && b.is_undefined();
  if (a.is_none() || b.is_none()) return a.is_none() && b.is_none();
  if (a.is_sequence() && b.is_sequence()) return equal_sequences(a.as_sequence(), b.as_sequence());
  if (a.is_dict() && b.is_dict()) return equal_dicts(a.as_dict(), b.as_dict());
  if (a.is_object() && b.is_object()) return a.as_object() == b.as_object();
  return false;
}

int compare(const Value& a, const Value& b, const char* operation) {
  if (a.is_number() && b.is_number()) {
    if (a.is_integral() && b.is_integral()) return a.as_int() < b.as_int() ? -1 : a.as_int() > b.as_int();
    return a.as_double() < b.as_double() ? -1 : a.as_double() > b.as_double();
  }
  if (a.is_string() && b.is_string()) {
    const int order = a.as_string().compare(b.as_string());
    return order < 0 ? -1 : order > 0;
  }
  const bool sequences = a.is_sequence() && b.is_sequence() && a.as_sequence().flavour == b.as_sequence().flavour;
  if (sequences && (a.is_flavour(Flavour::list) || a.is_flavour(Flavour::tuple))) {
    const auto& left = a.as_sequence().items;
    const auto& right = b.as_sequence().items;
    for (size_t i = 0; i < std::min(left.size(), right.size()); ++i)
      if (!equal(left[i], right[i])) return compare(left[i], right[i], operation);
    return left.size() < right.size() ? -1 : left.size() > right.size();
  }
  if (a.is_undefined()) fail_undefined(a);
  if (b.is_undefined()) fail_undefined(b);
  throw Fault(
      fmt::format("'{}' not supported between instances of '{}' and '{}'", operation, a.type_name(), b.type_name()));
}

std::vector<Value> iterate(const Value& value) {
  if (value.is_sequence()) {
    const Sequence& sequence = value.as_sequence();
    if (sequence.flavour == Flavour::generator && std::exchange(sequence.consumed, true)) return {};
    return sequence.items;
  }
  std::vector<Value> items;
  if (value.is_dict()) {
    for (const auto& entry : value.as_dict().entries()) items.push_back(entry.first);
  } else if (value.is_string()) {
    const std::string& text = value.as_string();
    for (size_t at = 0; at < text.size();) {
      const size_t start = at;
      next_code_point(text, at);
      items.emplace_back(text.substr(start, at - start));
    }
  } else if (!value.is_undefined()) {
    throw Fault(fmt::format("'{}' object is not iterable", value.type_name()));
  }
  return items;
}

int64_t length(const Value& value) {
  if (value.is_undefined()) return 0;
  if (value.is_string()) return count_code_points(value.as_string());
  if (value.is_dict()) return static_cast<int64_t>(value.as_dict().size());
  if (value.is_sequence() && !value.is_flavour(Flavour::generator))
    return static_cast<int64_t>(value.as_sequence().items.size());
  throw Fault(fmt::format("object of type '{}' has no len()", value.type_name()));
}

std::string undefined_message(const Undefined& undefined) {
  if (!undefined.name) return "the value is undefined";
  if (undefined.owner) return fmt::format("'{} object' has no attribute '{}'", undefined.owner, *undefined.name);
  return fmt::format("'{}' is undefined", *undefined.name);
}

void fail_undefined(const Value& value) { throw Fault(undefined_message(value.as_undefined())); }

std::string float_text(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  std::string text = fmt::format("{}", number);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

}  // namespace llmbox::jinja
