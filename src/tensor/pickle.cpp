#include "tensor/pickle.h"

#include <bit>
#include <cstring>
#include <unordered_map>

#include "core/error.h"

namespace llmbox {

namespace {

using Kind = PickleValue::Kind;

// Opcodes: Python's Lib/pickletools.py.
enum Opcode : uint8_t {
  kMark = '(',
  kStop = '.',
  kPop = '0',
  kPopMark = '1',
  kBinFloat = 'G',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNone = 'N',
  kBinPersId = 'Q',
  kReduce = 'R',
  kBinString = 'T',
  kShortBinString = 'U',
  kBinUnicode = 'X',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kEmptyDict = '}',
  kAppends = 'e',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kEmptyList = ']',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kEmptyTuple = ')',
  kSetItems = 'u',
  kProto = 0x80,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
  kShortBinUnicode = 0x8c,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
};

constexpr int kMaxProtocol = 5;

}  // namespace

const char* kind_name(Kind kind) {
  constexpr const char* kNames[] = {"None", "bool", "int", "float", "str", "tuple", "list", "dict", "global", "object"};
  return kNames[static_cast<size_t>(kind)];
}

/// The stack machine. A null pointer on the stack is a mark.
class PickleMachine {
 public:
  PickleMachine(Pickle& pickle, std::string_view bytes, const PickleHost& host, const std::string& where)
      : pickle_(pickle), bytes_(bytes), host_(host), where_(where) {}

  void run() {
    while (true) {
      const auto op = read<uint8_t>();
      if (op == kStop) break;
      if (!constant(op) && !container(op) && !memo(op) && !call(op)) unknown(op);
    }
    pickle_.root_ = pop();
    pickle_.size_ = at_;
  }

 private:
  [[noreturn]] void unknown(uint8_t op) const {
    fail(where_, "expected a pickle of tensors only, got the opcode 0x{:02x} at byte {}; nothing of it was run", op,
         at_ - 1);
  }

  std::string_view take(size_t size) {
    if (size > bytes_.size() - at_)
      fail(where_, "expected {} more bytes of the pickle at byte {}, got {}; it is truncated", size, at_,
           bytes_.size() - at_);
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }

  template <class T>
  T read() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }

