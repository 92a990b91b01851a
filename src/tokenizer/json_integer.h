// Integers of a tokenizer's JSON, checked: a fraction, a huge number or another type is an Error, never cut off.
#pragma once

#include "core/error.h"
#include "core/json.h"
#include "tokenizer/model/string_table.h"

namespace llmbox {

inline int64_t json_integer(const Json& value, int64_t least, int64_t most, std::string_view what) {
  const bool whole = value.is_number_integer() && !(value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX);
  if (!whole || value.get<int64_t>() < least || value.get<int64_t>() > most)
    fail("tokenizer", "expected {} from {} to {}, got {}; try the original file", what, least, most,
         value.dump().substr(0, 40));
  return value.get<int64_t>();
}

inline int32_t json_token_id(const Json& value) {
  return static_cast<int32_t>(json_integer(value, 0, StringTable::kIdEnd - 1, "a token's id"));
}

/// description[name], a number of characters; `absent` where there is none.
inline size_t json_count(const Json& description, const char* name, size_t absent) {
  if (!description.contains(name)) return absent;
  return static_cast<size_t>(json_integer(description[name], 0, INT32_MAX, name));
}

}  // namespace llmbox
