// A value inside a template, cheap to copy: scalars are held in place, everything else is shared and immutable (the
// sandbox forbids changing lists and dicts), but for namespaces. Strings from the context are borrowed, not copied:
// the context outlives the render. Strings are UTF-8; indices and lengths count code points as in Python.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "core/json.h"

namespace llmbox::jinja {

class Value;
class Renderer;

/// A fault without its place; the node that is being evaluated adds it.
struct Fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Python's sequences as far as templates can tell them apart.
enum class Flavour : uint8_t { list, tuple, range, keys, values, items, generator };

struct Sequence;
class Dict;
class Object;

/// The absent value; it remembers what was asked for.
struct Undefined {
  const char* owner = nullptr;              // type of the thing without that attribute; nullptr: a variable
  std::shared_ptr<const std::string> name;  // may be null
};

struct None {
  bool operator==(const None&) const = default;
};

using String = std::shared_ptr<const std::string>;

class Value {
 public:
  Value() = default;
  Value(Undefined undefined) : data_(std::move(undefined)) {}
  Value(None none) : data_(none) {}
  Value(bool flag) : data_(flag) {}
  Value(int64_t number) : data_(number) {}
  Value(int number) : data_(int64_t{number}) {}
  Value(double number) : data_(number) {}
  Value(std::string text) : data_(std::make_shared<const std::string>(std::move(text))) {}
  Value(const char* text) : Value(std::string(text)) {}
  Value(String text) : data_(std::move(text)) {}
  Value(std::shared_ptr<const Sequence> sequence) : data_(std::move(sequence)) {}
  Value(std::shared_ptr<const Dict> dict) : data_(std::move(dict)) {}
  Value(std::shared_ptr<Object> object) : data_(std::move(object)) {}

  static Value sequence(std::vector<Value> items, Flavour flavour = Flavour::list);
  /// Borrows the strings of `json`, which must outlive the value.
  static Value borrow(const Json& json);

  bool is_undefined() const { return std::holds_alternative<Undefined>(data_); }
  bool is_none() const { return std::holds_alternative<None>(data_); }
  bool is_bool() const { return std::holds_alternative<bool>(data_); }
  bool is_int() const { return std::holds_alternative<int64_t>(data_); }
  bool is_float() const { return std::holds_alternative<double>(data_); }
  bool is_integral() const { return is_int() || is_bool(); }
  bool is_number() const { return is_integral() || is_float(); }
  bool is_string() const { return std::holds_alternative<String>(data_); }
  bool is_sequence() const { return std::holds_alternative<std::shared_ptr<const Sequence>>(data_); }
  bool is_dict() const { return std::holds_alternative<std::shared_ptr<const Dict>>(data_); }
  bool is_object() const { return std::holds_alternative<std::shared_ptr<Object>>(data_); }
  bool is_flavour(Flavour flavour) const;
  /// A list, tuple or range: has a length and indices.
  bool is_indexable() const;
  /// Text that `safe` or `escape` made: joining it escapes the other side, as Markup does.
  bool is_markup() const { return markup_; }
  static Value markup(std::string text) {
    Value made(std::move(text));
    made.markup_ = true;
    return made;
  }

  const Undefined& as_undefined() const { return std::get<Undefined>(data_); }
  int64_t as_int() const { return is_bool() ? std::get<bool>(data_) : std::get<int64_t>(data_); }
  double as_double() const { return is_float() ? std::get<double>(data_) : static_cast<double>(as_int()); }
  const std::string& as_string() const { return *std::get<String>(data_); }
  const String& shared_string() const { return std::get<String>(data_); }
  const Sequence& as_sequence() const { return *std::get<std::shared_ptr<const Sequence>>(data_); }
  const Dict& as_dict() const { return *std::get<std::shared_ptr<const Dict>>(data_); }
  const std::shared_ptr<Object>& as_object() const { return std::get<std::shared_ptr<Object>>(data_); }
  template <class T>
  T* object_as() const {
    return is_object() ? dynamic_cast<T*>(as_object().get()) : nullptr;
  }

  int nesting() const;
  bool truthy() const;
  /// Python's type name: 'str', 'list', 'dict', ….
  const char* type_name() const;
  /// Python's str(): what {{ value }} writes.
  std::string text() const;
  void append_text(std::string& out) const;
  /// Python's repr().
  void append_repr(std::string& out) const;
  std::string repr() const;
  /// Same object, as Python's `is`.
  bool same(const Value& other) const;

 private:
  std::variant<Undefined, None, bool, int64_t, double, String, std::shared_ptr<const Sequence>,
               std::shared_ptr<const Dict>, std::shared_ptr<Object>>
      data_;
  bool markup_ = false;
};

/// Deepest nesting of values; what would go deeper throws Fault (so that recursion over values is bounded).
constexpr int kMaxNesting = 400;

struct Sequence {
  int nesting = 1;
  Flavour flavour = Flavour::list;
  std::vector<Value> items;
  mutable bool consumed = false;  // a generator is read once
};

/// Insertion-ordered; small ones are searched, large ones hashed.
class Dict {
 public:
  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;
  void set(Value key, Value value);
  const std::vector<std::pair<Value, Value>>& entries() const { return entries_; }
  size_t size() const { return entries_.size(); }
  int nesting() const { return nesting_; }

 private:
  int nesting_ = 1;
  std::vector<std::pair<Value, Value>> entries_;
  std::unordered_map<std::string, size_t> index_;  // of string keys, once there are many
};

/// Positional and keyword arguments of a call.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> keywords;
};

/// Namespaces, macros, functions, loops: everything with behaviour of its own.
class Object {
 public:
  virtual ~Object() = default;
  virtual const char* type_name() const = 0;
  virtual bool callable() const { return false; }
  virtual Value call(Renderer& renderer, Arguments& arguments);
  virtual std::optional<Value> attribute(std::string_view name) const;
  /// How deep the values are nested that this object keeps (0 where the renderer cuts the chain itself).
  virtual int nesting() const { return 0; }
};

inline bool Value::is_flavour(Flavour flavour) const { return is_sequence() && as_sequence().flavour == flavour; }

/// Python's ==, and the order of < (throws Fault where Python would).
bool equal(const Value& a, const Value& b);
int compare(const Value& a, const Value& b, const char* operation = "<");

/// The items that `for x in value` sees. Throws Fault for what cannot be iterated; using an undefined value is empty.
std::vector<Value> iterate(const Value& value);
/// Number of items; throws Fault as Python's len().
int64_t length(const Value& value);
/// What a missing value tells when it is used.
std::string undefined_message(const Undefined& undefined);
[[noreturn]] void fail_undefined(const Value& value);

std::string float_text(double number);

struct JsonStyle {
  bool ensure_ascii = false;
  bool sort_keys = false;
  std::optional<std::string> indent;
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};
/// Python's json.dumps. Throws Fault for what JSON cannot hold.
std::string to_json(const Value& value, const JsonStyle& style);

}  // namespace llmbox::jinja
