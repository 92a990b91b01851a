#include "chat/jinja/objects.h"

#include <fmt/format.h>

#include <algorithm>

namespace llmbox::jinja {

std::optional<Value> Namespace::attribute(std::string_view name) const {
  for (const auto& [key, value] : entries_)
    if (key == name) return value;
  return std::nullopt;
}

void Namespace::set(const std::string& name, Value value) {
  for (auto& [key, present] : entries_) {
    if (key != name) continue;
    present = std::move(value);
    return;
  }
  entries_.emplace_back(name, std::move(value));
}

void Namespace::clear() {
  const auto entries = std::move(entries_);
  entries_.clear();
}

BoundMethod::BoundMethod(Value self, Method method) : self_(std::move(self)), method_(method) {
  if (self_.nesting() >= kMaxNesting) throw Fault("expected values nested less deep");
}

Value MacroObject::call(Renderer& renderer, Arguments& arguments) {
  const auto& parameters = syntax_.parameters;
  const Renderer::Inner inner(renderer, scope_);
  std::vector<bool> bound(parameters.size());
  for (size_t i = 0; i < std::min(parameters.size(), arguments.positional.size()); ++i) {
    renderer.assign(parameters[i].symbol, arguments.positional[i]);
    bound[i] = true;
  }
  bind_rest(renderer, arguments, bound);
  return Value(renderer.capture(syntax_.body));
}

void MacroObject::bind_rest(Renderer& renderer, Arguments& arguments, const std::vector<bool>& given) const {
  const auto& parameters = syntax_.parameters;
  std::vector<bool> bound = given;
  auto rest = std::make_shared<Dict>();
  Value caller = Undefined{nullptr, std::make_shared<const std::string>("caller")};
  for (auto& [name, value] : arguments.keywords) {
    const auto found =
        std::find_if(parameters.begin(), parameters.end(), [&name = name](const auto& p) { return p.name == name; });
    if (found != parameters.end()) {
      const auto i = static_cast<size_t>(found - parameters.begin());
      if (bound[i]) throw Fault(fmt::format("macro '{}' got two values for argument '{}'", syntax_.name, name));
      bound[i] = true;
      renderer.assign(found->symbol, value);
    } else if (name == "caller" && syntax_.uses_caller) {
      caller = value;
    } else if (syntax_.uses_kwargs) {
      rest->set(Value(name), value);
    } else {
      throw Fault(fmt::format("macro '{}' takes no keyword argument '{}'", syntax_.name, name));
    }
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (bound[i]) continue;
    const Parameter& parameter = parameters[i];
    renderer.assign(parameter.symbol, parameter.fallback
                                          ? renderer.evaluate(*parameter.fallback)
                                          : Value(Undefined{nullptr, String(String(), &parameter.name)}));
  }
  const size_t n = std::min(parameters.size(), arguments.positional.size());
  if (syntax_.uses_varargs) {
    std::vector<Value> more(arguments.positional.begin() + static_cast<std::ptrdiff_t>(n), arguments.positional.end());
    renderer.assign(kVarargs, Value::sequence(std::move(more), Flavour::tuple));
  } else if (n < arguments.positional.size()) {
    throw Fault(fmt::format("macro '{}' takes not more than {} argument(s)", syntax_.name, parameters.size()));
  }
  if (syntax_.uses_kwargs) renderer.assign(kKwargs, Value(std::shared_ptr<const Dict>(std::move(rest))));
  if (syntax_.uses_caller) renderer.assign(kCaller, caller);
}

std::optional<Value> MacroObject::attribute(std::string_view name) const {
  if (name == "name") return Value(syntax_.name);
  if (name == "catch_kwargs") return Value(syntax_.uses_kwargs);
  if (name == "catch_varargs") return Value(syntax_.uses_varargs);
  if (name == "caller") return Value(syntax_.uses_caller);
  if (name != "arguments") return std::nullopt;
  std::vector<Value> names;
  for (const Parameter& parameter : syntax_.parameters) names.emplace_back(parameter.name);
  return Value::sequence(std::move(names), Flavour::tuple);
}

namespace {

/// loop.cycle(…) and loop.changed(…).
class LoopMethod : public Object {
 public:
  LoopMethod(std::shared_ptr<const LoopObject> loop, bool cycles) : loop_(std::move(loop)), cycles_(cycles) {}
  const char* type_name() const override { return "method"; }
  bool callable() const override { return true; }
  int nesting() const override { return loop_->nesting() + 1; }
  Value call(Renderer&, Arguments& arguments) override {
    if (!cycles_) return const_cast<LoopObject&>(*loop_).changed(std::move(arguments.positional));
    if (arguments.positional.empty()) throw Fault("no items for cycling given");
    return arguments.positional[loop_->index() % arguments.positional.size()];
  }

