// The filters, in two tables: those of sequences and those of text and numbers.
#pragma once

#include <span>
#include <string_view>
#include <utility>

#include "chat/jinja/ast.h"

namespace llmbox::jinja {

using FilterRow = std::pair<std::string_view, FilterFunction>;
std::span<const FilterRow> sequence_filters();
std::span<const FilterRow> text_filters();

/// tojson with its arguments.
Value tojson_filter(Renderer& renderer, const Value& value, Arguments& arguments);

}  // namespace llmbox::jinja
