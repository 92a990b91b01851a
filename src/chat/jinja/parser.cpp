#include "chat/jinja/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "chat/jinja/expression_parser.h"
#include "core/near_name.h"

namespace llmbox::jinja {

namespace {

class Parser : public ExpressionParser {
 public:
  using ExpressionParser::ExpressionParser;

  Body parse() {
    Body body = parse_until({});
    if (peek().kind != TokenKind::end) fail_unexpected_block();
    return body;
  }

 private:
  using StatementPtr = std::unique_ptr<Statement>;
  using Names = std::initializer_list<std::string_view>;

  template <class Node>
  static std::unique_ptr<Node> make(Position at) {
    auto node = std::make_unique<Node>();
    node->at = at;
    return node;
  }

  /// Statements up to a block that opens with one of `ends` (which is not taken) or the end.
  Body parse_until(Names ends) {
    const ParseDepth depth(depth_, peek().at);
    Body body;
    while (true) {
      const Token& token = peek();
      if (token.kind == TokenKind::end) return body;
      if (token.kind == TokenKind::data) {
        auto text = make<Text>(token.at);
        text->text = take().text;
        body.push_back(std::move(text));
      } else if (token.kind == TokenKind::variable_begin) {
        take();
        auto print = make<Print>(peek().at);
        print->value = parse_tuple();
        expect(TokenKind::variable_end, "'}}'");
        body.push_back(std::move(print));
      } else {
        if (std::any_of(ends.begin(), ends.end(), [&](auto end) { return peek(1).is_name(end); })) return body;
        take();
        if (auto statement = parse_statement()) body.push_back(std::move(statement));
      }
    }
  }

  /// Statements up to {% end %}, which is taken. Requires: the opening block is closed.
  Body parse_body(std::string_view end) {
    Body body = parse_until({end});
    close(end);
    return body;
  }

  void close(std::string_view end) {
    if (peek().kind == TokenKind::end) fail_expected(fmt::format("{{% {} %}}", end));
    take();
    expect_name(end);
    end_block();
  }

  void end_block() { expect(TokenKind::block_end, "'%}'"); }

  [[noreturn]] void fail_unexpected_block() const {
    static const std::vector<std::string> kKnown = {"if",     "for",      "set",   "macro", "call",
                                                    "filter", "with",     "raw",   "break", "generation",
                                                    "do",     "continue", "block", "endif", "endfor"};
    const Token& name = peek().kind == TokenKind::block_begin ? peek(1) : peek();
    throw SyntaxFault{name.at,
                      fmt::format("expected a statement, got '{}'; try {}", name.text, near_names(name.text, kKnown))};
  }

  StatementPtr parse_statement() {
    const Position at = peek().at;
    if (peek().kind != TokenKind::name) fail_expected("a statement");
    static constexpr std::pair<std::string_view, StatementPtr (Parser::*)(Position)> kStatements[] = {
        {"if", &Parser::parse_if},       {"for", &Parser::parse_for},
        {"set", &Parser::parse_set},     {"macro", &Parser::parse_macro},
        {"call", &Parser::parse_call},   {"filter", &Parser::parse_filter_block},
        {"with", &Parser::parse_with},   {"generation", &Parser::parse_generation},
        {"cut", &Parser::parse_cut},     {"do", &Parser::parse_do},
        {"block", &Parser::parse_block}, {"autoescape", &Parser::parse_autoescape},
        {"break", &Parser::parse_break}, {"continue", &Parser::parse_continue}};
    for (const auto& [name, parse] : kStatements)
      if (take_name(name)) return (this->*parse)(at);
    fail_unexpected_block();
  }

  StatementPtr parse_if(Position at) {
    auto made = make<If>(at);
    while (true) {
      ExpressionPtr condition = parse_tuple(false);
      end_block();
      made->branches.emplace_back(std::move(condition), parse_until({"elif", "else", "endif"}));
      if (peek().kind == TokenKind::end) fail_expected("{% endif %}");
      take();
      if (!take_name("elif")) break;
    }
    if (!take_name("else")) {
      expect_name("endif");
      end_block();
      return made;
    }
    end_block();
    made->otherwise = parse_body("endif");
    return made;
  }

  StatementPtr parse_for(Position at) {
    auto made = make<For>(at);
    made->target = parse_target(false);
    expect_name("in");
    made->iterable = parse_tuple(false);
    if (take_name("if")) made->condition = parse_expression();
    made->recursive = take_name("recursive");
    end_block();
    ++loops_;
    made->body = parse_until({"else", "endfor"});
    --loops_;
    if (peek().kind == TokenKind::end) fail_expected("{% endfor %}");
    take();
    if (take_name("else")) {
      end_block();
      made->otherwise = parse_body("endfor");
    } else {
      expect_name("endfor");
      end_block();
    }
    return made;
  }

  /// One name, `name.attribute` where namespaces may be, or several with commas and brackets.
  Target parse_one_target(bool namespaces) {
    const ParseDepth depth(depth_, peek().at);
    if (take_op("(")) {
      Target inner = parse_target(namespaces);
      expect_op(")");
      return inner;
    }
    const Token& name = expect(TokenKind::name, "a name");
    if (name.text == "true" || name.text == "false" || name.text == "none" || name.text == "True" ||
        name.text == "False" || name.text == "None")
      throw SyntaxFault{name.at, fmt::format("expected a name to assign to, got '{}'", name.text)};
    Target target;
    target.symbol = symbol(name.text);
    if (namespaces && take_op(".")) target.attribute = expect(TokenKind::name, "an attribute's name").text;
    return target;
  }

