// One render: variables, output, and the bounds (steps, depth, memory, output size). Not shared between threads.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/jinja.h"
#include "chat/jinja/ast.h"
#include "chat/jinja/value.h"

namespace llmbox::jinja {

/// The names of a loop's iteration, a macro's call or a `with`. Few names: a scan finds them.
struct Scope {
  std::shared_ptr<Scope> parent;  // null: the root's variables are next
  std::vector<std::pair<int, Value>> names;
};

class Renderer {
 public:
  Renderer(const Program& program, const Json& context);
  ~Renderer();
  Renderer(const Renderer&) = delete;
  Renderer& operator=(const Renderer&) = delete;

  RenderedSpans run();

  Value evaluate(const Expression& expression);
  Flow execute(const Body& body);

  Value lookup(int symbol);
  void assign(int symbol, Value value);
  void assign(const Target& target, const Value& value);

  void write(std::string_view text);
  void write_value(const Value& value);
  /// What `body` writes, as text.
  std::string capture(const Body& body);
  void mark_generation(const Body& body);
  void mark_cut();

  /// Accounts for `bytes` of new memory. Throws Fault beyond the bounds.
  void charge(int64_t bytes);
  void step();
  [[noreturn]] void raise(const std::string& message) const;
  std::tm now() const;

  const std::shared_ptr<Scope>& scope() const { return scope_; }
  /// Objects that may hold themselves; they are emptied when the render ends.
  void track(std::shared_ptr<Object> object) { tracked_.push_back(std::move(object)); }
  void track(std::shared_ptr<Scope> scope) { closures_.push_back(std::move(scope)); }

  /// Enters a scope for its life time.
  class Inner {
   public:
    Inner(Renderer& renderer, std::shared_ptr<Scope> parent);
    ~Inner() { renderer_.scope_ = std::move(outer_); }
    Inner(const Inner&) = delete;
    Inner& operator=(const Inner&) = delete;
    /// Forgets the names, for the next iteration.
    void reset();

   private:
    Renderer& renderer_;
    std::shared_ptr<Scope> outer_, parent_;
  };

  /// Sets what the filter chain of a block reads at its head.
  const Value* block_text = nullptr;
  /// Where the node stands that is being evaluated.
  Position at;

 private:
  class Depth;
  [[noreturn]] void fail_at(Position at, std::string_view message) const;

  const Program& program_;
  const Json& context_;
  std::vector<std::optional<Value>> root_;  // by symbol; empty: not looked up yet
  std::shared_ptr<Scope> scope_;
  std::string output_;
  std::string* out_ = &output_;
  std::vector<std::pair<size_t, size_t>> generation_;
  std::vector<size_t> cuts_;
  std::vector<std::shared_ptr<Object>> tracked_;
  std::vector<std::shared_ptr<Scope>> closures_;
  int64_t steps_ = 0;
  int64_t bytes_ = 0;
  int depth_ = 0;
};

/// Calls a value. Throws Fault where it is not callable.
Value call_value(Renderer& renderer, const Value& callee, Arguments& arguments);

/// Jinja's environment.getattr and getitem: undefined where there is no such thing.
Value get_attribute(const Value& object, const String& name);
Value get_item(const Value& object, const Value& index);
/// "a.b.0" as the filters' attribute= reads it.
Value get_path(const Value& object, const Value& path);

/// A method of str, list, tuple or dict; nullptr where the type has none of that name.
using Method = Value (*)(Renderer&, const Value& self, Arguments& arguments);
Method find_method(const Value& self, std::string_view name);
Method find_string_method(std::string_view name);

/// range, namespace, dict, raise_exception …; undefined for other names.
Value find_global(std::string_view name);

/// Python's arithmetic.
Value binary(Renderer& renderer, BinaryOperator op, const Value& left, const Value& right);
bool compare_values(Comparison op, const Value& left, const Value& right);
bool contains(const Value& container, const Value& item);
/// Python's % on text, and str.format.
std::string format_percent(Renderer& renderer, const std::string& format, const Value& values);
std::string format_braces(Renderer& renderer, const std::string& format, const Arguments& arguments);

/// The arguments of a built-in by the names of its parameters. Throws Fault for unknown, doubled or too many ones.
class Bound {
 public:
  Bound(std::string_view function, Arguments& arguments, std::span<const char* const> names);
  bool has(size_t i) const { return values_[i] != nullptr; }
  const Value& operator[](size_t i) const;
  bool flag(size_t i, bool fallback) const { return has(i) ? values_[i]->truthy() : fallback; }
  int64_t integer(size_t i, int64_t fallback) const;
  std::string text(size_t i, std::string_view fallback) const;

 private:
  std::string_view function_;
  std::span<const char* const> names_;
  std::vector<const Value*> values_;
};

}  // namespace llmbox::jinja
