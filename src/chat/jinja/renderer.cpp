#include "chat/jinja/renderer.h"

#include <fmt/format.h>

#include <algorithm>

#include "chat/jinja/objects.h"

namespace llmbox::jinja {

/// Counts nested evaluations.
class Renderer::Depth {
 public:
  explicit Depth(Renderer& renderer) : renderer_(renderer) { ++renderer_.depth_; }
  ~Depth() { --renderer_.depth_; }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;

 private:
  Renderer& renderer_;
};

Renderer::Renderer(const Program& program, const Json& context)
    : program_(program), context_(context), root_(program.symbols.size()) {}

Renderer::~Renderer() {
  // Namespaces and closures can hold one another in circles or long chains: cut every link, one at a time.
  for (const auto& object : tracked_)
    if (auto* space = dynamic_cast<Namespace*>(object.get())) space->clear();
  for (const auto& scope : closures_) {
    const auto names = std::move(scope->names);
    scope->names.clear();
  }
}

RenderedSpans Renderer::run() {
  execute(program_.body);
  return {std::move(output_), std::move(generation_), std::move(cuts_)};
}

void Renderer::fail_at(Position at, std::string_view message) const {
  throw JinjaError(fmt::format("{}:{}:{}", program_.name, at.line, at.column), message, false);
}

void Renderer::raise(const std::string& message) const {
  throw JinjaError(fmt::format("{}:{}:{}", program_.name, at.line, at.column), message, true);
}

Value Renderer::evaluate(const Expression& expression) {
  const Depth depth(*this);
  at = expression.at;
  try {
    step();
    return expression.evaluate(*this);
  } catch (const Fault& fault) {
    fail_at(expression.at, fault.what());
  }
}

Flow Renderer::execute(const Body& body) {
  const Depth depth(*this);
  for (const auto& statement : body) {
    try {
      step();
      const Flow flow = statement->execute(*this);
      if (flow != Flow::next) return flow;
    } catch (const Fault& fault) {
      fail_at(statement->at, fault.what());
    }
  }
  return Flow::next;
}

void Renderer::step() {
  const JinjaLimits& limits = program_.options.limits;
  if (++steps_ > limits.steps) throw Fault(fmt::format("expected at most {} steps, got more", limits.steps));
  if (depth_ > limits.depth) throw Fault(fmt::format("expected a recursion at most {} deep, got more", limits.depth));
}

void Renderer::charge(int64_t bytes) {
  bytes_ += bytes;
  if (bytes < 0 || bytes_ > program_.options.limits.bytes)
    throw Fault(fmt::format("expected at most {} bytes of values, got more", program_.options.limits.bytes));
}

std::tm Renderer::now() const {
  if (program_.options.clock) return program_.options.clock();
  const std::time_t time = std::time(nullptr);
  std::tm local{};
  localtime_r(&time, &local);
  return local;
}

Value Renderer::lookup(int symbol) {
  for (const Scope* scope = scope_.get(); scope; scope = scope->parent.get())
    for (const auto& [name, value] : scope->names)
      if (name == symbol) return value;
  auto& cell = root_[static_cast<size_t>(symbol)];
  if (cell) return *cell;
  const std::string& name = program_.symbols[static_cast<size_t>(symbol)];
  const auto found = context_.find(name);
  if (found != context_.end()) {
    cell = Value::borrow(*found);
  } else {
    cell = find_global(name);
    if (cell->is_undefined()) cell = Value(Undefined{nullptr, String(String(), &name)});
  }
  return *cell;
}

void Renderer::assign(int symbol, Value value) {
  if (!scope_) {
    root_[static_cast<size_t>(symbol)] = std::move(value);
    return;
  }
  for (auto& [name, present] : scope_->names) {
    if (name != symbol) continue;
    present = std::move(value);
    return;
  }
  scope_->names.emplace_back(symbol, std::move(value));
}

void Renderer::assign(const Target& target, const Value& value) {
  if (!target.attribute.empty()) {
    auto* space = lookup(target.symbol).object_as<Namespace>();
    if (!space) throw Fault("cannot assign attribute on non-namespace object");
    space->set(target.attribute, value);
  } else if (target.parts.empty()) {
    assign(target.symbol, value);
  } else {
    if (value.is_undefined()) fail_undefined(value);
    const std::vector<Value> items = iterate(value);
    if (items.size() != target.parts.size())
      throw Fault(fmt::format("expected {} values to unpack, got {}", target.parts.size(), items.size()));
    for (size_t i = 0; i < items.size(); ++i) assign(target.parts[i], items[i]);
  }
}

void Renderer::write(std::string_view text) {
  const int64_t limit = program_.options.limits.output;
  if (static_cast<int64_t>(out_->size() + text.size()) > limit)
    throw Fault(fmt::format("expected at most {} bytes of output, got more", limit));
  out_->append(text);
}

void Renderer::write_value(const Value& value) {
  if (value.is_string())
    write(value.as_string());
  else if (!value.is_undefined())
    write(value.repr());
}

std::string Renderer::capture(const Body& body) {
  std::string text;
  std::string* const outer = std::exchange(out_, &text);
  try {
    execute(body);
  } catch (...) {
    out_ = outer;
    throw;
  }
  out_ = outer;
  charge(static_cast<int64_t>(text.size()));
  return text;
}

void Renderer::mark_generation(const Body& body) {
  const bool direct = out_ == &output_;  // captured text has no place yet
  const size_t begin = output_.size();
  execute(body);
  if (direct && output_.size() > begin) generation_.emplace_back(begin, output_.size());
}

void Renderer::mark_cut() {
  if (out_ == &output_) cuts_.push_back(output_.size());
}

Renderer::Inner::Inner(Renderer& renderer, std::shared_ptr<Scope> parent)
    : renderer_(renderer), outer_(renderer.scope_), parent_(std::move(parent)) {
  renderer_.scope_ = std::make_shared<Scope>(Scope{parent_, {}});
}

void Renderer::Inner::reset() {
  if (renderer_.scope_.use_count() == 1)
    renderer_.scope_->names.clear();
  else  // a macro keeps the last one
    renderer_.scope_ = std::make_shared<Scope>(Scope{parent_, {}});
}

Bound::Bound(std::string_view function, Arguments& arguments, std::span<const char* const> names)
    : function_(function), names_(names), values_(names.size()) {
  if (arguments.positional.size() > names.size())
    throw Fault(
        fmt::format("'{}' expected at most {} arguments, got {}", function, names.size(), arguments.positional.size()));
  for (size_t i = 0; i < arguments.positional.size(); ++i) values_[i] = &arguments.positional[i];
  for (const auto& [name, value] : arguments.keywords) {
    const auto found = std::find(names.begin(), names.end(), std::string_view(name));
    if (found == names.end()) throw Fault(fmt::format("'{}' got an unexpected keyword argument '{}'", function, name));
    const auto i = static_cast<size_t>(found - names.begin());
    if (values_[i]) throw Fault(fmt::format("'{}' got two values for argument '{}'", function, name));
    values_[i] = &value;
  }
}

const Value& Bound::operator[](size_t i) const {
  if (!values_[i]) throw Fault(fmt::format("'{}' expected the argument '{}', got none", function_, names_[i]));
  return *values_[i];
}

int64_t Bound::integer(size_t i, int64_t fallback) const {
  if (!has(i)) return fallback;
  if (!values_[i]->is_integral())
    throw Fault(
        fmt::format("'{}' expected an integer for '{}', got '{}'", function_, names_[i], values_[i]->type_name()));
  return values_[i]->as_int();
}

std::string Bound::text(size_t i, std::string_view fallback) const {
  if (!has(i)) return std::string(fallback);
  if (!values_[i]->is_string())
    throw Fault(fmt::format("'{}' expected a str for '{}', got '{}'", function_, names_[i], values_[i]->type_name()));
  return values_[i]->as_string();
}

}  // namespace llmbox::jinja
