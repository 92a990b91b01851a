// The tests of `x is test`.
#include <fmt/format.h>

#include "chat/jinja/objects.h"
#include "chat/jinja/renderer.h"
#include "chat/jinja/text.h"
#include "core/near_name.h"

namespace llmbox::jinja {

namespace {

const Value& operand(Arguments& arguments) {
  static constexpr const char* kNames[] = {"other"};
  return Bound("test", arguments, kNames)[0];
}

template <Comparison op>
bool compares(Renderer&, const Value& value, Arguments& arguments) {
  return compare_values(op, value, operand(arguments));
}

int64_t integer_of(const Value& value) {
  if (value.is_undefined()) fail_undefined(value);
  if (!value.is_integral()) throw Fault(fmt::format("test expected an integer, got '{}'", value.type_name()));
  return value.as_int();
}

bool is_defined(Renderer&, const Value& value, Arguments&) { return !value.is_undefined(); }
bool is_undefined(Renderer&, const Value& value, Arguments&) { return value.is_undefined(); }
bool is_none(Renderer&, const Value& value, Arguments&) { return value.is_none(); }
bool is_boolean(Renderer&, const Value& value, Arguments&) { return value.is_bool(); }
bool is_true(Renderer&, const Value& value, Arguments&) { return value.is_bool() && value.truthy(); }
bool is_false(Renderer&, const Value& value, Arguments&) { return value.is_bool() && !value.truthy(); }
bool is_integer(Renderer&, const Value& value, Arguments&) { return value.is_int(); }
bool is_float(Renderer&, const Value& value, Arguments&) { return value.is_float(); }
bool is_number(Renderer&, const Value& value, Arguments&) { return value.is_number(); }
bool is_string(Renderer&, const Value& value, Arguments&) { return value.is_string(); }
bool is_mapping(Renderer&, const Value& value, Arguments&) { return value.is_dict(); }
bool is_callable(Renderer&, const Value& value, Arguments&) {
  return value.is_object() && value.as_object()->callable();
}
bool is_iterable(Renderer&, const Value& value, Arguments&) {
  return value.is_string() || value.is_sequence() || value.is_dict() || value.is_undefined() ||
         value.object_as<LoopObject>() != nullptr;
}
bool is_sequence(Renderer&, const Value& value, Arguments&) {
  return value.is_string() || value.is_indexable() || value.is_dict() || value.is_undefined();
}
bool is_odd(Renderer&, const Value& value, Arguments&) { return integer_of(value) % 2 != 0; }
bool is_even(Renderer&, const Value& value, Arguments&) { return integer_of(value) % 2 == 0; }
bool is_divisible(Renderer&, const Value& value, Arguments& arguments) {
  const int64_t divisor = integer_of(operand(arguments));
  if (divisor == 0) throw Fault("integer division or modulo by zero");
  return divisor == -1 || integer_of(value) % divisor == 0;
}
bool is_lower_text(Renderer&, const Value& value, Arguments&) {
  const std::string text = value.text();
  return to_lower(text) == text && to_upper(text) != text;
}
bool is_upper_text(Renderer&, const Value& value, Arguments&) {
  const std::string text = value.text();
  return to_upper(text) == text && to_lower(text) != text;
}
bool is_same(Renderer&, const Value& value, Arguments& arguments) { return value.same(operand(arguments)); }
bool is_escaped(Renderer&, const Value&, Arguments&) { return false; }
bool is_filter(Renderer&, const Value& value, Arguments&) { return find_filter(value.text()) != nullptr; }
bool is_test(Renderer&, const Value& value, Arguments&) { return find_test(value.text()) != nullptr; }

constexpr std::pair<std::string_view, TestFunction> kTests[] = {
    {"defined", is_defined},
    {"undefined", is_undefined},
    {"none", is_none},
    {"boolean", is_boolean},
    {"true", is_true},
    {"false", is_false},
    {"integer", is_integer},
    {"float", is_float},
    {"number", is_number},
    {"string", is_string},
    {"mapping", is_mapping},
    {"sequence", is_sequence},
    {"iterable", is_iterable},
    {"callable", is_callable},
    {"odd", is_odd},
    {"even", is_even},
    {"divisibleby", is_divisible},
    {"lower", is_lower_text},
    {"upper", is_upper_text},
    {"sameas", is_same},
    {"escaped", is_escaped},
    {"filter", is_filter},
    {"test", is_test},
    {"in", compares<Comparison::in>},
    {"==", compares<Comparison::equal>},
    {"eq", compares<Comparison::equal>},
    {"equalto", compares<Comparison::equal>},
    {"!=", compares<Comparison::unequal>},
    {"ne", compares<Comparison::unequal>},
    {"<", compares<Comparison::less>},
    {"lt", compares<Comparison::less>},
    {"lessthan", compares<Comparison::less>},
    {"<=", compares<Comparison::less_equal>},
    {"le", compares<Comparison::less_equal>},
    {">", compares<Comparison::greater>},
    {"gt", compares<Comparison::greater>},
    {"greaterthan", compares<Comparison::greater>},
    {">=", compares<Comparison::greater_equal>},
    {"ge", compares<Comparison::greater_equal>},
};

}  // namespace

TestFunction find_test(std::string_view name) {
  for (const auto& [known, function] : kTests)
    if (known == name) return function;
  return nullptr;
}

void fail_unknown_test(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& [known, function] : kTests) names.emplace_back(known);
  throw Fault(fmt::format("expected a test, got '{}'; try {}", name, near_names(name, names)));
}

}  // namespace llmbox::jinja
