// The functions every template has.
#include <fmt/format.h>

#include <ctime>

#include "chat/jinja/objects.h"
#include "chat/jinja/renderer.h"

namespace llmbox::jinja {

namespace {

constexpr int64_t kMaxRange = 100'000;  // the sandbox's MAX_RANGE

Value range(Renderer& renderer, Arguments& arguments) {
  static constexpr const char* kNames[] = {"start", "stop", "step"};
  const Bound bound("range", arguments, kNames);
  const int64_t start = bound.has(1) ? bound.integer(0, 0) : 0;
  const int64_t stop = bound.has(1) ? bound.integer(1, 0) : (bound[0], bound.integer(0, 0));
  const int64_t step = bound.integer(2, 1);
  if (step == 0) throw Fault("range() arg 3 must not be zero");
  std::vector<Value> items;
  for (int64_t i = start; step > 0 ? i < stop : i > stop;) {
    if (static_cast<int64_t>(items.size()) >= kMaxRange)
      throw Fault(fmt::format("Range too big. The sandbox blocks ranges larger than MAX_RANGE ({}).", kMaxRange));
    items.emplace_back(i);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  renderer.charge(static_cast<int64_t>(items.size() * sizeof(Value)));
  return Value::sequence(std::move(items), Flavour::range);
}

Value make_namespace(Renderer& renderer, Arguments& arguments) {
  auto made = std::make_shared<Namespace>();
  for (const Value& initial : arguments.positional) {
    if (!initial.is_dict()) throw Fault(fmt::format("namespace expected a dict, got '{}'", initial.type_name()));
    for (const auto& [key, value] : initial.as_dict().entries()) made->set(key.text(), value);
  }
  for (const auto& [name, value] : arguments.keywords) made->set(name, value);
  renderer.charge(64);
  renderer.track(made);
  return Value(std::shared_ptr<Object>(std::move(made)));
}

Value make_dict(Renderer&, Arguments& arguments) {
  auto dict = std::make_shared<Dict>();
  for (const Value& initial : arguments.positional) {
    if (initial.is_dict()) {
      for (const auto& [key, value] : initial.as_dict().entries()) dict->set(key, value);
      continue;
    }
    for (const Value& pair : iterate(initial)) {
      const std::vector<Value> parts = iterate(pair);
      if (parts.size() != 2) throw Fault("dict expected pairs of key and value");
      dict->set(parts[0], parts[1]);
    }
  }
  for (const auto& [name, value] : arguments.keywords) dict->set(Value(name), value);
  return Value(std::shared_ptr<const Dict>(std::move(dict)));
}

Value raise_exception(Renderer& renderer, Arguments& arguments) {
  static constexpr const char* kNames[] = {"message"};
  const Bound bound("raise_exception", arguments, kNames);
  renderer.raise(bound[0].text());
}

Value strftime_now(Renderer& renderer, Arguments& arguments) {
  static constexpr const char* kNames[] = {"format"};
  const Bound bound("strftime_now", arguments, kNames);
  const std::string format = bound.text(0, "");
  const std::tm now = renderer.now();
  std::string out(format.size() * 16 + 64, '\0');
  renderer.charge(static_cast<int64_t>(out.size()));
  out.resize(std::strftime(out.data(), out.size(), format.c_str(), &now));
  return Value(std::move(out));
}

/// cycler(a, b, …): next(), current, reset().
class Cycler : public Object {
 public:
  explicit Cycler(std::vector<Value> items) : items_(std::move(items)) {
    for (const Value& item : items_) nesting_ = std::max(nesting_, item.nesting() + 1);
    if (nesting_ >= kMaxNesting) throw Fault("expected values nested less deep");
  }
  const char* type_name() const override { return "Cycler"; }
  int nesting() const override { return nesting_; }
  std::optional<Value> attribute(std::string_view name) const override;
  Value next() {
    const Value item = items_[at_];
    at_ = (at_ + 1) % items_.size();
    return item;
  }
  void reset() { at_ = 0; }

 private:
  std::vector<Value> items_;
  size_t at_ = 0;
  int nesting_ = 0;
};

/// An object's method without arguments.
template <class Owner, Value (*function)(Owner&)>
class Member : public Object {
 public:
  explicit Member(const Owner* owner) : owner_(const_cast<Owner*>(owner)) {}
  const char* type_name() const override { return "method"; }
  bool callable() const override { return true; }
  Value call(Renderer&, Arguments&) override { return function(*owner_); }

 private:
  Owner* owner_;
};

Value next_item(Cycler& cycler) { return cycler.next(); }
Value reset_cycler(Cycler& cycler) {
  cycler.reset();
  return None{};
}

std::optional<Value> Cycler::attribute(std::string_view name) const {
  if (name == "current") return items_[at_];
  if (name == "next") return Value(std::shared_ptr<Object>(std::make_shared<Member<Cycler, next_item>>(this)));
  if (name == "reset") return Value(std::shared_ptr<Object>(std::make_shared<Member<Cycler, reset_cycler>>(this)));
  return std::nullopt;
}

Value make_cycler(Renderer& renderer, Arguments& arguments) {
  if (arguments.positional.empty()) throw Fault("cycler expected at least one item");
  auto made = std::make_shared<Cycler>(std::move(arguments.positional));
  renderer.track(made);  // its methods point at it
  return Value(std::shared_ptr<Object>(std::move(made)));
}

/// joiner(sep): "" the first time, then sep.
class Joiner : public Object {
 public:
  explicit Joiner(std::string separator) : separator_(std::move(separator)) {}
  const char* type_name() const override { return "Joiner"; }
  bool callable() const override { return true; }
  Value call(Renderer&, Arguments&) override { return Value(std::exchange(used_, true) ? separator_ : ""); }

 private:
  std::string separator_;
  bool used_ = false;
};

Value make_joiner(Renderer&, Arguments& arguments) {
  static constexpr const char* kNames[] = {"sep"};
  const Bound bound("joiner", arguments, kNames);
  return Value(std::shared_ptr<Object>(std::make_shared<Joiner>(bound.text(0, ", "))));
}

constexpr std::pair<std::string_view, Function::Body> kGlobals[] = {
    {"range", range},
    {"namespace", make_namespace},
    {"dict", make_dict},
    {"raise_exception", raise_exception},
    {"strftime_now", strftime_now},
    {"cycler", make_cycler},
    {"joiner", make_joiner},
};

}  // namespace

Value find_global(std::string_view name) {
  for (const auto& [known, body] : kGlobals)
    if (known == name) return Value(std::shared_ptr<Object>(std::make_shared<Function>(body)));
  return {};
}

}  // namespace llmbox::jinja
