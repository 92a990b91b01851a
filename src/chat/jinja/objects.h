// Values with behaviour: namespaces, macros, built-in functions, bound methods, loops, cyclers, joiners.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "chat/jinja/ast.h"
#include "chat/jinja/renderer.h"
#include "chat/jinja/value.h"

namespace llmbox::jinja {

/// namespace(...): the one thing templates can change. The renderer tracks and empties it (it can hold itself).
class Namespace : public Object {
 public:
  const char* type_name() const override { return "Namespace"; }
  std::optional<Value> attribute(std::string_view name) const override;
  void set(const std::string& name, Value value);
  void clear();

 private:
  std::vector<std::pair<std::string, Value>> entries_;
};

class Function : public Object {
 public:
  using Body = Value (*)(Renderer&, Arguments&);
  explicit Function(Body body) : body_(body) {}
  const char* type_name() const override { return "function"; }
  bool callable() const override { return true; }
  Value call(Renderer& renderer, Arguments& arguments) override { return body_(renderer, arguments); }

 private:
  Body body_;
};

class BoundMethod : public Object {
 public:
  BoundMethod(Value self, Method method);
  const char* type_name() const override { return "builtin_function_or_method"; }
  bool callable() const override { return true; }
  Value call(Renderer& renderer, Arguments& arguments) override { return method_(renderer, self_, arguments); }
  int nesting() const override { return self_.nesting() + 1; }

 private:
  Value self_;
  Method method_;
};

/// A macro or the body of a call block, with the scope it was written in.
class MacroObject : public Object {
 public:
  MacroObject(const MacroSyntax& syntax, std::shared_ptr<Scope> scope) : syntax_(syntax), scope_(std::move(scope)) {}
  const char* type_name() const override { return "Macro"; }
  bool callable() const override { return true; }
  Value call(Renderer& renderer, Arguments& arguments) override;
  std::optional<Value> attribute(std::string_view name) const override;

 private:
  void bind_rest(Renderer& renderer, Arguments& arguments, const std::vector<bool>& bound) const;

  const MacroSyntax& syntax_;
  std::shared_ptr<Scope> scope_;
};

/// `loop` inside a for.
class LoopObject : public Object, public std::enable_shared_from_this<LoopObject> {
 public:
  LoopObject(const For& node, std::vector<Value> items, int depth);
  const char* type_name() const override { return "LoopContext"; }
  bool callable() const override { return true; }
  Value call(Renderer& renderer, Arguments& arguments) override;
  std::optional<Value> attribute(std::string_view name) const override;
  int nesting() const override { return nesting_; }
  const std::vector<Value>& items() const { return items_; }
  void move_to(size_t index) { index_ = index; }
  bool changed(std::vector<Value> values);
  size_t index() const { return index_; }

 private:
  const For& node_;
  std::vector<Value> items_;
  size_t index_ = 0;
  int depth_;
  int nesting_ = 0;
  std::optional<std::vector<Value>> last_;  // of changed()
};

/// Runs a for over `iterable` at recursion depth `depth`.
Flow run_loop(Renderer& renderer, const For& node, const Value& iterable, int depth);

}  // namespace llmbox::jinja
