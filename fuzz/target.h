// What is fuzzed: fuzz/NAME.cpp reads any bytes as one kind of input that users bring. A clear refusal (Error) is as
// good as success; a crash, a leak, undefined behaviour, memory or time without bound is not. `make fuzz TARGET=NAME`
// searches with libFuzzer; every test run reads the inputs of fuzz/seeds/NAME again.
#pragma once

#include <functional>
#include <string_view>

#include "core/error.h"
#include "core/json.h"

namespace llmbox {

/// The target of this program.
void fuzz_one(std::string_view bytes);

/// Runs read(), which may refuse.
void may_refuse(const std::function<void()>& read);

/// Runs read(path) on a file of these bytes in a scratch folder; it may refuse.
void read_as_file(std::string_view bytes, const char* name, const std::function<void(const std::string& path)>& read);

}  // namespace llmbox
