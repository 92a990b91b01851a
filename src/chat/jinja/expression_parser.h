// The expression half of the parser and the token cursor both halves share.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "chat/jinja/ast.h"

namespace llmbox::jinja {

/// Bounds that keep recursion over the tree off the end of the stack.
constexpr int kMaxParseDepth = 150;
constexpr int kMaxTreeDepth = 900;

class ExpressionParser {
 public:
  ExpressionParser(std::vector<Token> tokens, Program& program);

 protected:
  enum class Tuples : uint8_t { no, yes };

  ExpressionPtr parse_expression(bool with_condition = true);
  /// One expression or, with commas, a tuple.
  ExpressionPtr parse_tuple(bool with_condition = true);
  ExpressionPtr parse_primary();
  ExpressionPtr parse_filters(ExpressionPtr input);
  CallSyntax parse_call_arguments();
  ExpressionPtr parse_postfix(ExpressionPtr node);

  const Token& peek(size_t ahead = 0) const { return tokens_[std::min(next_ + ahead, tokens_.size() - 1)]; }
  const Token& take() { return tokens_[std::min(next_++, tokens_.size() - 1)]; }
  bool take_op(std::string_view op);
  bool take_name(std::string_view name);
  const Token& expect(TokenKind kind, std::string_view what);
  void expect_op(std::string_view op);
  void expect_name(std::string_view name);
  [[noreturn]] void fail_expected(std::string_view what) const;
  int symbol(const std::string& name);

  Program& program_;
  std::vector<MacroSyntax*> macros_;  // those being parsed, outermost first
  int depth_ = 0;

 private:
  template <class Node>
  std::unique_ptr<Node> make(Position at) {
    auto node = std::make_unique<Node>();
    node->at = at;
    return node;
  }
  ExpressionPtr finish(ExpressionPtr node, std::initializer_list<const Expression*> children) const;
  ExpressionPtr parse_condition();
  ExpressionPtr parse_or();
  ExpressionPtr parse_and();
  ExpressionPtr parse_not();
  ExpressionPtr parse_compare();
  ExpressionPtr parse_sum();
  ExpressionPtr parse_concatenation();
  ExpressionPtr parse_product();
  ExpressionPtr parse_power();
  ExpressionPtr parse_unary(bool with_filters = true);
  ExpressionPtr parse_filter(ExpressionPtr input);
  ExpressionPtr parse_test(ExpressionPtr input);
  ExpressionPtr parse_subscript(ExpressionPtr object);
  ExpressionPtr parse_attribute(ExpressionPtr object);
  ExpressionPtr parse_name();
  ExpressionPtr parse_number();
  ExpressionPtr parse_list();
  ExpressionPtr parse_dict();
  std::string parse_dotted_name();
  std::optional<Comparison> take_comparison();
  int depth_of(const CallSyntax& call) const;

  std::vector<Token> tokens_;
  size_t next_ = 0;
  std::unordered_map<std::string, int> symbols_;
};

/// Counts the nesting of a recursive descent; throws SyntaxFault beyond the bound.
class ParseDepth {
 public:
  ParseDepth(int& depth, Position at);
  ~ParseDepth() { --depth_; }
  ParseDepth(const ParseDepth&) = delete;
  ParseDepth& operator=(const ParseDepth&) = delete;

 private:
  int& depth_;
};

}  // namespace llmbox::jinja