 private:
  std::shared_ptr<const LoopObject> loop_;
  bool cycles_;
};

}  // namespace

LoopObject::LoopObject(const For& node, std::vector<Value> items, int depth)
    : node_(node), items_(std::move(items)), depth_(depth) {
  for (const Value& item : items_) nesting_ = std::max(nesting_, item.nesting() + 1);
  if (nesting_ >= kMaxNesting) throw Fault("expected values nested less deep");
}

Value LoopObject::call(Renderer& renderer, Arguments& arguments) {
  if (!node_.recursive) throw Fault("The loop must have the 'recursive' marker to be called recursively.");
  if (arguments.positional.size() != 1) throw Fault("'loop' expected one value to go on with");
  // The text is captured by a body of one statement, the loop itself.
  struct Again : Statement {
    const For* node;
    Value iterable;
    int depth;
    Flow execute(Renderer& r) const override { return run_loop(r, *node, iterable, depth); }
  };
  auto again = std::make_unique<Again>();
  again->at = node_.at;
  again->node = &node_;
  again->iterable = arguments.positional[0];
  again->depth = depth_ + 1;
  jinja::Body body;
  body.push_back(std::move(again));
  return Value(renderer.capture(body));
}

bool LoopObject::changed(std::vector<Value> values) {
  const bool same =
      last_ && last_->size() == values.size() && std::equal(values.begin(), values.end(), last_->begin(), equal);
  if (!same) last_ = std::move(values);
  return !same;
}

std::optional<Value> LoopObject::attribute(std::string_view name) const {
  const auto index = static_cast<int64_t>(index_);
  const auto n = static_cast<int64_t>(items_.size());
  if (name == "index") return Value(index + 1);
  if (name == "index0") return Value(index);
  if (name == "revindex") return Value(n - index);
  if (name == "revindex0") return Value(n - index - 1);
  if (name == "first") return Value(index == 0);
  if (name == "last") return Value(index == n - 1);
  if (name == "length") return Value(n);
  if (name == "depth") return Value(depth_ + 1);
  if (name == "depth0") return Value(depth_);
  if (name == "cycle" || name == "changed")
    return Value(std::shared_ptr<Object>(std::make_shared<LoopMethod>(shared_from_this(), name == "cycle")));
  if (name == "previtem")
    return index > 0 ? items_[index_ - 1] : Value(Undefined{"loop", std::make_shared<const std::string>("previtem")});
  if (name == "nextitem")
    return index < n - 1 ? items_[index_ + 1]
                         : Value(Undefined{"loop", std::make_shared<const std::string>("nextitem")});
  return std::nullopt;
}

Flow run_loop(Renderer& renderer, const For& node, const Value& iterable, int depth) {
  if (iterable.is_none() || (!iterable.is_undefined() && iterable.is_object()))
    throw Fault(fmt::format("'{}' object is not iterable", iterable.type_name()));
  std::vector<Value> items = iterate(iterable);
  Renderer::Inner inner(renderer, renderer.scope());
  if (node.condition) {
    std::vector<Value> kept;
    for (Value& item : items) {
      inner.reset();
      renderer.assign(node.target, item);
      if (renderer.evaluate(*node.condition).truthy()) kept.push_back(std::move(item));
    }
    items = std::move(kept);
  }
  const auto loop = std::make_shared<LoopObject>(node, std::move(items), depth);
  const size_t n = loop->items().size();
  for (size_t i = 0; i < n; ++i) {
    inner.reset();
    loop->move_to(i);
    renderer.assign(kLoop, Value(std::shared_ptr<Object>(loop)));
    renderer.assign(node.target, loop->items()[i]);
    if (renderer.execute(node.body) == Flow::break_loop) break;
  }
  if (n > 0) return Flow::next;
  inner.reset();
  return renderer.execute(node.otherwise);
}

}  // namespace llmbox::jinja
