#include "net/hub.h"

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <regex>
#include <thread>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "core/progress.h"
#include "net/download.h"

namespace llmbox {

namespace {

namespace fs = std::filesystem;

constexpr int64_t kMega = 1'000'000;

struct ModelName {
  std::string id, revision;
};

struct HubFile {
  std::string name;
  int64_t size = -1;
  std::string blob;  // its name in blobs/
  Digest digest;
};

struct Listing {
  std::string commit;
  std::vector<HubFile> files;
};

ModelName split_name(const std::string& name) {
  const size_t at = name.find('@');
  if (at == std::string::npos) return {name, "main"};
  return {name.substr(0, at), name.substr(at + 1)};
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

bool is_set(const char* name) {
  const std::string value = variable(name);
  return value == "1" || value == "true" || value == "True" || value == "TRUE" || value == "yes" || value == "ON";
}

std::string first_line(const fs::path& path) {
  std::string line;
  std::getline(std::ifstream(path) >> std::ws, line);
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
  return line;
}

std::map<std::string, std::string> request_headers(const HubOptions& options) {
  std::map<std::string, std::string> headers = {{"User-Agent", "llmbox"}};
  if (!options.token.empty()) headers["Authorization"] = "Bearer " + options.token;
  return headers;
}

[[noreturn]] void refuse(const HttpResponse& response, const ModelName& model, const HubOptions& options) {
  const std::string where = options.endpoint + "/" + model.id, code = response.header("x-error-code");
  if (code == "GatedRepo")
    fail(where, "expected access, the model is gated; try accepting its conditions there and setting HF_TOKEN");
  if (response.status == 401)
    fail(where, "expected a model that exists and is open to you, got 401; try another name, or HF_TOKEN with access");
  if (response.status == 403) fail(where, "expected access, got 403; try HF_TOKEN with the right to read it");
  if (response.status == 404 && code == "RevisionNotFound")
    fail(where, "expected the revision '{}', the model has none of this name", model.revision);
  if (response.status == 404) fail(where, "expected a model of this name, got 404; try another name");
  if (response.status != 0) fail(where, "expected an answer of the hub, got {} {}", response.status, response.fault);
  fail(where, "expected an answer of the hub, got none ({}); try again, HF_ENDPOINT with a mirror, or a local folder",
       response.fault);
}

/// Names come from the network: they must stay inside the snapshot.
void check_file_name(const std::string& name, const std::string& where) {
  const fs::path path(name);
  bool leaves = name.empty() || path.is_absolute();
  for (const fs::path& part : path) leaves = leaves || part == ".." || part == ".";
  if (leaves) fail(where, "expected names of files in the model, got '{}'", name);
}

HubFile parse_file(const Json& sibling, const std::string& where) {
  HubFile file;
  try {
    file.name = sibling.at("rfilename").get<std::string>();
    if (sibling.contains("size") && sibling["size"].is_number_integer()) file.size = sibling["size"].get<int64_t>();
    if (sibling.contains("lfs") && sibling["lfs"].is_object()) {
      file.digest = {DigestKind::sha256, sibling["lfs"].at("sha256").get<std::string>()};
    } else {
      file.digest = {DigestKind::git_blob, sibling.at("blobId").get<std::string>()};
    }
  } catch (const Json::exception& error) {
    fail(where, "expected files with rfilename and blobId, got '{}'", error.what());
  }
  file.blob = file.digest.hex;
  check_file_name(file.name, where);
  check_file_name(file.blob, where);
  return file;
}

bool ends_with_any(const std::string& name, std::initializer_list<const char*> ends) {
  for (const char* end : ends)
    if (name.ends_with(end)) return true;
  return false;
}

/// The files that llmbox reads. Weights of other forms beside safetensors (torch, ONNX, TensorFlow) are left.
std::vector<HubFile> wanted_files(const std::vector<HubFile>& all) {
  bool has_safetensors = false;
  for (const HubFile& file : all) has_safetensors = has_safetensors || file.name.ends_with(".safetensors");
  std::vector<HubFile> wanted;
  for (const HubFile& file : all) {
    if (file.name.find('/') != std::string::npos) continue;  // folders hold other forms
    const bool torch = file.name.starts_with("pytorch_model") || file.name.starts_with("adapter_model.bin");
    const bool text = ends_with_any(file.name, {".json", ".jinja", ".txt", ".model", ".tiktoken"});
    if (file.name.ends_with(".safetensors") || (torch && !has_safetensors) || (text && !torch)) wanted.push_back(file);
  }
  return wanted;
}

Listing list_files(const ModelName& model, const HubOptions& options) {
  const std::string url =
      fmt::format("{}/api/models/{}/revision/{}?blobs=true", options.endpoint, model.id, model.revision);
  HttpResponse response;
  for (int attempt = 0; attempt < 4; ++attempt) {
    response = http_get({.url = url, .headers = request_headers(options)});
    if (response.status != 429 && response.status < 500 && response.status != 0) break;
    std::this_thread::sleep_for(options.pause * (1 << attempt));
  }
  if (!response.ok()) refuse(response, model, options);
  const Json json = parse_json(response.body, url);
  if (!json.is_object() || !json.contains("sha") || !json["sha"].is_string() || !json.contains("siblings") ||
      !json["siblings"].is_array())
    fail(url, "expected an object with sha and siblings, got another answer");
  Listing listing{json["sha"].get<std::string>(), {}};
  check_file_name(listing.commit, url);
  for (const Json& sibling : json["siblings"]) listing.files.push_back(parse_file(sibling, url));
  return listing;
}

fs::path repository_folder(const ModelName& model, const HubOptions& options) {
  std::string name = "models--" + model.id;
  if (const size_t slash = name.find('/'); slash != std::string::npos) name.replace(slash, 1, "--");
  return options.cache / name;
}

/// The snapshot that the cache has for the revision; empty: none.
bool has_model_or_adapter(const fs::path& folder) {
  return fs::exists(folder / "config.json") || fs::exists(folder / "adapter_config.json");
}

fs::path cached_snapshot(const ModelName& model, const HubOptions& options) {
  const fs::path folder = repository_folder(model, options);
  const fs::path by_commit = folder / "snapshots" / model.revision;
  if (has_model_or_adapter(by_commit)) return by_commit;
  const fs::path ref = folder / "refs" / model.revision;
  if (!fs::exists(ref)) return {};
  const fs::path snapshot = folder / "snapshots" / first_line(ref);
  return has_model_or_adapter(snapshot) ? snapshot : fs::path();
}

void check_space(const std::vector<HubFile>& files, const fs::path& folder) {
  int64_t needed = 0;
  for (const HubFile& file : files) needed += std::max<int64_t>(0, file.size);
  const auto space = fs::space(folder);
  if (static_cast<uintmax_t>(needed) > space.available)
    fail(folder.string(), "expected {} MB of free disk, got {}; try HF_HOME on another disk", needed / kMega,
         space.available / kMega);
}

/// Fetches the blobs, n_worker at a time; the first error ends all.
class Fetcher {
 public:
  Fetcher(const ModelName& model, const HubOptions& options, const Listing& listing, std::vector<HubFile> files)
      : model_(model),
        options_(options),
        commit_(listing.commit),
        files_(std::move(files)),
        blobs_(repository_folder(model, options) / "blobs"),
        progress_(model.id, total(files_) / kMega, "MB") {}

  void run() {
    std::vector<std::thread> workers;
    for (int i = 0; i < options_.n_worker; ++i) workers.emplace_back([this] { work(); });
    for (std::thread& worker : workers) worker.join();
    if (error_) std::rethrow_exception(error_);
    progress_.finish();
  }

 private:
  static int64_t total(const std::vector<HubFile>& files) {
    int64_t sum = 0;
    for (const HubFile& file : files) sum += std::max<int64_t>(0, file.size);
    return sum;
  }

  void work() {
    while (true) {
      const size_t i = next_++;
      if (i >= files_.size() || failed_) return;
      try {
        fetch(files_[i]);
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!error_) error_ = std::current_exception();
        failed_ = true;
      }
    }
  }

  void fetch(const HubFile& file) {
    const HttpResponse response =
        download({.url = fmt::format("{}/{}/resolve/{}/{}", options_.endpoint, model_.id, commit_, file.name),
                  .headers = request_headers(options_),
                  .target = blobs_ / file.blob,
                  .size = file.size,
                  .digest = file.digest,
                  .pause = options_.pause,
                  .on_bytes = [this](int64_t bytes) { count(bytes); }});
    if (!response.ok()) refuse(response, model_, options_);
  }

  void count(int64_t bytes) {
    const std::lock_guard lock(mutex_);
    const int64_t before = bytes_ / kMega;
    bytes_ += bytes;
    if (bytes_ / kMega > before) progress_.advance(bytes_ / kMega - before);
  }

  const ModelName& model_;
  const HubOptions& options_;
  std::string commit_;
  std::vector<HubFile> files_;
  fs::path blobs_;
  Progress progress_;
  std::atomic<size_t> next_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  int64_t bytes_ = 0;
  std::exception_ptr error_;
};

/// The snapshot's names for the blobs: relative links, as the hub's client makes them.
void link_snapshot(const fs::path& snapshot, const std::vector<HubFile>& files) {
  fs::create_directories(snapshot);
  for (const HubFile& file : files) {
    const fs::path link = snapshot / file.name;
    if (fs::exists(link)) continue;
    if (fs::is_symlink(link)) fs::remove(link);  // to a blob that is gone
    fs::create_symlink(fs::path("../../blobs") / file.blob, link);
  }
}

}  // namespace

HubOptions hub_options_from_environment() {
  HubOptions options;
  if (const std::string endpoint = variable("HF_ENDPOINT"); !endpoint.empty()) options.endpoint = endpoint;
  while (options.endpoint.ends_with("/")) options.endpoint.pop_back();
  fs::path home = variable("HF_HOME");
  if (home.empty()) {
    const fs::path cache = variable("XDG_CACHE_HOME");
    home = (cache.empty() ? fs::path(variable("HOME")) / ".cache" : cache) / "huggingface";
  }
  const fs::path own = variable("HF_HUB_CACHE");
  options.cache = own.empty() ? home / "hub" : own;
  options.token = variable("HF_TOKEN");
  const fs::path token_file = variable("HF_TOKEN_PATH").empty() ? home / "token" : fs::path(variable("HF_TOKEN_PATH"));
  if (options.token.empty() && fs::exists(token_file)) options.token = first_line(token_file);
  options.offline = is_set("HF_HUB_OFFLINE");
  return options;
}

bool is_hub_name(const std::string& name) {
  static const std::regex kName(R"([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(@[\w.-]+)?)");
  return std::regex_match(name, kName) && name.find("..") == std::string::npos;
}

fs::path fetch_model(const std::string& name, const HubOptions& options) {
  CHECK(is_hub_name(name), "'{}'", name);
  const ModelName model = split_name(name);
  const fs::path cached = cached_snapshot(model, options);
  if (options.offline) {
    if (cached.empty())
      fail(name, "expected the model in the cache {}, found none; try without HF_HUB_OFFLINE", options.cache.string());
    return cached;
  }
  const Listing listing = list_files(model, options);
  const fs::path folder = repository_folder(model, options), snapshot = folder / "snapshots" / listing.commit;
  const std::vector<HubFile> wanted = wanted_files(listing.files);
  std::vector<HubFile> missing;
  for (const HubFile& file : wanted) {
    const bool known = std::any_of(missing.begin(), missing.end(), [&](const auto& m) { return m.blob == file.blob; });
    if (!known && !fs::exists(folder / "blobs" / file.blob) && !fs::exists(snapshot / file.name))
      missing.push_back(file);
  }
  if (!missing.empty()) {
    fs::create_directories(folder / "blobs");
    check_space(missing, folder);
    Fetcher(model, options, listing, missing).run();
  }
  link_snapshot(snapshot, wanted);
  if (model.revision != listing.commit) write_file_atomically(folder / "refs" / model.revision, listing.commit);
  return snapshot;
}

std::string local_model(const std::string& name) {
  if (name.empty() || fs::exists(name) || !is_hub_name(name)) return name;
  const HubOptions options = hub_options_from_environment();
  try {
    return fetch_model(name, options).string();
  } catch (const Error& error) {
    const fs::path cached = cached_snapshot(split_name(name), options);
    if (options.offline || cached.empty()) throw;
    log_warning("{}; going on with {}", error.what(), cached.string());
    return cached.string();
  }
}

}  // namespace llmbox
