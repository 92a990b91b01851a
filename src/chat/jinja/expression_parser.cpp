#include "chat/jinja/expression_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace llmbox::jinja {

namespace {

std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::data:
      return "text";
    case TokenKind::variable_begin:
      return "'{{'";
    case TokenKind::variable_end:
      return "'}}'";
    case TokenKind::block_begin:
      return "'{%'";
    case TokenKind::block_end:
      return "'%}'";
    case TokenKind::string:
      return "a string";
    case TokenKind::end:
      return "the end of the template";
    default:
      return fmt::format("'{}'", token.text);
  }
}

}  // namespace

ParseDepth::ParseDepth(int& depth, Position at) : depth_(depth) {
  if (++depth_ > kMaxParseDepth)
    throw SyntaxFault{at, fmt::format("expected at most {} nested expressions or blocks, got more", kMaxParseDepth)};
}

ExpressionParser::ExpressionParser(std::vector<Token> tokens, Program& program)
    : program_(program), tokens_(std::move(tokens)) {
  for (const char* name : {"loop", "caller", "varargs", "kwargs"}) symbol(name);
}

bool ExpressionParser::take_op(std::string_view op) {
  const bool here = peek().is_op(op);
  if (here) ++next_;
  return here;
}

bool ExpressionParser::take_name(std::string_view name) {
  const bool here = peek().is_name(name);
  if (here) ++next_;
  return here;
}

const Token& ExpressionParser::expect(TokenKind kind, std::string_view what) {
  if (peek().kind != kind) fail_expected(what);
  return take();
}

void ExpressionParser::expect_op(std::string_view op) {
  if (!take_op(op)) fail_expected(fmt::format("'{}'", op));
}

void ExpressionParser::expect_name(std::string_view name) {
  if (!take_name(name)) fail_expected(fmt::format("'{}'", name));
}

void ExpressionParser::fail_expected(std::string_view what) const {
  throw SyntaxFault{peek().at, fmt::format("expected {}, got {}", what, describe(peek()))};
}

int ExpressionParser::symbol(const std::string& name) {
  const auto [found, is_new] = symbols_.emplace(name, static_cast<int>(program_.symbols.size()));
  if (is_new) program_.symbols.push_back(name);
  return found->second;
}

ExpressionPtr ExpressionParser::finish(ExpressionPtr node, std::initializer_list<const Expression*> children) const {
  for (const Expression* child : children)
    if (child) node->depth = std::max(node->depth, child->depth + 1);
  if (node->depth > kMaxTreeDepth)
    throw SyntaxFault{node->at, fmt::format("expected an expression at most {} deep, got a longer one", kMaxTreeDepth)};
  return node;
}

int ExpressionParser::depth_of(const CallSyntax& call) const {
  int depth = 0;
  const auto see = [&](const ExpressionPtr& part) {
    if (part) depth = std::max(depth, part->depth);
  };
  for (const auto& part : call.positional) see(part);
  for (const auto& part : call.keywords) see(part.second);
  see(call.star);
  see(call.double_star);
  return depth;
}

ExpressionPtr ExpressionParser::parse_expression(bool with_condition) {
  const ParseDepth depth(depth_, peek().at);
  return with_condition ? parse_condition() : parse_or();
}

ExpressionPtr ExpressionParser::parse_tuple(bool with_condition) {
  const Position at = peek().at;
  const auto at_end = [&] {
    const Token& token = peek();
    return token.kind == TokenKind::variable_end || token.kind == TokenKind::block_end || token.is_op(")") ||
           token.is_op("=");
  };
  if (at_end()) fail_expected("an expression");
  ExpressionPtr first = parse_expression(with_condition);
  if (!peek().is_op(",")) return first;
  auto tuple = make<SequenceLiteral>(at);
  tuple->flavour = Flavour::tuple;
  tuple->depth = first->depth + 1;
  tuple->items.push_back(std::move(first));
  while (take_op(",") && !at_end()) {
    tuple->items.push_back(parse_expression(with_condition));
    tuple->depth = std::max(tuple->depth, tuple->items.back()->depth + 1);
  }
  return finish(std::move(tuple), {});
}

ExpressionPtr ExpressionParser::parse_condition() {
  ExpressionPtr node = parse_or();
  while (peek().is_name("if")) {
    auto made = make<Conditional>(take().at);
    made->then = std::move(node);
    made->condition = parse_or();
    if (take_name("else")) made->otherwise = parse_expression();
    const auto& [condition, then, otherwise] = std::tie(made->condition, made->then, made->otherwise);
    const std::initializer_list<const Expression*> parts = {condition.get(), then.get(), otherwise.get()};
    node = finish(std::move(made), parts);
  }
  return node;
}

