#include "data/dataset_info.h"

#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/near_name.h"

namespace llmbox {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kKeys = {"hf_hub_url", "ms_hub_url",  "om_hub_url", "script_url", "cloud_file_name",
                                        "file_name",  "formatting",  "ranking",    "subset",     "split",
                                        "folder",     "num_samples", "columns",    "tags"};
const std::vector<std::string> kMediaColumns = {"images", "videos", "audios"};

void check_keys(const Json& object, const std::vector<std::string>& known, const std::string& where) {
  if (!object.is_object()) fail(where, "expected an object, got {}", object.dump());
  for (const auto& [key, value] : object.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      fail(where, "expected a known key, got '{}'; try {}", key, near_names(key, known));
}

std::optional<std::string> text_of(const Json& object, const std::string& key, const std::string& where) {
  if (!object.contains(key) || object[key].is_null()) return std::nullopt;
  if (!object[key].is_string()) fail(where, "expected a string for '{}', got {}", key, object[key].dump());
  return object[key].get<std::string>();
}

using NameTable = std::vector<std::pair<std::string, std::string*>>;

/// Where the object is given, every name that it leaves out is empty, defaults included.
void read_names(const Json& entry, const char* key, const NameTable& names, const std::string& where,
                std::vector<std::string> also_known = {}) {
  if (!entry.contains(key) || entry[key].is_null()) return;
  for (const auto& [name, target] : names) also_known.push_back(name);
  check_keys(entry[key], also_known, where + " " + key);
  for (const auto& [name, target] : names) *target = text_of(entry[key], name, where).value_or("");
}

DatasetFormat parse_format(const std::string& name, const std::string& where) {
  const std::vector<std::string> known = {"alpaca", "sharegpt", "openai"};
  for (size_t i = 0; i < known.size(); ++i)
    if (name == known[i]) return static_cast<DatasetFormat>(i);
  fail(where, "expected formatting alpaca, sharegpt or openai, got '{}'; try '{}'", name, nearest_name(name, known));
}

void read_source(DatasetEntry& out, const Json& entry, const fs::path& folder, const std::string& where) {
  for (const char* key : {"hf_hub_url", "ms_hub_url", "om_hub_url", "script_url", "cloud_file_name"})
    if (auto value = text_of(entry, key, where); value && out.hub.empty()) out.hub = fmt::format("{}: {}", key, *value);
  if (auto file = text_of(entry, "file_name", where)) out.path = folder / *file;
  if (out.hub.empty() && out.path.empty()) fail(where, "expected a source, got none; try file_name");
}

}  // namespace

DatasetEntry DatasetEntry::parse(const std::string& name, const Json& entry, const fs::path& folder) {
  const std::string where = fmt::format("{}: {}", (folder / "dataset_info.json").string(), name);
  check_keys(entry, kKeys, where);
  DatasetEntry out;
  out.name = name;
  read_source(out, entry, folder, where);
  out.format = parse_format(text_of(entry, "formatting", where).value_or("alpaca"), where);
  if (entry.contains("ranking")) {
    if (!entry["ranking"].is_boolean())
      fail(where, "expected true or false for 'ranking', got {}", entry["ranking"].dump());
    out.ranking = entry["ranking"];
  }
  out.subset = text_of(entry, "subset", where);
  out.split = text_of(entry, "split", where).value_or("train");
  if (entry.contains("num_samples") && !entry["num_samples"].is_null()) {
    if (!entry["num_samples"].is_number_integer() || entry["num_samples"] < 1)
      fail(where, "expected a number of at least 1 for 'num_samples', got {}", entry["num_samples"].dump());
    out.num_samples = entry["num_samples"].get<int64_t>();
  }
  DatasetColumns& c = out.columns;
  out.named_columns = entry.contains("columns") && !entry["columns"].is_null();
  read_names(entry, "columns",
             {{"prompt", &c.prompt},
              {"query", &c.query},
              {"response", &c.response},
              {"history", &c.history},
              {"messages", &c.messages},
              {"system", &c.system},
              {"tools", &c.tools},
              {"chosen", &c.chosen},
              {"rejected", &c.rejected},
              {"kto_tag", &c.kto_tag}},
             where, kMediaColumns);
  DatasetTags& t = out.tags;
  read_names(entry, "tags",
             {{"role_tag", &t.role},
              {"content_tag", &t.content},
              {"user_tag", &t.user},
              {"assistant_tag", &t.assistant},
              {"observation_tag", &t.observation},
              {"function_tag", &t.function},
              {"system_tag", &t.system}},
             where);
  return out;
}

DatasetRegistry DatasetRegistry::load(const fs::path& folder) {
  DatasetRegistry registry;
  registry.folder_ = folder;
  registry.entries_ = read_json_file(folder / "dataset_info.json");
  if (!registry.entries_.is_object())
    fail((folder / "dataset_info.json").string(), "expected an object of data sets, got {}",
         registry.entries_.type_name());
  return registry;
}

std::vector<std::string> DatasetRegistry::names() const {
  std::vector<std::string> out;
  for (const auto& [name, entry] : entries_.items()) out.push_back(name);
  return out;
}

DatasetEntry DatasetRegistry::find(const std::string& name) const {
  if (!entries_.contains(name)) {
    std::vector<std::string> known = names();
    fail("dataset", "expected a data set of {}, got '{}'; try {}", (folder_ / "dataset_info.json").string(), name,
         known.empty() ? "adding it there" : near_names(name, known));
  }
  return DatasetEntry::parse(name, entries_[name], folder_);
}

std::vector<fs::path> dataset_files(const DatasetEntry& entry) {
  const std::string where = "dataset " + entry.name;
  if (entry.path.empty() || !entry.hub.empty())
    fail(where, "expected a local file, got {}; try downloading it and giving file_name", entry.hub);
  if (!fs::exists(entry.path)) fail(where, "expected the file {}, found none", entry.path.string());
  if (!fs::is_directory(entry.path)) return {entry.path};
  std::vector<fs::path> files;
  for (const auto& item : fs::directory_iterator(entry.path))
    if (item.is_regular_file()) files.push_back(item.path());
  std::sort(files.begin(), files.end());
  if (files.empty()) fail(where, "expected files in {}, found none", entry.path.string());
  for (const fs::path& file : files)
    if (file.extension() != files[0].extension())
      fail(where, "expected files of one kind in {}, got {} and {}", entry.path.string(), files[0].filename().string(),
           file.filename().string());
  return files;
}

}  // namespace llmbox
