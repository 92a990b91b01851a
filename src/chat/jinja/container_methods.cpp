// The methods of dict, list and tuple. Those that would change them are refused, as in the sandbox.
#include <fmt/format.h>

#include "chat/jinja/renderer.h"

namespace llmbox::jinja {

namespace {

constexpr const char* kNoParameters[] = {""};

Value view(Renderer& renderer, const Value& self, Arguments& arguments, Flavour flavour) {
  const Bound bound("dict method", arguments, {kNoParameters, 0});
  const auto& entries = self.as_dict().entries();
  std::vector<Value> items;
  items.reserve(entries.size());
  for (const auto& [key, value] : entries) {
    if (flavour == Flavour::keys)
      items.push_back(key);
    else if (flavour == Flavour::values)
      items.push_back(value);
    else
      items.push_back(Value::sequence({key, value}, Flavour::tuple));
  }
  renderer.charge(static_cast<int64_t>(items.size() * 2 * sizeof(Value)));
  return Value::sequence(std::move(items), flavour);
}

Value keys(Renderer& renderer, const Value& self, Arguments& arguments) {
  return view(renderer, self, arguments, Flavour::keys);
}
Value values(Renderer& renderer, const Value& self, Arguments& arguments) {
  return view(renderer, self, arguments, Flavour::values);
}
Value items(Renderer& renderer, const Value& self, Arguments& arguments) {
  return view(renderer, self, arguments, Flavour::items);
}

Value get(Renderer&, const Value& self, Arguments& arguments) {
  static constexpr const char* kNames[] = {"key", "default"};
  const Bound bound("get", arguments, kNames);
  if (const Value* found = self.as_dict().find(bound[0])) return *found;
  return bound.has(1) ? bound[1] : Value(None{});
}

Value copy(Renderer&, const Value& self, Arguments&) { return self; }

Value count(Renderer&, const Value& self, Arguments& arguments) {
  static constexpr const char* kNames[] = {"value"};
  const Bound bound("count", arguments, kNames);
  int64_t n = 0;
  for (const Value& item : self.as_sequence().items) n += equal(item, bound[0]);
  return n;
}

Value index(Renderer&, const Value& self, Arguments& arguments) {
  static constexpr const char* kNames[] = {"value"};
  const Bound bound("index", arguments, kNames);
  const auto& all = self.as_sequence().items;
  for (size_t i = 0; i < all.size(); ++i)
    if (equal(all[i], bound[0])) return static_cast<int64_t>(i);
  throw Fault(fmt::format("{} is not in list", bound[0].repr()));
}

Value refuse(Renderer&, const Value& self, Arguments&) {
  throw Fault(fmt::format("a template may not change a {}; try a namespace", self.type_name()));
}

constexpr std::pair<std::string_view, Method> kDictMethods[] = {
    {"items", items}, {"keys", keys},     {"values", values},     {"get", get},      {"copy", copy},
    {"pop", refuse},  {"update", refuse}, {"setdefault", refuse}, {"clear", refuse}, {"popitem", refuse}};

constexpr std::pair<std::string_view, Method> kListMethods[] = {
    {"count", count},    {"index", index},   {"copy", copy},   {"append", refuse},
    {"extend", refuse},  {"insert", refuse}, {"pop", refuse},  {"remove", refuse},
    {"reverse", refuse}, {"sort", refuse},   {"clear", refuse}};

Method find_in(std::span<const std::pair<std::string_view, Method>> methods, std::string_view name) {
  for (const auto& [known, method] : methods)
    if (known == name) return method;
  return nullptr;
}

}  // namespace

Method find_method(const Value& self, std::string_view name) {
  if (self.is_string()) return find_string_method(name);
  if (self.is_dict()) return find_in(kDictMethods, name);
  if (self.is_flavour(Flavour::list)) return find_in(kListMethods, name);
  if (self.is_flavour(Flavour::tuple) || self.is_flavour(Flavour::range))
    return find_in(std::span(kListMethods).first(2), name);
  return nullptr;
}

}  // namespace llmbox::jinja
