// Python's pickle, the part that describes data: numbers, texts, tuples, lists, dicts, and calls that a host answers.
// Nothing of a pickle is ever run: a global is a name, a call goes to the host, which knows a short list and refuses
// the rest. Values are owned by the Pickle and point to each other (cycles are harmless). Refused with an Error naming
// the byte: opcodes outside the part, a stack or memo used wrongly, truncation, more values than kMaxValues.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace llmbox {

struct PickleValue {
  enum class Kind { none, boolean, integer, real, text, tuple, list, dict, global, object };
  Kind kind = Kind::none;
  int64_t integer = 0;  // boolean, integer; of an object: whatever its host keeps
  double real = 0;
  std::string text{};                       // text; global: "module name"; the bytes of an integer over 64 bits
  std::vector<const PickleValue*> items{};  // tuple, list; dict: key, value, key, value …
};

const char* kind_name(PickleValue::Kind kind);

/// Answers what the pickle asks for. Both throw Error for what they do not know.
struct PickleHost {
  std::function<PickleValue(const PickleValue& id)> persistent;
  std::function<PickleValue(const std::string& global, const PickleValue& arguments)> call;
};

class Pickle {
 public:
  static constexpr size_t kMaxValues = 8u << 20;

  /// Runs one pickle from the start of `bytes`. `where` names the file in errors.
  Pickle(std::string_view bytes, const PickleHost& host, const std::string& where);
  Pickle(const Pickle&) = delete;
  Pickle& operator=(const Pickle&) = delete;

  const PickleValue& root() const { return *root_; }
  size_t size() const { return size_; }  // bytes that it took

 private:
  friend class PickleMachine;
  std::deque<PickleValue> values_;
  const PickleValue* root_ = nullptr;
  size_t size_ = 0;
};

}  // namespace llmbox
