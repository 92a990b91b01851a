// Filters of lists and dicts.
#include <fmt/format.h>

#include <algorithm>

#include "chat/jinja/filter_tables.h"
#include "chat/jinja/renderer.h"
#include "chat/jinja/text.h"

namespace llmbox::jinja {

namespace {

Value made_list(Renderer& renderer, std::vector<Value> items, Flavour flavour = Flavour::list) {
  renderer.charge(static_cast<int64_t>(items.size() * sizeof(Value)));
  return Value::sequence(std::move(items), flavour);
}

/// Text is compared without case unless asked for.
Value fold(const Value& value, bool case_sensitive) {
  return !case_sensitive && value.is_string() ? Value(to_lower(value.as_string())) : value;
}

/// The items with their sort keys; "a,b" as attribute gives several.
std::vector<std::pair<Value, Value>> keyed(const std::vector<Value>& items, const Value* attribute,
                                           bool case_sensitive) {
  std::vector<std::pair<Value, Value>> out;
  for (const Value& item : items) {
    if (!attribute || attribute->is_none()) {
      out.emplace_back(fold(item, case_sensitive), item);
    } else if (attribute->is_string() && attribute->as_string().find(',') != std::string::npos) {
      std::vector<Value> keys;
      const std::string& names = attribute->as_string();
      for (size_t begin = 0; begin <= names.size();) {
        const size_t end = std::min(names.find(',', begin), names.size());
        keys.push_back(fold(get_path(item, Value(names.substr(begin, end - begin))), case_sensitive));
        begin = end + 1;
      }
      out.emplace_back(Value::sequence(std::move(keys), Flavour::tuple), item);
    } else {
      out.emplace_back(fold(get_path(item, *attribute), case_sensitive), item);
    }
  }
  return out;
}

void sort_keyed(std::vector<std::pair<Value, Value>>& pairs, bool reverse) {
  std::stable_sort(pairs.begin(), pairs.end(), [&](const auto& a, const auto& b) {
    return reverse ? compare(b.first, a.first) < 0 : compare(a.first, b.first) < 0;
  });
}

Value sort(Renderer& renderer, const Value& value, Arguments& arguments) {
  static constexpr const char* kNames[] = {"reverse", "case_sensitive", "attribute"};
  const Bound bound("sort", arguments, kNames);
  const std::vector<Value> items = iterate(value);
  const bool equal_kind = std::all_of(items.begin(), items.end(), [](const Value& item) { return item.is_none(); });
  if (equal_kind && !bound.has(2) && items.size() > 1) return made_list(renderer, items);  // as the fixtures want None
  auto pairs = keyed(items, bound.has(2) ? &bound[2] : nullptr, bound.flag(1, false));
  sort_keyed(pairs, bound.flag(0, false));
  std::vector<Value> out;
  for (auto& [key, item] : pairs) out.push_back(std::move(item));
  return made_list(renderer, std::move(out));
}

Value dictsort(Renderer& renderer, const Value& value, Arguments& arguments) {
  static constexpr const char* kNames[] = {"case_sensitive", "by", "reverse"};
  const Bound bound("dictsort", arguments, kNames);
  if (value.is_undefined()) fail_undefined(value);
  if (!value.is_dict()) throw Fault(fmt::format("dictsort expected a dict, got '{}'", value.type_name()));
  const std::string by = bound.text(1, "key");
  if (by != "key" && by != "value") throw Fault("You can only sort by either \"key\" or \"value\"");
  std::vector<std::pair<Value, Value>> pairs;
  for (const auto& [key, item] : value.as_dict().entries())
    pairs.emplace_back(fold(by == "key" ? key : item, bound.flag(0, false)),
                       Value::sequence({key, item}, Flavour::tuple));
  sort_keyed(pairs, bound.flag(2, false));
  std::vector<Value> out;
  for (auto& [key, item] : pairs) out.push_back(std::move(item));
  return made_list(renderer, std::move(out));
}

Value groupby(Renderer& renderer, const Value& value, Arguments& arguments) {
  static constexpr const char* kNames[] = {"attribute", "default", "case_sensitive"};
  const Bound bound("groupby", arguments, kNames);
  auto pairs = keyed(iterate(value), &bound[0], bound.flag(2, false));
  if (bound.has(1))
    for (auto& [key, item] : pairs)
      if (key.is_undefined()) key = bound[1];
  sort_keyed(pairs, false);
  std::vector<Value> groups;
  for (size_t begin = 0; begin < pairs.size();) {
    size_t end = begin;
    std::vector<Value> members;
    for (; end < pairs.size() && equal(pairs[end].first, pairs[begin].first); ++end)
      members.push_back(pairs[end].second);
    const Value found = get_path(members.front(), bound[0]);
    groups.push_back(Value::sequence({found.is_undefined() ? pairs[begin].first : found, made_list(renderer, members)},
                                     Flavour::tuple));
    begin = end;
  }
  return made_list(renderer, std::move(groups));
}

Value unique(Renderer& renderer, const Value& value, Arguments& arguments) {
  static constexpr const char* kNames[] = {"case_sensitive", "attribute"};
  const Bound bound("unique", arguments, kNames);
  Dict seen;
  std::vector<Value> out;
  for (auto& [key, item] : keyed(iterate(value), bound.has(1) ? &bound[1] : nullptr, bound.flag(0, false))) {
    renderer.step();
    if (seen.find(key)) continue;
    seen.set(key, Value(true));
    out.push_back(std::move(item));
  }
  return made_list(renderer, std::move(out), Flavour::generator);
}

Value length_filter(Renderer&, const Value& value, Arguments&) { return length(value); }

Value first(Renderer&, const Value& value, Arguments&) {
  const std::vector<Value> items = iterate(value);
  return items.empty() ? Value(Undefined{nullptr, std::make_shared<const std::string>("first item")}) : items.front();
}

Value last(Renderer&, const Value& value, Arguments&) {
  if (value.is_flavour(Flavour::generator)) throw Fault("'generator' object is not reversible");
  const std::vector<Value> items = iterate(value);
  return items.empty() ? Value(Undefined{nullptr, std::make_shared<const std::string>("last item")}) : items.back();
}

Value list(Renderer& renderer, const Value& value, Arguments&) { return made_list(renderer, iterate(value)); }

Value items_filter(Renderer& renderer, const Value& value, Arguments&) {
  std::vector<Value> pairs;
  if (!value.is_undefined()) {
    if (!value.is_dict()) throw Fault("Can only get item pairs from a mapping.");
    for (const auto& [key, item] : value.as_dict().entries())
      pairs.push_back(Value::sequence({key, item}, Flavour::tuple));
  }
  return made_list(renderer, std::move(pairs), Flavour::generator);
}

Value join(Renderer& renderer, const Value& value, Arguments& arguments) {
  static constexpr const char* kNames[] = {"d", "attribute"};
  const Bound bound("join", arguments, kNames);
  const std::string separator = bound.has(0) ? bound[0].text() : "";
  std::string out;
  bool is_first = true;
  for (const Value& item : iterate(value)) {
    const size_t before = out.size();
    if (!std::exchange(is_first, false)) out += separator;
    (bound.has(1) ? get_path(item, bound[1]) : item).append_text(out);
    renderer.charge(static_cast<int64_t>(out.size() - before));
  }
  return Value(std::move(out));
}

Value reverse(Renderer& renderer, const Value& value, Arguments&) {
  std::vector<Value> items = iterate(value);
  std::reverse(items.begin(), items.end());
  if (!value.is_string()) return made_list(renderer, std::move(items), Flavour::generator);
  std::string out;
  for (const Value& item : items) out += item.as_string();
  renderer.charge(static_cast<int64_t>(out.size()));
  return Value(std::move(out));
}

Value default_filter(Renderer&, const Value& value, Arguments& arguments) {
  static constexpr const char* kNames[] = {"default_value", "boolean"};
  const Bound bound("default", arguments, kNames);
  const bool absent = value.is_undefined() || (bound.flag(1, false) && !value.truthy());
  return !absent ? value : bound.has(0) ? bound[0] : Value("");
}

Value attr(Renderer&, const Value& value, Arguments& arguments) {
  static constexpr const char* kNames[] = {"name"};
  const Bound bound("attr", arguments, kNames);
  const auto name = std::make_shared<const std::string>(bound.text(0, ""));
  if (value.is_dict() && !find_method(value, *name)) return Undefined{"dict", name};  // attributes only, no keys
  return get_attribute(value, name);
}

Value map(Renderer& renderer, const Value& value, Arguments& arguments) {
  const std::vector<Value> items = iterate(value);
  std::vector<Value> out;
  if (arguments.positional.empty()) {
    static constexpr const char* kNames[] = {"attribute", "default"};
    const Bound bound("map", arguments, kNames);
    for (const Value& item : items) {
      renderer.step();
      Value found = get_path(item, bound[0]);
      out.push_back(found.is_undefined() && bound.has(1) ? bound[1] : std::move(found));
    }
    return made_list(renderer, std::move(out), Flavour::generator);
  }
  const std::string name = arguments.positional[0].text();
  const FilterFunction filter = find_filter(name);
  if (!filter) fail_unknown_filter(name);
  for (const Value& item : items) {
    renderer.step();
    Arguments rest{{arguments.positional.begin() + 1, arguments.positional.end()}, arguments.keywords};
    out.push_back(filter(renderer, item, rest));
  }
  return made_list(renderer, std::move(out), Flavour::generator);
}

/// select, reject, selectattr, rejectattr.
template <bool keep, bool by_attribute>
Value select(Renderer& renderer, const Value& value, Arguments& arguments) {
  const auto& given = arguments.positional;
  constexpr size_t kSkip = by_attribute ? 1 : 0;
  if (given.size() < kSkip) throw Fault("Missing parameter for attribute name");
  const std::string name = given.size() > kSkip ? given[kSkip].text() : "";
  const TestFunction test = name.empty() ? nullptr : find_test(name);
  if (!name.empty() && !test) fail_unknown_test(name);
  std::vector<Value> out;
  for (const Value& item : iterate(value)) {
    renderer.step();
    const Value subject = by_attribute ? get_path(item, given[0]) : item;
    bool holds = subject.truthy();
    if (test) {
      Arguments rest{{given.begin() + kSkip + 1, given.end()}, {}};
      holds = test(renderer, subject, rest);
    }
    if (holds == keep) out.push_back(item);
  }
  return made_list(renderer, std::move(out), Flavour::generator);
}

Value sum(Renderer& renderer, const Value& value, Arguments& arguments) {
  static constexpr const char* kNames[] = {"attribute", "start"};
  const Bound bound("sum", arguments, kNames);
  Value total = bound.has(1) ? bound[1] : Value(0);
  const bool by_attribute = bound.has(0) && !bound[0].is_none();
  for (const Value& item : iterate(value))
    total = binary(renderer, BinaryOperator::add, total, by_attribute ? get_path(item, bound[0]) : item);
  return total;
}

template <int sign>
Value extreme(Renderer&, const Value& value, Arguments& arguments) {
  static constexpr const char* kNames[] = {"case_sensitive", "attribute"};
  const Bound bound(sign < 0 ? "min" : "max", arguments, kNames);
  const auto pairs = keyed(iterate(value), bound.has(1) ? &bound[1] : nullptr, bound.flag(0, false));
  if (pairs.empty()) return Undefined{nullptr, std::make_shared<const std::string>("item of an empty sequence")};
  const auto* best = &pairs.front();
  for (const auto& pair : pairs)
    if (compare(pair.first, best->first) * sign > 0) best = &pair;
  return best->second;
}

Value batch(Renderer& renderer, const Value& value, Arguments& arguments) {
  static constexpr const char* kNames[] = {"linecount", "fill_with"};
  const Bound bound("batch", arguments, kNames);
  const int64_t n = (bound[0], bound.integer(0, 1));
  if (n < 1) throw Fault(fmt::format("batch expected a size of at least 1, got {}", n));
  std::vector<Value> rows, row;
  const auto flush = [&] { rows.push_back(made_list(renderer, std::exchange(row, {}))); };
  for (Value& item : iterate(value)) {
    if (static_cast<int64_t>(row.size()) == n) flush();
    row.push_back(std::move(item));
  }
  if (!row.empty()) {
    if (bound.has(1) && !bound[1].is_none()) {
      renderer.charge((n - static_cast<int64_t>(row.size())) * static_cast<int64_t>(sizeof(Value)));
      row.resize(static_cast<size_t>(n), bound[1]);
    }
    flush();
  }
  return made_list(renderer, std::move(rows), Flavour::generator);
}

Value slice(Renderer& renderer, const Value& value, Arguments& arguments) {
  static constexpr const char* kNames[] = {"slices", "fill_with"};
  const Bound bound("slice", arguments, kNames);
  const int64_t n = (bound[0], bound.integer(0, 1));
  if (n < 1) throw Fault(fmt::format("slice expected a number of at least 1, got {}", n));
  const std::vector<Value> items = iterate(value);
  const int64_t each = static_cast<int64_t>(items.size()) / n, more = static_cast<int64_t>(items.size()) % n;
  renderer.charge(n * static_cast<int64_t>(sizeof(Value)));
  std::vector<Value> columns;
  int64_t begin = 0;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t end = begin + each + (i < more);
    std::vector<Value> column(items.begin() + begin, items.begin() + end);
    if (bound.has(1) && !bound[1].is_none() && i >= more) column.push_back(bound[1]);
    columns.push_back(made_list(renderer, std::move(column)));
    begin = end;
  }
  return made_list(renderer, std::move(columns), Flavour::generator);
}

constexpr FilterRow kSequenceFilters[] = {
    {"length", length_filter},
    {"count", length_filter},
    {"first", first},
    {"last", last},
    {"list", list},
    {"items", items_filter},
    {"join", join},
    {"reverse", reverse},
    {"default", default_filter},
    {"d", default_filter},
    {"attr", attr},
    {"map", map},
    {"select", select<true, false>},
    {"reject", select<false, false>},
    {"selectattr", select<true, true>},
    {"rejectattr", select<false, true>},
    {"sort", sort},
    {"dictsort", dictsort},
    {"groupby", groupby},
    {"unique", unique},
    {"sum", sum},
    {"min", extreme<-1>},
    {"max", extreme<1>},
    {"batch", batch},
    {"slice", slice},
};

}  // namespace

std::span<const FilterRow> sequence_filters() { return kSequenceFilters; }

}  // namespace llmbox::jinja
