#include "chat/tool_format/reply_json.h"

#include "chat/jinja/text.h"
#include "chat/tool_format/given.h"

namespace llmbox::tool_text {
namespace {

/// Builds the value from the parser's events; false stops the parser.
class Reader : public Json::json_sax_t {
 public:
  Json take() { return std::move(result_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool flag) override { return add(flag); }
  bool number_integer(number_integer_t number) override { return add(number); }
  bool number_unsigned(number_unsigned_t number) override { return add(number); }
  bool number_float(number_float_t number, const string_t&) override { return add(number); }
  bool string(string_t& text) override { return add(std::move(text)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(size_t) override { return open(true); }
  bool start_array(size_t) override { return open(false); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    levels_.back().key = std::move(name);
    return true;
  }
  bool parse_error(size_t, const std::string&, const Json::exception&) override { return false; }

 private:
  struct Level {
    bool is_object;
    std::string key;
    ObjectBuilder object;
    Json array;
  };

  bool open(bool is_object) {
    if (levels_.size() == static_cast<size_t>(kDeepest)) return false;
    levels_.push_back({is_object, {}, {}, Json::array()});
    return true;
  }

  bool close() {
    Level& level = levels_.back();
    Json made = level.is_object ? level.object.take() : std::move(level.array);
    levels_.pop_back();
    return add(std::move(made));
  }

  bool add(Json value) {
    if (levels_.empty()) {
      result_ = std::move(value);
    } else if (Level& level = levels_.back(); level.is_object) {
      level.object.set(std::move(level.key), std::move(value));
    } else {
      level.array.push_back(std::move(value));
    }
    return true;
  }

  std::vector<Level> levels_;
  Json result_;
};

}  // namespace

void ObjectBuilder::set(std::string key, Json value) {
  const auto [place, is_new] = places_.emplace(key, entries_.size());
  if (is_new)
    entries_.emplace_back(std::move(key), std::move(value));
  else
    entries_[place->second].second = std::move(value);
}

Json ObjectBuilder::take() {
  Json::object_t object;
  object.reserve(entries_.size());
  for (auto& [key, value] : entries_) object.emplace_back(std::move(key), std::move(value));
  entries_.clear();
  places_.clear();
  return Json(std::move(object));
}

std::optional<Json> read_json(std::string_view text) {
  if (text.find('\0') != text.npos) return std::nullopt;  // the parser would take it for the end
  Reader reader;
  if (!Json::sax_parse(text.begin(), text.end(), &reader)) return std::nullopt;
  return reader.take();
}

Json make_call(std::string_view name, Json arguments) {
  Json call;
  call["name"] = name;
  call["arguments"] = std::move(arguments);
  return call;
}

std::optional<Json> take_call(Json object, const char* key) {
  if (!object.is_object()) return std::nullopt;
  const auto name = object.find("name"), arguments = object.find(key);
  if (name == object.end() || arguments == object.end() || !name->is_string()) return std::nullopt;
  return make_call(name->get_ref<const std::string&>(), std::move(*arguments));
}

std::optional<Json> read_call_list(std::string_view text, const char* key) {
  std::optional<Json> read = read_json(jinja::strip(text));
  if (!read) return std::nullopt;
  if (!read->is_array()) {
    Json list = Json::array();
    list.push_back(std::move(*read));
    read = std::move(list);
  }
  Json calls = Json::array();
  for (Json& one : *read) {
    std::optional<Json> call = take_call(std::move(one), key);
    if (!call) return std::nullopt;
    calls.push_back(std::move(*call));
  }
  return calls;
}

}  // namespace llmbox::tool_text
