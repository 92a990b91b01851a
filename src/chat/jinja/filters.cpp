#include <fmt/format.h>

#include "chat/jinja/filter_tables.h"
#include "chat/jinja/renderer.h"
#include "core/near_name.h"

namespace llmbox::jinja {

FilterFunction find_filter(std::string_view name) {
  for (const auto table : {sequence_filters(), text_filters()})
    for (const auto& [known, function] : table)
      if (known == name) return function;
  return nullptr;
}

void fail_unknown_filter(const std::string& name) {
  std::vector<std::string> names;
  for (const auto table : {sequence_filters(), text_filters()})
    for (const auto& row : table) names.emplace_back(row.first);
  throw Fault(fmt::format("expected a filter, got '{}'; try {}", name, near_names(name, names)));
}

Value tojson_filter(Renderer& renderer, const Value& value, Arguments& arguments) {
  static constexpr const char* kNames[] = {"ensure_ascii", "indent", "separators", "sort_keys"};
  const Bound bound("tojson", arguments, kNames);
  JsonStyle style;
  style.ensure_ascii = bound.flag(0, false);
  style.sort_keys = bound.flag(3, false);
  if (bound.has(1) && !bound[1].is_none()) {
    const int64_t width = bound[1].is_string() ? 0 : bound.integer(1, 0);
    if (width > 64) throw Fault(fmt::format("tojson expected an indent of at most 64, got {}", width));
    style.indent.emplace();
    if (bound[1].is_string()) style.indent->append(bound[1].as_string());
    for (int64_t i = 0; i < width; ++i) style.indent->push_back(' ');
    style.item_separator.pop_back();  // json.dumps drops the blank where it breaks lines
  }
  if (bound.has(2) && !bound[2].is_none()) {
    const std::vector<Value> separators = iterate(bound[2]);
    if (separators.size() != 2) throw Fault("tojson expected two separators");
    style.item_separator = separators[0].text();
    style.key_separator = separators[1].text();
  }
  std::string text = to_json(value, style);
  renderer.charge(static_cast<int64_t>(text.size()));
  return Value(std::move(text));
}

}  // namespace llmbox::jinja
