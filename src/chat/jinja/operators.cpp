// Python's arithmetic, comparison and membership.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "chat/jinja/renderer.h"
#include "chat/jinja/text.h"

namespace llmbox::jinja {

namespace {

constexpr const char* kSpelling[] = {"+", "-", "*", "/", "//", "%", "** or pow()"};

[[noreturn]] void fail_operands(BinaryOperator op, const Value& a, const Value& b) {
  if (a.is_undefined()) fail_undefined(a);
  if (b.is_undefined()) fail_undefined(b);
  if (op == BinaryOperator::add && a.is_string())
    throw Fault(fmt::format("can only concatenate str (not \"{}\") to str", b.type_name()));
  throw Fault(fmt::format("unsupported operand type(s) for {}: '{}' and '{}'", kSpelling[static_cast<int>(op)],
                          a.type_name(), b.type_name()));
}

[[noreturn]] void fail_overflow() { throw Fault("expected an integer of 64 bits, got a larger one"); }

int64_t floor_divide(int64_t a, int64_t b) {
  if (b == 0) throw Fault("integer division or modulo by zero");
  if (a == INT64_MIN && b == -1) fail_overflow();
  return a / b - ((a % b != 0) && ((a < 0) != (b < 0)));
}

int64_t integer_power(int64_t base, int64_t exponent) {
  int64_t result = 1;
  for (; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) && __builtin_mul_overflow(result, base, &result)) fail_overflow();
    if (exponent > 1 && __builtin_mul_overflow(base, base, &base)) fail_overflow();
  }
  return result;
}

Value integer_binary(BinaryOperator op, int64_t a, int64_t b) {
  int64_t result = 0;
  switch (op) {
    case BinaryOperator::add:
      if (__builtin_add_overflow(a, b, &result)) fail_overflow();
      return result;
    case BinaryOperator::subtract:
      if (__builtin_sub_overflow(a, b, &result)) fail_overflow();
      return result;
    case BinaryOperator::multiply:
      if (__builtin_mul_overflow(a, b, &result)) fail_overflow();
      return result;
    case BinaryOperator::divide:
      if (b == 0) throw Fault("division by zero");
      return static_cast<double>(a) / static_cast<double>(b);
    case BinaryOperator::floor_divide:
      return floor_divide(a, b);
    case BinaryOperator::modulo:
      return b == -1 ? int64_t{0} : a - floor_divide(a, b) * b;
    case BinaryOperator::power:
      return b >= 0 ? Value(integer_power(a, b)) : Value(std::pow(static_cast<double>(a), static_cast<double>(b)));
  }
  return {};
}

Value real_binary(BinaryOperator op, double a, double b) {
  const bool divides =
      op == BinaryOperator::divide || op == BinaryOperator::floor_divide || op == BinaryOperator::modulo;
  if (divides && b == 0) throw Fault("float division by zero");
  switch (op) {
    case BinaryOperator::add:
      return a + b;
    case BinaryOperator::subtract:
      return a - b;
    case BinaryOperator::multiply:
      return a * b;
    case BinaryOperator::divide:
      return a / b;
    case BinaryOperator::floor_divide:
      return std::floor(a / b);
    case BinaryOperator::modulo:
      return a - std::floor(a / b) * b;
    case BinaryOperator::power:
      return std::pow(a, b);
  }
  return {};
}

Value repeat(Renderer& renderer, const Value& value, int64_t times) {
  times = std::max<int64_t>(times, 0);
  const bool text = value.is_string();
  const size_t size = text ? value.as_string().size() : value.as_sequence().items.size() * sizeof(Value);
  if (size && times > (int64_t{1} << 40) / static_cast<int64_t>(size)) fail_overflow();
  renderer.charge(static_cast<int64_t>(size) * times);
  if (size == 0) times = 0;
  if (text) {
    std::string out;
    for (; times > 0; --times) out += value.as_string();
    return Value(std::move(out));
  }
  std::vector<Value> items;
  const auto& source = value.as_sequence().items;
  for (; times > 0; --times) items.insert(items.end(), source.begin(), source.end());
  return Value::sequence(std::move(items), value.as_sequence().flavour);
}

Value add_sequences(Renderer& renderer, const Value& a, const Value& b) {
  std::vector<Value> items = a.as_sequence().items;
  const auto& more = b.as_sequence().items;
  renderer.charge(static_cast<int64_t>((items.size() + more.size()) * sizeof(Value)));
  items.insert(items.end(), more.begin(), more.end());
  return Value::sequence(std::move(items), a.as_sequence().flavour);
}

bool joinable(const Value& a, const Value& b) {
  return (a.is_flavour(Flavour::list) && b.is_flavour(Flavour::list)) ||
         (a.is_flavour(Flavour::tuple) && b.is_flavour(Flavour::tuple));
}

bool repeatable(const Value& value) {
  return value.is_string() || value.is_flavour(Flavour::list) || value.is_flavour(Flavour::tuple);
}

}  // namespace

Value binary(Renderer& renderer, BinaryOperator op, const Value& a, const Value& b) {
  if (a.is_string() && b.is_string() && op == BinaryOperator::add) {
    renderer.charge(static_cast<int64_t>(a.as_string().size() + b.as_string().size()));
    if (!a.is_markup() && !b.is_markup()) return Value(a.as_string() + b.as_string());
    const auto safe = [](const Value& value) {
      return value.is_markup() ? value.as_string() : escape_html(value.as_string());
    };
    return Value::markup(safe(a) + safe(b));
  }
  if (a.is_integral() && b.is_integral()) return integer_binary(op, a.as_int(), b.as_int());
  if (a.is_number() && b.is_number()) return real_binary(op, a.as_double(), b.as_double());
  if (op == BinaryOperator::add && joinable(a, b)) return add_sequences(renderer, a, b);
  if (op == BinaryOperator::multiply && repeatable(a) && b.is_integral()) return repeat(renderer, a, b.as_int());
  if (op == BinaryOperator::multiply && repeatable(b) && a.is_integral()) return repeat(renderer, b, a.as_int());
  if (op == BinaryOperator::modulo && a.is_string()) return Value(format_percent(renderer, a.as_string(), b));
  fail_operands(op, a, b);
}

bool contains(const Value& container, const Value& item) {
  if (container.is_string()) {
    if (item.is_undefined()) fail_undefined(item);
    if (!item.is_string())
      throw Fault(fmt::format("'in <string>' requires string as left operand, not {}", item.type_name()));
    return container.as_string().find(item.as_string()) != std::string::npos;
  }
  if (container.is_dict()) return container.as_dict().find(item) != nullptr;
  if (container.is_undefined()) return false;
  if (!container.is_sequence())
    throw Fault(fmt::format("argument of type '{}' is not iterable", container.type_name()));
  const auto& items = container.as_sequence().items;
  return std::any_of(items.begin(), items.end(), [&](const Value& other) { return equal(other, item); });
}

bool compare_values(Comparison op, const Value& a, const Value& b) {
  switch (op) {
    case Comparison::equal:
      return equal(a, b);
    case Comparison::unequal:
      return !equal(a, b);
    case Comparison::less:
      return compare(a, b, "<") < 0;
    case Comparison::less_equal:
      return compare(a, b, "<=") <= 0;
    case Comparison::greater:
      return compare(a, b, ">") > 0;
    case Comparison::greater_equal:
      return compare(a, b, ">=") >= 0;
    case Comparison::in:
      return contains(b, a);
    case Comparison::not_in:
      return !contains(b, a);
  }
  return false;
}

}  // namespace llmbox::jinja
