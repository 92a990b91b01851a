#include "eval/task.h"

#include "core/error.h"
#include "core/near_name.h"

namespace llmbox {

namespace {

const std::vector<std::string> kKeys = {
    "summary",   "kind",       "evaluation_set", "example_set", "files",          "columns",        "subsets",
    "fields",    "keep",       "prompt",         "options",     "answer",         "content_free",   "text",
    "reference", "target",     "filters",        "cot",         "source_filters", "option_filters", "reference_filters",
    "metrics",   "generation", "examples",       "model_type"};

/// One key of a task file: reads it with the type it must have, or says what is wrong.
class KeyReader {
 public:
  KeyReader(const Json& yaml, std::string where) : yaml_(yaml), where_(std::move(where)) {}

  bool has(const std::string& key) const { return yaml_.contains(key) && !yaml_[key].is_null(); }
  const Json& at(const std::string& key) const { return yaml_[key]; }

  std::string text(const std::string& key, std::string fallback = "") const {
    if (!has(key)) return fallback;
    if (!at(key).is_string()) wrong(key, "a text");
    return at(key).get<std::string>();
  }

  std::vector<std::string> texts(const std::string& key, const Json& value) const {
    if (value.is_string()) return {value.get<std::string>()};
    std::vector<std::string> all;
    if (!value.is_array()) wrong(key, "a list of texts");
    for (const Json& item : value) {
      if (!item.is_string()) wrong(key, "a list of texts");
      all.push_back(item.get<std::string>());
    }
    return all;
  }

  std::vector<NamedStep> steps(const std::string& key) const {
    std::vector<NamedStep> all;
    if (!has(key)) return all;
    if (!at(key).is_array()) wrong(key, "a list of names, or of {name: {argument: value}}");
    for (const Json& item : at(key)) {
      if (item.is_string()) {
        all.push_back({item.get<std::string>()});
      } else if (item.is_object() && item.size() == 1) {
        all.push_back({item.begin().key(), item.begin().value()});
      } else {
        wrong(key, "a list of names, or of {name: {argument: value}}");
      }
    }
    return all;
  }

  [[noreturn]] void wrong(const std::string& key, std::string_view expected) const {
    fail(where_, "expected {} under '{}', got {}", expected, key, at(key).dump());
  }

 private:
  const Json& yaml_;
  std::string where_;
};

TaskKind parse_kind(const KeyReader& keys) {
  const std::string kind = keys.text("kind", "choice");
  if (kind == "choice") return TaskKind::kChoice;
  if (kind == "generation") return TaskKind::kGeneration;
  if (kind == "perplexity") return TaskKind::kPerplexity;
  keys.wrong("kind", "choice, generation or perplexity");
}

std::map<std::string, std::vector<std::string>> parse_files(const KeyReader& keys, const std::string& key) {
  std::map<std::string, std::vector<std::string>> files;
  if (!keys.has(key)) return files;
  if (!keys.at(key).is_object()) {
    files[""] = keys.texts(key, keys.at(key));
    return files;
  }
  for (const auto& [name, paths] : keys.at(key).items()) files[name] = keys.texts(key, paths);
  return files;
}

std::vector<SubsetGroup> parse_groups(const KeyReader& keys) {
  std::vector<SubsetGroup> groups;
  if (!keys.has("subsets")) return groups;
  const Json& subsets = keys.at("subsets");
  if (!subsets.is_object()) return {{"", keys.texts("subsets", subsets)}};
  for (const auto& [name, members] : subsets.items()) groups.push_back({name, keys.texts("subsets", members)});
  return groups;
}

SamplingParams parse_generation(const KeyReader& keys) {
  SamplingParams params;
  params.max_tokens = 1024;
  if (!keys.has("generation")) return params;
  for (const auto& [key, value] : keys.at("generation").items()) {
    if (key == "max_tokens" && value.is_number_integer())
      params.max_tokens = value;
    else if (key == "temperature" && value.is_number())
      params.temperature = value;
    else if (key == "top_p" && value.is_number())
      params.top_p = value;
    else if (key == "top_k" && value.is_number_integer())
      params.top_k = value;
    else if (key == "stop")
      params.stop = keys.texts("generation.stop", value);
    else
      keys.wrong("generation", "max_tokens, temperature, top_p, top_k or stop");
  }
  return params;
}

void refuse_unknown_keys(const Json& yaml, const std::string& where) {
  if (!yaml.is_object()) fail(where, "expected a map of keys, got {}", yaml.type_name());
  for (const auto& [key, value] : yaml.items()) {
    if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end())
      fail(where, "expected a key of a task file, got '{}'; try {}", key, near_names(key, kKeys));
  }
}

void require_key(const std::string& value, const char* key, const std::string& where) {
  if (value.empty()) fail(where, "expected the key '{}', got none; a task of this kind needs it", key);
}

void validate(const TaskSpec& task, const std::string& where) {
  if (task.files.empty()) fail(where, "expected the key 'files', got none; list the data files under data_dir");
  if (task.kind == TaskKind::kPerplexity) return require_key(task.text, "text", where);
  require_key(task.prompt, "prompt", where);
  if (task.kind == TaskKind::kChoice) {
    require_key(task.answer, "answer", where);
    if (task.options.is_null()) fail(where, "expected the key 'options', got none; a task of this kind needs it");
  } else {
    require_key(task.reference, "reference", where);
  }
}

}  // namespace