  Target parse_target(bool namespaces) {
    Target first = parse_one_target(namespaces);
    if (!peek().is_op(",")) return first;
    Target tuple;
    tuple.parts.push_back(std::move(first));
    while (take_op(",") && (peek().kind == TokenKind::name || peek().is_op("(")) && !peek().is_name("in"))
      tuple.parts.push_back(parse_one_target(namespaces));
    return tuple;
  }

  StatementPtr parse_set(Position at) {
    Target target = parse_target(true);
    if (take_op("=")) {
      auto made = make<Set>(at);
      made->target = std::move(target);
      made->value = parse_tuple();
      end_block();
      return made;
    }
    auto made = make<SetBlock>(at);
    made->target = std::move(target);
    if (peek().is_op("|")) made->filters = parse_filters(nullptr);
    end_block();
    made->body = parse_body("endset");
    return made;
  }

  void parse_parameters(MacroSyntax& macro) {
    expect_op("(");
    while (!take_op(")")) {
      Parameter parameter;
      parameter.name = expect(TokenKind::name, "a parameter's name").text;
      parameter.symbol = symbol(parameter.name);
      if (take_op("="))
        parameter.fallback = parse_expression();
      else if (!macro.parameters.empty() && macro.parameters.back().fallback)
        fail_expected("'=' (a parameter without default may not follow one with a default)");
      macro.parameters.push_back(std::move(parameter));
      if (!peek().is_op(")")) expect_op(",");
    }
  }

  void parse_macro_body(MacroSyntax& macro, std::string_view end) {
    end_block();
    macros_.push_back(&macro);
    const int loops = std::exchange(loops_, 0);
    macro.body = parse_body(end);
    loops_ = loops;
    macros_.pop_back();
  }

  StatementPtr parse_macro(Position at) {
    auto made = make<Macro>(at);
    made->macro.name = expect(TokenKind::name, "the macro's name").text;
    made->symbol = symbol(made->macro.name);
    parse_parameters(made->macro);
    parse_macro_body(made->macro, "endmacro");
    return made;
  }

  StatementPtr parse_call(Position at) {
    auto made = make<CallBlock>(at);
    made->caller.name = "caller";
    if (peek().is_op("(")) parse_parameters(made->caller);
    const Position start = peek().at;
    ExpressionPtr call = parse_expression();
    if (!dynamic_cast<Call*>(call.get())) throw SyntaxFault{start, "expected a call after 'call'"};
    made->call.reset(static_cast<Call*>(call.release()));
    parse_macro_body(made->caller, "endcall");
    return made;
  }

  StatementPtr parse_filter_block(Position at) {
    auto made = make<FilterBlock>(at);
    made->filters = parse_first_filter();
    end_block();
    made->body = parse_body("endfilter");
    return made;
  }

  /// `filter a | b`: the first one has no '|' before it.
  ExpressionPtr parse_first_filter() {
    auto first = std::make_unique<FilterCall>();
    first->at = peek().at;
    first->name = expect(TokenKind::name, "a filter's name").text;
    first->function = find_filter(first->name);
    if (peek().is_op("(")) first->arguments = parse_call_arguments();
    return parse_filters(std::move(first));
  }

  StatementPtr parse_with(Position at) {
    auto made = make<With>(at);
    while (peek().kind != TokenKind::block_end) {
      if (!made->values.empty()) expect_op(",");
      Target target = parse_one_target(false);
      expect_op("=");
      made->values.emplace_back(std::move(target), parse_expression());
    }
    end_block();
    made->body = parse_body("endwith");
    return made;
  }

  StatementPtr parse_generation(Position at) {
    auto made = make<Generation>(at);
    end_block();
    made->body = parse_body("endgeneration");
    program_.has_generation = true;
    return made;
  }

  StatementPtr parse_cut(Position at) {
    auto made = make<Cut>(at);
    end_block();
    return made;
  }

  StatementPtr parse_do(Position at) {
    auto made = make<Do>(at);
    made->value = parse_tuple();
    end_block();
    return made;
  }

  /// Without inheritance a block is its body, in a scope of its own.
  StatementPtr parse_block(Position at) {
    auto made = make<With>(at);
    const std::string name = expect(TokenKind::name, "the block's name").text;
    take_name("scoped");
    take_name("required");
    end_block();
    made->body = parse_until({"endblock"});
    if (peek().kind == TokenKind::end) fail_expected("{% endblock %}");
    take();
    expect_name("endblock");
    take_name(name);
    end_block();
    return made;
  }

  StatementPtr parse_autoescape(Position at) {
    auto made = make<With>(at);
    parse_expression();
    end_block();
    made->body = parse_body("endautoescape");
    return made;
  }

  StatementPtr parse_break(Position at) { return parse_loop_control(at, Flow::break_loop); }
  StatementPtr parse_continue(Position at) { return parse_loop_control(at, Flow::continue_loop); }

  StatementPtr parse_loop_control(Position at, Flow flow) {
    if (loops_ == 0) throw SyntaxFault{at, "expected 'break' and 'continue' inside a loop, got one outside"};
    auto made = make<LoopControl>(at);
    made->flow = flow;
    end_block();
    return made;
  }

  int loops_ = 0;
};

}  // namespace

std::shared_ptr<const Program> parse_program(std::string source, std::string name, JinjaOptions options) {
  auto program = std::make_shared<Program>();
  program->name = std::move(name);
  program->options = std::move(options);
  program->body = Parser(tokenize(source), *program).parse();
  program->source = std::move(source);
  return program;
}

}  // namespace llmbox::jinja
