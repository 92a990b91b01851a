// How every expression is evaluated.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "chat/jinja/objects.h"
#include "chat/jinja/renderer.h"
#include "chat/jinja/text.h"

namespace llmbox::jinja {

namespace {

Value missing(const Value& object, String name) { return Undefined{object.type_name(), std::move(name)}; }

/// Python's slice.indices(): the positions that start:stop:step selects of n items.
std::vector<int64_t> slice_indices(int64_t n, const Value& start, const Value& stop, const Value& step_value) {
  const auto number = [](const Value& bound) {
    if (!bound.is_integral()) throw Fault("slice indices must be integers or None");
    return bound.as_int();
  };
  const auto given = [](const Value& bound) { return !bound.is_none(); };
  const int64_t step = given(step_value) ? number(step_value) : 1;
  if (step == 0) throw Fault("slice step cannot be zero");
  const int64_t low = step > 0 ? 0 : -1, high = step > 0 ? n : n - 1;
  const auto clamp = [&](int64_t bound) {
    return std::clamp(bound < 0 ? std::max(bound, -n - 1) + n : bound, low, high);
  };
  int64_t i = given(start) ? clamp(number(start)) : (step > 0 ? low : high);
  const int64_t end = given(stop) ? clamp(number(stop)) : (step > 0 ? high : low);
  std::vector<int64_t> indices;
  while (step > 0 ? i < end : i > end) {
    indices.push_back(i);
    if (step > 0 ? step >= end - i : step <= end - i) break;
    i += step;
  }
  return indices;
}

Value slice_text(const std::string& text, const std::vector<int64_t>& indices, const std::vector<size_t>& offsets) {
  std::string out;
  for (const int64_t i : indices) {
    const auto at = static_cast<size_t>(i);
    out.append(text, offsets[at], offsets[at + 1] - offsets[at]);
  }
  return Value(std::move(out));
}

Value item_at(const Value& object, int64_t index) {
  const int64_t n = length(object);
  if (index < 0) index += n;
  if (index < 0 || index >= n) return Undefined{object.type_name(), nullptr};
  if (object.is_sequence()) return object.as_sequence().items[static_cast<size_t>(index)];
  const std::string& text = object.as_string();
  const size_t begin = offset_of(text, index);
  size_t end = begin;
  next_code_point(text, end);
  return Value(text.substr(begin, end - begin));
}

}  // namespace

Value get_attribute(const Value& object, const String& name) {
  if (object.is_undefined()) fail_undefined(object);
  if (object.is_object()) {
    auto found = object.as_object()->attribute(*name);
    return found ? *found : missing(object, name);
  }
  if (const Method method = find_method(object, *name))
    return Value(std::shared_ptr<Object>(std::make_shared<BoundMethod>(object, method)));
  if (object.is_dict())
    if (const Value* found = object.as_dict().find(std::string_view(*name))) return *found;
  return missing(object, name);
}

Value get_item(const Value& object, const Value& index) {
  if (object.is_undefined()) fail_undefined(object);
  if (object.is_dict())
    if (const Value* found = object.as_dict().find(index)) return *found;
  if (index.is_integral() && (object.is_string() || object.is_indexable())) return item_at(object, index.as_int());
  if (index.is_string()) return get_attribute(object, index.shared_string());
  return missing(object, std::make_shared<const std::string>(index.text()));
}

Value get_path(const Value& object, const Value& path) {
  if (!path.is_string()) return get_item(object, path);
  Value value = object;
  const std::string& text = path.as_string();
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('.', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    const bool number =
        !part.empty() && std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
    int64_t index = 0;
    std::from_chars(part.data(), part.data() + part.size(), index);
    value = get_item(value, number ? Value(index) : Value(part));
    begin = end + 1;
  }
  return value;
}

Value call_value(Renderer& renderer, const Value& callee, Arguments& arguments) {
  if (callee.is_undefined()) fail_undefined(callee);
  if (!callee.is_object()) throw Fault(fmt::format("'{}' object is not callable", callee.type_name()));
  const auto object = callee.as_object();  // stays alive through the call
  return object->call(renderer, arguments);
}

Arguments CallSyntax::evaluate(Renderer& renderer) const {
  Arguments out;
  out.positional.reserve(positional.size());
  for (const auto& part : positional) out.positional.push_back(renderer.evaluate(*part));
  for (const auto& [name, part] : keywords) out.keywords.emplace_back(name, renderer.evaluate(*part));
  if (star)
    for (Value& value : iterate(renderer.evaluate(*star))) out.positional.push_back(std::move(value));
  if (double_star) {
    const Value more = renderer.evaluate(*double_star);
    if (!more.is_dict()) throw Fault(fmt::format("argument after ** must be a mapping, not {}", more.type_name()));
    for (const auto& [key, value] : more.as_dict().entries()) out.keywords.emplace_back(key.text(), value);
  }
  return out;
}

Value Name::evaluate(Renderer& renderer) const { return renderer.lookup(symbol); }

Value SequenceLiteral::evaluate(Renderer& renderer) const {
  std::vector<Value> values;
  values.reserve(items.size());
  for (const auto& item : items) values.push_back(renderer.evaluate(*item));
  renderer.charge(static_cast<int64_t>(values.size() * sizeof(Value)));
  return Value::sequence(std::move(values), flavour);
}

Value DictLiteral::evaluate(Renderer& renderer) const {
  auto dict = std::make_shared<Dict>();
  for (const auto& [key, value] : entries) {
    Value name = renderer.evaluate(*key);
    if (name.is_dict() || name.is_flavour(Flavour::list))
      throw Fault(fmt::format("unhashable type: '{}'", name.type_name()));
    dict->set(std::move(name), renderer.evaluate(*value));
  }
  renderer.charge(static_cast<int64_t>(2 * entries.size() * sizeof(Value)));
  return Value(std::shared_ptr<const Dict>(std::move(dict)));
}

Value Unary::evaluate(Renderer& renderer) const {
  const Value value = renderer.evaluate(*operand);
  if (op == UnaryOperator::logical_not) return !value.truthy();
  if (value.is_undefined()) fail_undefined(value);
  const char sign = op == UnaryOperator::minus ? '-' : '+';
  if (!value.is_number()) throw Fault(fmt::format("bad operand type for unary {}: '{}'", sign, value.type_name()));
  if (op == UnaryOperator::plus) return value.is_float() ? value : Value(value.as_int());
  return value.is_float() ? Value(-value.as_double()) : binary(renderer, BinaryOperator::subtract, Value(0), value);
}

Value Binary::evaluate(Renderer& renderer) const {
  const Value a = renderer.evaluate(*left);
  const Value b = renderer.evaluate(*right);
  return binary(renderer, op, a, b);
}

Value Concatenation::evaluate(Renderer& renderer) const {
  std::vector<Value> values;
  values.reserve(parts.size());
  for (const auto& part : parts) values.push_back(renderer.evaluate(*part));
  const bool markup = std::any_of(values.begin(), values.end(), [](const Value& value) { return value.is_markup(); });
  std::string text;
  for (const Value& value : values) {
    if (markup && !value.is_markup())
      text += escape_html(value.text());
    else
      value.append_text(text);
  }
  renderer.charge(static_cast<int64_t>(text.size()));
  return markup ? Value::markup(std::move(text)) : Value(std::move(text));
}

Value Logic::evaluate(Renderer& renderer) const {
  Value value = renderer.evaluate(*left);
  return value.truthy() == is_and ? renderer.evaluate(*right) : value;
}

Value Compare::evaluate(Renderer& renderer) const {
  Value a = renderer.evaluate(*first);
  for (const auto& [op, operand] : rest) {
    Value b = renderer.evaluate(*operand);
    if (!compare_values(op, a, b)) return false;
    a = std::move(b);
  }
  return true;
}

Value Conditional::evaluate(Renderer& renderer) const {
  if (renderer.evaluate(*condition).truthy()) return renderer.evaluate(*then);
  return otherwise ? renderer.evaluate(*otherwise) : Value();
}

Value Attribute::evaluate(Renderer& renderer) const { return get_attribute(renderer.evaluate(*object), name); }

Value Subscript::evaluate(Renderer& renderer) const {
  const Value value = renderer.evaluate(*object);
  return get_item(value, renderer.evaluate(*index));
}

Value Slice::evaluate(Renderer& renderer) const {
  const Value value = renderer.evaluate(*object);
  const auto bound = [&](const ExpressionPtr& part) { return part ? renderer.evaluate(*part) : Value(None{}); };
  const Value from = bound(start), to = bound(stop), by = bound(step);
  if (value.is_undefined()) fail_undefined(value);
  if (value.is_string()) {
    const auto offsets = code_point_offsets(value.as_string());
    renderer.charge(static_cast<int64_t>(value.as_string().size()));
    return slice_text(value.as_string(), slice_indices(static_cast<int64_t>(offsets.size()) - 1, from, to, by),
                      offsets);
  }
  if (!value.is_indexable()) return missing(value, nullptr);
  const Sequence& sequence = value.as_sequence();
  std::vector<Value> items;
  for (const int64_t i : slice_indices(static_cast<int64_t>(sequence.items.size()), from, to, by))
    items.push_back(sequence.items[static_cast<size_t>(i)]);
  renderer.charge(static_cast<int64_t>(items.size() * sizeof(Value)));
  return Value::sequence(std::move(items), sequence.flavour);
}

Value Call::evaluate(Renderer& renderer) const {
  if (const auto* attribute = dynamic_cast<const Attribute*>(callee.get())) {
    const Value self = renderer.evaluate(*attribute->object);
    if (const Method method = self.is_undefined() ? nullptr : find_method(self, *attribute->name)) {
      Arguments given = arguments.evaluate(renderer);
      return method(renderer, self, given);
    }
    const Value function = get_attribute(self, attribute->name);
    Arguments given = arguments.evaluate(renderer);
    renderer.at = at;
    return call_value(renderer, function, given);
  }
  const Value function = renderer.evaluate(*callee);
  Arguments given = arguments.evaluate(renderer);
  renderer.at = at;
  return call_value(renderer, function, given);
}

Value FilterCall::evaluate(Renderer& renderer) const {
  const Value value = input ? renderer.evaluate(*input) : *renderer.block_text;
  if (!function) fail_unknown_filter(name);
  Arguments given = arguments.evaluate(renderer);
  return function(renderer, value, given);
}

Value TestCall::evaluate(Renderer& renderer) const {
  const Value value = renderer.evaluate(*input);
  if (!function) fail_unknown_test(name);
  Arguments given = arguments.evaluate(renderer);
  return function(renderer, value, given);
}

}  // namespace llmbox::jinja