std::vector<std::string> TaskSpec::subsets() const {
  std::vector<std::string> all;
  for (const SubsetGroup& group : groups) all.insert(all.end(), group.subsets.begin(), group.subsets.end());
  std::sort(all.begin(), all.end());
  return all;
}

TaskSpec parse_task(const Json& yaml, const std::string& name) {
  const std::string where = "task " + name;
  refuse_unknown_keys(yaml, where);
  const KeyReader keys(yaml, where);
  TaskSpec task;
  task.name = name;
  task.summary = keys.text("summary");
  task.kind = parse_kind(keys);
  task.evaluation_set = keys.text("evaluation_set", "test");
  task.example_set = keys.text("example_set");
  task.files = parse_files(keys, "files");
  task.columns = parse_files(keys, "columns");
  task.groups = parse_groups(keys);
  task.chat = keys.text("model_type", "base") == "chat";
  task.keep = keys.text("keep");
  task.prompt = keys.text("prompt");
  task.answer = keys.text("answer");
  task.content_free = keys.text("content_free");
  task.text = keys.text("text");
  task.reference = keys.text("reference");
  task.target = keys.text("target", task.reference);
  if (keys.has("options")) task.options = keys.at("options");
  if (keys.has("fields")) {
    for (const auto& [field, value] : keys.at("fields").items()) {
      if (!value.is_string()) keys.wrong("fields", "a map of names to expressions");
      task.fields.emplace_back(field, value.get<std::string>());
    }
  }
  task.source_filters = keys.steps("source_filters");
  task.option_filters = keys.steps("option_filters");
  task.filters = keys.steps("filters");
  task.reference_filters = keys.steps("reference_filters");
  task.metrics = keys.steps("metrics");
  task.generation = parse_generation(keys);
  if (keys.has("examples")) task.examples = keys.at("examples").get<std::vector<Json>>();
  if (keys.has("cot")) task.cot = keys.at("cot");
  validate(task, where);
  return task;
}

TaskSpec with_strategy(const Json& yaml, const std::string& name, const std::string& strategy) {
  if (strategy.empty()) return parse_task(yaml, name);
  const Json strategies = yaml.value("cot", Json::object());
  if (!strategies.contains(strategy)) {
    std::vector<std::string> names;
    for (const auto& [known, keys] : strategies.items()) names.push_back(known);
    if (names.empty()) fail("task " + name, "expected no --cot, got '{}'; the task has no such strategies", strategy);
    fail("task " + name, "expected a strategy of the task, got --cot '{}'; try {}", strategy,
         near_names(strategy, names));
  }
  Json merged = yaml;
  for (const auto& [key, value] : strategies[strategy].items()) merged[key] = value;
  return parse_task(merged, name);
}

}  // namespace llmbox