ExpressionPtr ExpressionParser::parse_or() {
  ExpressionPtr left = parse_and();
  while (peek().is_name("or")) {
    auto made = make<Logic>(take().at);
    made->left = std::move(left);
    made->right = parse_and();
    const std::initializer_list<const Expression*> parts = {made->left.get(), made->right.get()};
    left = finish(std::move(made), parts);
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_and() {
  ExpressionPtr left = parse_not();
  while (peek().is_name("and")) {
    auto made = make<Logic>(take().at);
    made->is_and = true;
    made->left = std::move(left);
    made->right = parse_not();
    const std::initializer_list<const Expression*> parts = {made->left.get(), made->right.get()};
    left = finish(std::move(made), parts);
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_not() {
  if (!peek().is_name("not")) return parse_compare();
  const ParseDepth depth(depth_, peek().at);
  auto made = make<Unary>(take().at);
  made->op = UnaryOperator::logical_not;
  made->operand = parse_not();
  const Expression* operand = made->operand.get();
  return finish(std::move(made), {operand});
}

std::optional<Comparison> ExpressionParser::take_comparison() {
  static constexpr std::pair<std::string_view, Comparison> kOps[] = {
      {"==", Comparison::equal},      {"!=", Comparison::unequal}, {"<", Comparison::less},
      {"<=", Comparison::less_equal}, {">", Comparison::greater},  {">=", Comparison::greater_equal}};
  for (const auto& [op, comparison] : kOps)
    if (take_op(op)) return comparison;
  if (take_name("in")) return Comparison::in;
  if (peek().is_name("not") && peek(1).is_name("in")) {
    next_ += 2;
    return Comparison::not_in;
  }
  return std::nullopt;
}

ExpressionPtr ExpressionParser::parse_compare() {
  ExpressionPtr first = parse_sum();
  const Position at = peek().at;
  auto comparison = take_comparison();
  if (!comparison) return first;
  auto made = make<Compare>(at);
  made->depth = first->depth + 1;
  made->first = std::move(first);
  for (; comparison; comparison = take_comparison()) {
    made->rest.emplace_back(*comparison, parse_sum());
    made->depth = std::max(made->depth, made->rest.back().second->depth + 1);
  }
  return finish(std::move(made), {});
}

ExpressionPtr ExpressionParser::parse_sum() {
  ExpressionPtr left = parse_concatenation();
  while (peek().is_op("+") || peek().is_op("-")) {
    auto made = make<Binary>(peek().at);
    made->op = take().text == "+" ? BinaryOperator::add : BinaryOperator::subtract;
    made->left = std::move(left);
    made->right = parse_concatenation();
    const std::initializer_list<const Expression*> parts = {made->left.get(), made->right.get()};
    left = finish(std::move(made), parts);
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_concatenation() {
  ExpressionPtr first = parse_product();
  if (!peek().is_op("~")) return first;
  auto made = make<Concatenation>(peek().at);
  made->depth = first->depth + 1;
  made->parts.push_back(std::move(first));
  while (take_op("~")) {
    made->parts.push_back(parse_product());
    made->depth = std::max(made->depth, made->parts.back()->depth + 1);
  }
  return finish(std::move(made), {});
}

ExpressionPtr ExpressionParser::parse_product() {
  static constexpr std::pair<std::string_view, BinaryOperator> kOps[] = {{"*", BinaryOperator::multiply},
                                                                         {"/", BinaryOperator::divide},
                                                                         {"//", BinaryOperator::floor_divide},
                                                                         {"%", BinaryOperator::modulo}};
  ExpressionPtr left = parse_power();
  while (true) {
    const auto op =
        std::find_if(std::begin(kOps), std::end(kOps), [&](const auto& known) { return peek().is_op(known.first); });
    if (op == std::end(kOps)) return left;
    auto made = make<Binary>(take().at);
    made->op = op->second;
    made->left = std::move(left);
    made->right = parse_power();
    const std::initializer_list<const Expression*> parts = {made->left.get(), made->right.get()};
    left = finish(std::move(made), parts);
  }
}

ExpressionPtr ExpressionParser::parse_power() {
  ExpressionPtr left = parse_unary();
  while (peek().is_op("**")) {
    auto made = make<Binary>(take().at);
    made->op = BinaryOperator::power;
    made->left = std::move(left);
    made->right = parse_unary();
    const std::initializer_list<const Expression*> parts = {made->left.get(), made->right.get()};
    left = finish(std::move(made), parts);
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_unary(bool with_filters) {
  const ParseDepth depth(depth_, peek().at);
  ExpressionPtr node;
  if (peek().is_op("-") || peek().is_op("+")) {
    auto made = make<Unary>(peek().at);
    made->op = take().text == "-" ? UnaryOperator::minus : UnaryOperator::plus;
    made->operand = parse_unary(false);
    const Expression* operand = made->operand.get();
    node = finish(std::move(made), {operand});
  } else {
    node = parse_primary();
  }
  node = parse_postfix(std::move(node));
  return with_filters ? parse_filters(std::move(node)) : std::move(node);
}

ExpressionPtr ExpressionParser::parse_postfix(ExpressionPtr node) {
  while (true) {
    if (peek().is_op(".")) {
      node = parse_attribute(std::move(node));
    } else if (peek().is_op("[")) {
      node = parse_subscript(std::move(node));
    } else if (peek().is_op("(")) {
      auto call = make<Call>(node->at);
      call->callee = std::move(node);
      call->arguments = parse_call_arguments();
      call->depth = depth_of(call->arguments) + 1;
      const Expression* callee = call->callee.get();
      node = finish(std::move(call), {callee});
    } else {
      return node;
    }
  }
}

ExpressionPtr ExpressionParser::parse_filters(ExpressionPtr node) {
  while (true) {
    if (peek().is_op("|")) {
      take();
      node = parse_filter(std::move(node));
    } else if (peek().is_name("is")) {
      take();
      node = parse_test(std::move(node));
    } else if (peek().is_op("(")) {
      auto call = make<Call>(node->at);
      call->callee = std::move(node);
      call->arguments = parse_call_arguments();
      const Expression* callee = call->callee.get();
      node = finish(std::move(call), {callee});
    } else {
      return node;
    }
  }
}

std::string ExpressionParser::parse_dotted_name() {
  std::string name = expect(TokenKind::name, "a name").text;
  while (take_op(".")) name += "." + expect(TokenKind::name, "a name").text;
  return name;
}

ExpressionPtr ExpressionParser::parse_filter(ExpressionPtr input) {
  auto made = make<FilterCall>(peek().at);
  made->input = std::move(input);
  made->name = parse_dotted_name();
  made->function = find_filter(made->name);
  if (peek().is_op("(")) made->arguments = parse_call_arguments();
  made->depth = depth_of(made->arguments) + 1;
  const Expression* child = made->input.get();
  return finish(std::move(made), {child});
}

ExpressionPtr ExpressionParser::parse_test(ExpressionPtr input) {
  const Position at = peek().at;
  const bool negated = take_name("not");
  auto made = make<TestCall>(at);
  made->input = std::move(input);
  made->name = parse_dotted_name();
  made->function = find_test(made->name);
  const Token& next = peek();
  const bool operand = next.kind == TokenKind::name || next.kind == TokenKind::string ||
                       next.kind == TokenKind::integer || next.kind == TokenKind::real || next.is_op("[") ||
                       next.is_op("{");
  if (next.is_op("(")) {
    made->arguments = parse_call_arguments();
  } else if (operand && !next.is_name("else") && !next.is_name("or") && !next.is_name("and")) {
    if (next.is_name("is")) fail_expected("one test (tests cannot be chained with 'is')");
    // As in Jinja2 every other name is taken for the test's argument; only these two would change the meaning of
    // `x is test if y` and `x is test in y`, which Jinja2 reads as arguments too.
    made->arguments.positional.push_back(parse_postfix(parse_primary()));
  }
  made->depth = depth_of(made->arguments) + 1;
  const Expression* child = made->input.get();
  ExpressionPtr test = finish(std::move(made), {child});
  if (!negated) return test;
  auto inverse = make<Unary>(at);
  inverse->op = UnaryOperator::logical_not;
  inverse->operand = std::move(test);
  child = inverse->operand.get();
  return finish(std::move(inverse), {child});
}

ExpressionPtr ExpressionParser::parse_attribute(ExpressionPtr object) {
  const Position at = take().at;
  if (peek().kind == TokenKind::integer) {
    auto made = make<Subscript>(at);
    made->object = std::move(object);
    made->index = parse_number();
    const Expression* child = made->object.get();
    return finish(std::move(made), {child});
  }
  auto made = make<Attribute>(at);
  made->object = std::move(object);
  made->name = std::make_shared<const std::string>(expect(TokenKind::name, "an attribute's name").text);
  const Expression* child = made->object.get();
  return finish(std::move(made), {child});
}

ExpressionPtr ExpressionParser::parse_subscript(ExpressionPtr object) {
  const Position at = take().at;
  ExpressionPtr parts[3];
  int colons = 0;
  while (!peek().is_op("]") && !peek().is_op(",")) {
    if (take_op(":")) {
      if (++colons > 2) fail_expected("']'");
    } else if (parts[colons]) {
      fail_expected("']'");
    } else {
      parts[colons] = parse_expression();
    }
  }
  if (colons == 0 && peek().is_op(",")) fail_expected("']' (no value here takes several indices)");
  if (colons == 0 && !parts[0]) fail_expected("an index");
  expect_op("]");
  if (colons == 0) {
    auto made = make<Subscript>(at);
    made->object = std::move(object);
    made->index = std::move(parts[0]);
    const std::initializer_list<const Expression*> children = {made->object.get(), made->index.get()};
    return finish(std::move(made), children);
  }
  auto made = make<Slice>(at);
  made->object = std::move(object);
  made->start = std::move(parts[0]);
  made->stop = std::move(parts[1]);
  made->step = std::move(parts[2]);
  const std::initializer_list<const Expression*> children = {made->object.get(), made->start.get(), made->stop.get(),
                                                             made->step.get()};
  return finish(std::move(made), children);
}

CallSyntax ExpressionParser::parse_call_arguments() {
  const ParseDepth depth(depth_, peek().at);
  CallSyntax call;
  expect_op("(");
  while (!take_op(")")) {
    if (take_op("*")) {
      call.star = parse_expression();
    } else if (take_op("**")) {
      call.double_star = parse_expression();
    } else if (peek().kind == TokenKind::name && peek(1).is_op("=")) {
      std::string name = take().text;
      take();
      call.keywords.emplace_back(std::move(name), parse_expression());
    } else {
      if (!call.keywords.empty()) fail_expected("a keyword argument");
      call.positional.push_back(parse_expression());
    }
    if (!peek().is_op(")")) expect_op(",");
  }
  return call;
}

ExpressionPtr ExpressionParser::parse_primary() {
  const Token& token = peek();
  switch (token.kind) {
    case TokenKind::name:
      return parse_name();
    case TokenKind::integer:
    case TokenKind::real:
      return parse_number();
    case TokenKind::string: {
      auto made = make<Literal>(token.at);
      std::string text;
      while (peek().kind == TokenKind::string) text += take().text;
      made->value = Value(std::move(text));
      return made;
    }
    default:
      break;
  }
  if (token.is_op("[")) return parse_list();
  if (token.is_op("{")) return parse_dict();
  if (!token.is_op("(")) fail_expected("an expression");
  const Position at = take().at;
  if (take_op(")")) {
    auto empty = make<SequenceLiteral>(at);
    empty->flavour = Flavour::tuple;
    return empty;
  }
  ExpressionPtr inner = parse_tuple();
  expect_op(")");
  return inner;
}

ExpressionPtr ExpressionParser::parse_name() {
  const Token& token = take();
  const std::string& name = token.text;
  const auto literal = [&](Value value) {
    auto made = make<Literal>(token.at);
    made->value = std::move(value);
    return made;
  };
  if (name == "true" || name == "True") return literal(true);
  if (name == "false" || name == "False") return literal(false);
  if (name == "none" || name == "None") return literal(None{});
  for (MacroSyntax* macro : macros_) {
    macro->uses_caller |= name == "caller";
    macro->uses_varargs |= name == "varargs";
    macro->uses_kwargs |= name == "kwargs";
  }
  auto made = make<Name>(token.at);
  made->symbol = symbol(name);
  return made;
}

ExpressionPtr ExpressionParser::parse_number() {
  const Token& token = take();
  auto made = make<Literal>(token.at);
  if (token.kind == TokenKind::real) {
    made->value = std::strtod(token.text.c_str(), nullptr);
    return made;
  }
  std::string_view digits = token.text;
  int base = 10;
  if (digits.size() > 2 && digits[0] == '0' && !std::isdigit(static_cast<unsigned char>(digits[1]))) {
    base = digits[1] == 'x' || digits[1] == 'X' ? 16 : digits[1] == 'o' || digits[1] == 'O' ? 8 : 2;
    digits.remove_prefix(2);
  }
  int64_t number = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  if (fault != std::errc() || end != digits.data() + digits.size())
    throw SyntaxFault{token.at, fmt::format("expected an integer of 64 bits, got '{}'", token.text)};
  made->value = number;
  return made;
}

ExpressionPtr ExpressionParser::parse_list() {
  auto made = make<SequenceLiteral>(take().at);
  while (!take_op("]")) {
    made->items.push_back(parse_expression());
    made->depth = std::max(made->depth, made->items.back()->depth + 1);
    if (!peek().is_op("]")) expect_op(",");
  }
  return finish(std::move(made), {});
}

ExpressionPtr ExpressionParser::parse_dict() {
  auto made = make<DictLiteral>(take().at);
  while (!take_op("}")) {
    ExpressionPtr key = parse_expression();
    expect_op(":");
    ExpressionPtr value = parse_expression();
    made->depth = std::max({made->depth, key->depth + 1, value->depth + 1});
    made->entries.emplace_back(std::move(key), std::move(value));
    if (!peek().is_op("}")) expect_op(",");
  }
  return finish(std::move(made), {});
}

}  // namespace llmbox::jinja