  std::string_view line() {
    const size_t end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) take(bytes_.size() - at_ + 1);
    const std::string_view text = take(end - at_ + 1);
    return text.substr(0, text.size() - 1);
  }

  PickleValue* make(PickleValue value) {
    if (pickle_.values_.size() >= Pickle::kMaxValues)
      fail(where_, "expected at most {} values in a pickle, got more", Pickle::kMaxValues);
    pickle_.values_.push_back(std::move(value));
    return &pickle_.values_.back();
  }

  void push(PickleValue value) { stack_.push_back(make(std::move(value))); }

  PickleValue* pop() {
    if (stack_.empty() || !stack_.back())
      fail(where_, "expected a value on the pickle's stack at byte {}, got none", at_);
    PickleValue* value = stack_.back();
    stack_.pop_back();
    return value;
  }

  PickleValue* top(std::initializer_list<Kind> kinds) {
    PickleValue* value = pop();
    stack_.push_back(value);
    for (const Kind kind : kinds)
      if (value->kind == kind) return value;
    fail(where_, "expected a {} on the pickle's stack at byte {}, got a {}", kind_name(*kinds.begin()), at_,
         kind_name(value->kind));
  }

  /// What lies above the last mark; the mark goes too.
  std::vector<const PickleValue*> above_mark() {
    size_t first = stack_.size();
    while (first > 0 && stack_[first - 1]) --first;
    if (first == 0) fail(where_, "expected a mark on the pickle's stack at byte {}, got none", at_);
    const std::vector<const PickleValue*> items(stack_.begin() + static_cast<std::ptrdiff_t>(first), stack_.end());
    stack_.resize(first - 1);
    return items;
  }

  void push_tuple(size_t n) {
    std::vector<const PickleValue*> items(n);
    for (size_t i = n; i-- > 0;) items[i] = pop();
    push({.kind = Kind::tuple, .items = std::move(items)});
  }

  void push_text(std::string_view text) { push({.kind = Kind::text, .text = std::string(text)}); }
  void push_integer(int64_t value) { push({.kind = Kind::integer, .integer = value}); }

  void push_long() {
    const size_t size = read<uint8_t>();
    const std::string_view bytes = take(size);
    if (size > 8) return push_text(bytes);
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) value |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
    const bool negative = size > 0 && size < 8 && (bytes[size - 1] & 0x80);
    if (negative) value |= ~uint64_t{0} << (8 * size);
    push_integer(static_cast<int64_t>(value));
  }

  double read_float() {  // big-endian
    uint64_t bits = 0;
    for (const char byte : take(8)) bits = bits << 8 | static_cast<uint8_t>(byte);
    return std::bit_cast<double>(bits);
  }

  bool constant(uint8_t op) {
    switch (op) {
      case kProto:
        if (const int version = read<uint8_t>(); version > kMaxProtocol)
          fail(where_, "expected a pickle of protocol 0 to {}, got {}", kMaxProtocol, version);
        return true;
      case kFrame:
        return take(8), true;
      case kNone:
        return push({}), true;
      case kNewTrue:
        return push({.kind = Kind::boolean, .integer = 1}), true;
      case kNewFalse:
        return push({.kind = Kind::boolean}), true;
      case kBinInt:
        return push_integer(read<int32_t>()), true;
      case kBinInt1:
        return push_integer(read<uint8_t>()), true;
      case kBinInt2:
        return push_integer(read<uint16_t>()), true;
      case kLong1:
        return push_long(), true;
      case kBinFloat:
        return push({.kind = Kind::real, .real = read_float()}), true;
      case kBinUnicode:
      case kBinString:
        return push_text(take(read<uint32_t>())), true;
      case kShortBinUnicode:
      case kShortBinString:
        return push_text(take(read<uint8_t>())), true;
      default:
        return false;
    }
  }

  bool container(uint8_t op) {
    switch (op) {
      case kMark:
        return stack_.push_back(nullptr), true;
      case kPop:
        return (!stack_.empty() && !stack_.back() ? stack_.pop_back() : (void)pop()), true;
      case kPopMark:
        return above_mark(), true;
      case kEmptyDict:
        return push({.kind = Kind::dict}), true;
      case kEmptyList:
        return push({.kind = Kind::list}), true;
      case kEmptyTuple:
        return push({.kind = Kind::tuple}), true;
      case kTuple:
        return push({.kind = Kind::tuple, .items = above_mark()}), true;
      case kTuple1:
        return push_tuple(1), true;
      case kTuple2:
        return push_tuple(2), true;
      case kTuple3:
        return push_tuple(3), true;
      case kAppend:
        return append({pop()}), true;
      case kAppends:
        return append(above_mark()), true;
      case kSetItems:
        return set_items(above_mark()), true;
      case kSetItem: {
        const PickleValue* value = pop();
        return set_items({pop(), value}), true;
      }
      default:
        return false;
    }
  }

  void append(const std::vector<const PickleValue*>& items) {
    PickleValue* list = top({Kind::list});
    list->items.insert(list->items.end(), items.begin(), items.end());
  }

  void set_items(const std::vector<const PickleValue*>& items) {
    if (items.size() % 2 != 0) fail(where_, "expected keys and values in pairs at byte {}", at_);
    PickleValue* dict = top({Kind::dict});
    dict->items.insert(dict->items.end(), items.begin(), items.end());
  }

  bool memo(uint8_t op) {
    switch (op) {
      case kBinPut:
        return memo_[read<uint8_t>()] = keep(), true;
      case kLongBinPut:
        return memo_[read<uint32_t>()] = keep(), true;
      case kMemoize: {
        const auto next = static_cast<uint32_t>(memo_.size());
        return memo_[next] = keep(), true;
      }
      case kBinGet:
        return recall(read<uint8_t>()), true;
      case kLongBinGet:
        return recall(read<uint32_t>()), true;
      default:
        return false;
    }
  }

  PickleValue* keep() {
    PickleValue* value = pop();
    stack_.push_back(value);
    return value;
  }

  void recall(uint32_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) fail(where_, "expected memo {} at byte {}, it was never set", key, at_);
    stack_.push_back(found->second);
  }

  bool call(uint8_t op) {
    switch (op) {
      case kGlobal: {
        const std::string module(line());
        return push_global(module, line()), true;
      }
      case kStackGlobal: {
        const PickleValue* name = pop();
        return push_global(pop()->text, name->text), true;
      }
      case kBinPersId:
        return push(host_.persistent(*pop())), true;
      case kReduce: {
        const PickleValue* arguments = pop();
        const PickleValue* callee = pop();
        if (callee->kind != Kind::global || arguments->kind != Kind::tuple)
          fail(where_, "expected a call by name at byte {}, got a {}", at_, kind_name(callee->kind));
        return push(host_.call(callee->text, *arguments)), true;
      }
      case kBuild:  // attributes of a dict, such as a state dict's _metadata: of no use to us
        pop();
        return top({Kind::dict}), true;
      default:
        return false;
    }
  }

  void push_global(const std::string& module, std::string_view name) {
    push({.kind = Kind::global, .text = module + " " + std::string(name)});
  }

  Pickle& pickle_;
  std::string_view bytes_;
  const PickleHost& host_;
  const std::string& where_;
  size_t at_ = 0;
  std::vector<PickleValue*> stack_;
  std::unordered_map<uint32_t, PickleValue*> memo_;
};

Pickle::Pickle(std::string_view bytes, const PickleHost& host, const std::string& where) {
  PickleMachine(*this, bytes, host, where).run();
}

}  // namespace llmbox
