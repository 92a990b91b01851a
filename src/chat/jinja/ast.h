// The syntax tree of a template. Nodes are immutable after parsing and shared by all renders; names are numbers
// (symbols), filters and tests are looked up at parse time.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "chat/jinja.h"
#include "chat/jinja/lexer.h"
#include "chat/jinja/value.h"

namespace llmbox::jinja {

class Renderer;

/// What a statement asks of the loop around it.
enum class Flow : uint8_t { next, break_loop, continue_loop };

struct Expression {
  Position at;
  int depth = 1;  // of the tree below
  virtual ~Expression() = default;
  virtual Value evaluate(Renderer& renderer) const = 0;
};
using ExpressionPtr = std::unique_ptr<Expression>;

struct Statement {
  Position at;
  virtual ~Statement() = default;
  virtual Flow execute(Renderer& renderer) const = 0;
};
using Body = std::vector<std::unique_ptr<Statement>>;

struct CallSyntax {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> keywords;
  ExpressionPtr star, double_star;
  Arguments evaluate(Renderer& renderer) const;
};

using FilterFunction = Value (*)(Renderer&, const Value& input, Arguments& arguments);
using TestFunction = bool (*)(Renderer&, const Value& input, Arguments& arguments);
/// nullptr: no such filter or test (an error once it is reached).
FilterFunction find_filter(std::string_view name);
TestFunction find_test(std::string_view name);
[[noreturn]] void fail_unknown_filter(const std::string& name);
[[noreturn]] void fail_unknown_test(const std::string& name);

// ---- expressions ----

struct Literal : Expression {
  Value value;
  Value evaluate(Renderer&) const override { return value; }
};

struct Name : Expression {
  int symbol = 0;
  Value evaluate(Renderer& renderer) const override;
};

struct SequenceLiteral : Expression {
  Flavour flavour = Flavour::list;
  std::vector<ExpressionPtr> items;
  Value evaluate(Renderer& renderer) const override;
};

struct DictLiteral : Expression {
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries;
  Value evaluate(Renderer& renderer) const override;
};

enum class UnaryOperator : uint8_t { minus, plus, logical_not };

struct Unary : Expression {
  UnaryOperator op = UnaryOperator::minus;
  ExpressionPtr operand;
  Value evaluate(Renderer& renderer) const override;
};

enum class BinaryOperator : uint8_t { add, subtract, multiply, divide, floor_divide, modulo, power };

struct Binary : Expression {
  BinaryOperator op = BinaryOperator::add;
  ExpressionPtr left, right;
  Value evaluate(Renderer& renderer) const override;
};

struct Concatenation : Expression {  // a ~ b ~ c
  std::vector<ExpressionPtr> parts;
  Value evaluate(Renderer& renderer) const override;
};

struct Logic : Expression {
  bool is_and = false;
  ExpressionPtr left, right;
  Value evaluate(Renderer& renderer) const override;
};

enum class Comparison : uint8_t { equal, unequal, less, less_equal, greater, greater_equal, in, not_in };

struct Compare : Expression {
  ExpressionPtr first;
  std::vector<std::pair<Comparison, ExpressionPtr>> rest;
  Value evaluate(Renderer& renderer) const override;
};

struct Conditional : Expression {
  ExpressionPtr condition, then, otherwise;  // otherwise may be null
  Value evaluate(Renderer& renderer) const override;
};

struct Attribute : Expression {
  ExpressionPtr object;
  String name;
  Value evaluate(Renderer& renderer) const override;
};

struct Subscript : Expression {
  ExpressionPtr object, index;
  Value evaluate(Renderer& renderer) const override;
};

struct Slice : Expression {
  ExpressionPtr object, start, stop, step;  // all but object may be null
  Value evaluate(Renderer& renderer) const override;
};

struct Call : Expression {
  ExpressionPtr callee;
  CallSyntax arguments;
  Value evaluate(Renderer& renderer) const override;
};

struct FilterCall : Expression {
  ExpressionPtr input;  // null at the head of a filter block's chain: the block's text
  std::string name;
  FilterFunction function = nullptr;
  CallSyntax arguments;
  Value evaluate(Renderer& renderer) const override;
};

struct TestCall : Expression {
  ExpressionPtr input;
  std::string name;
  TestFunction function = nullptr;
  CallSyntax arguments;
  Value evaluate(Renderer& renderer) const override;
};

// ---- statements ----

/// What `set` and `for` assign to: a name, an attribute of a namespace, or several of them.
struct Target {
  int symbol = -1;
  std::string attribute;  // not empty: symbol is a namespace
  std::vector<Target> parts;
};

struct Text : Statement {
  std::string text;
  Flow execute(Renderer& renderer) const override;
};

struct Print : Statement {
  ExpressionPtr value;
  Flow execute(Renderer& renderer) const override;
};

struct If : Statement {
  std::vector<std::pair<ExpressionPtr, Body>> branches;
  Body otherwise;
  Flow execute(Renderer& renderer) const override;
};

struct For : Statement {
  Target target;
  ExpressionPtr iterable, condition;  // condition may be null
  bool recursive = false;
  Body body, otherwise;
  Flow execute(Renderer& renderer) const override;
};

struct Set : Statement {
  Target target;
  ExpressionPtr value;
  Flow execute(Renderer& renderer) const override;
};

struct SetBlock : Statement {
  Target target;
  ExpressionPtr filters;  // may be null
  Body body;
  Flow execute(Renderer& renderer) const override;
};

struct FilterBlock : Statement {
  ExpressionPtr filters;
  Body body;
  Flow execute(Renderer& renderer) const override;
};

struct Parameter {
  int symbol = 0;
  std::string name;
  ExpressionPtr fallback;  // may be null
};

struct MacroSyntax {
  std::string name;
  std::vector<Parameter> parameters;
  Body body;
  bool uses_caller = false, uses_varargs = false, uses_kwargs = false;
};

struct Macro : Statement {
  int symbol = 0;
  MacroSyntax macro;
  Flow execute(Renderer& renderer) const override;
};

struct CallBlock : Statement {
  std::unique_ptr<Call> call;
  MacroSyntax caller;
  Flow execute(Renderer& renderer) const override;
};

struct With : Statement {
  std::vector<std::pair<Target, ExpressionPtr>> values;
  Body body;
  Flow execute(Renderer& renderer) const override;
};

struct Generation : Statement {
  Body body;
  Flow execute(Renderer& renderer) const override;
};

/// {% cut %}: the text around it is tokenized apart. Ours; the templates of the table use it.
struct Cut : Statement {
  Flow execute(Renderer& renderer) const override;
};

struct Do : Statement {
  ExpressionPtr value;
  Flow execute(Renderer& renderer) const override;
};

struct LoopControl : Statement {
  Flow flow = Flow::next;
  Flow execute(Renderer&) const override { return flow; }
};

/// Symbols every program has, in this order.
enum Symbol : int { kLoop, kCaller, kVarargs, kKwargs };

struct Program {
  std::string name, source;
  JinjaOptions options;
  std::vector<std::string> symbols;
  Body body;
  bool has_generation = false;
};

}  // namespace llmbox::jinja
