// The hub client against a server on this machine that speaks the hub's API.
#include "net/hub.h"

#include <gtest/gtest.h>
#include <httplib.h>

#include <thread>

#include "core/error.h"
#include "core/json.h"
#include "core/test_shared.h"
#include "net/digest.h"
#include "net/download.h"

namespace llmbox {
namespace {

namespace fs = std::filesystem;

/// One model, "org/tiny": its files, and how the server misbehaves.
class HubServer {
 public:
  std::map<std::string, std::string> files;
  std::string commit = "c0ffee";
  std::string needed_token, error_code;
  int refused = 0;       // status of every request; 0: none
  int busy_answers = 0;  // 503 before each first success
  size_t cut_after = 0;  // bytes of a body before the connection breaks; 0: never
  bool redirects = false, ignores_ranges = false, lies = false;
  std::atomic<int> requests{0}, ranges{0}, leaked_tokens{0};

  HubServer() {
    files = {{"config.json", R"({"model_type":"llama"})"},
             {"tokenizer.json", "{}"},
             {"model.safetensors", std::string(3'000'000, 'w')},
             {"pytorch_model.bin", "torch"},
             {"onnx/model.onnx", "other"},
             {"README.md", "text"}};
    server_.Get("/api/models/org/tiny/revision/(.+)", [this](const auto& request, auto& response) {
      if (!admit(request, response)) return;
      if (request.matches[1] != "main" && request.matches[1] != commit) return deny(response, 404, "RevisionNotFound");
      response.set_content(listing(), "application/json");
    });
    server_.Get("/org/tiny/resolve/c0ffee/(.+)", [this](const auto& request, auto& response) {
      if (!admit(request, response)) return;
      if (redirects) return response.set_redirect(other_origin() + "/cdn/" + request.matches[1].str());
      send(request, response, request.matches[1]);
    });
    server_.Get("/cdn/(.+)", [this](const auto& request, auto& response) {
      leaked_tokens += request.has_header("Authorization");
      send(request, response, request.matches[1]);
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~HubServer() {
    server_.stop();
    thread_.join();
  }

  HubOptions options(const TempFolder& folder) const {
    return {.endpoint = "http://127.0.0.1:" + std::to_string(port_),
            .cache = folder.path() / "hub",
            .pause = std::chrono::milliseconds(1)};
  }

 private:
  std::string other_origin() const { return "http://localhost:" + std::to_string(port_); }

  static void deny(httplib::Response& response, int status, const std::string& code) {
    response.status = status;
    if (!code.empty()) response.set_header("X-Error-Code", code);
  }

  bool admit(const httplib::Request& request, httplib::Response& response) {
    ++requests;
    if (refused != 0) return deny(response, refused, error_code), false;
    if (!needed_token.empty() && request.get_header_value("Authorization") != "Bearer " + needed_token)
      return deny(response, 401, "GatedRepo"), false;
    if (busy_answers > 0) return --busy_answers, deny(response, 503, ""), false;
    return true;
  }

  /// The digest as the hub tells it: of what a file is written to the disk.
  static std::string digest(const std::string& content, DigestKind kind) {
    const TempFolder folder;
    return digest_of_file(folder.write("x", content), kind);
  }

  std::string listing() const {
    Json siblings = Json::array();
    for (const auto& [name, content] : files) {
      const std::string told = lies ? content + "!" : content;
      Json file = {{"rfilename", name}, {"size", content.size()}, {"blobId", digest(told, DigestKind::git_blob)}};
      if (content.size() > 1000) file["lfs"] = {{"sha256", digest(told, DigestKind::sha256)}};
      siblings.push_back(file);
    }
    return Json{{"sha", commit}, {"siblings", siblings}}.dump();
  }

  void send(const httplib::Request& request, httplib::Response& response, const std::string& name) {
    if (!files.contains(name)) return deny(response, 404, "EntryNotFound");
    ranges += request.has_header("Range");
    const std::string& content = files[name];
    if (ignores_ranges) const_cast<httplib::Request&>(request).ranges.clear();
    response.set_content_provider(content.size(), "application/octet-stream",
                                  [this, &content](size_t offset, size_t size, auto& sink) {
                                    const size_t piece = std::min<size_t>(size, 100'000);
                                    sink.write(content.data() + offset, piece);
                                    sent_ += piece;
                                    if (cut_after == 0 || sent_ < cut_after) return true;
                                    sent_ = 0;
                                    return false;
                                  });
  }

  httplib::Server server_;
  std::thread thread_;
  int port_ = 0;
  std::atomic<size_t> sent_{0};
};

std::string fault(const HubServer& server, const std::string& name = "org/tiny") {
  const TempFolder folder;
  return message_of([&] { fetch_model(name, server.options(folder)); });
}

void expect_part(const std::string& message, const std::string& part) {
  EXPECT_NE(message.find(part), std::string::npos) << message;
}

TEST(Hub, FetchesWhatIsNeededIntoTheHubsOwnLayout) {
  HubServer server;
  const TempFolder folder;
  const fs::path snapshot = fetch_model("org/tiny", server.options(folder));
  const fs::path root = folder.path() / "hub/models--org--tiny";
  EXPECT_EQ(snapshot, root / "snapshots/c0ffee");
  EXPECT_EQ(read_text_file(root / "refs/main"), "c0ffee");
  EXPECT_EQ(read_text_file(snapshot / "model.safetensors"), server.files["model.safetensors"]);
  EXPECT_EQ(read_text_file(snapshot / "config.json"), server.files["config.json"]);
  EXPECT_TRUE(fs::is_symlink(snapshot / "config.json"));
  const std::string link = fs::read_symlink(snapshot / "model.safetensors");
  EXPECT_EQ(link, "../../blobs/" + digest_of_file(snapshot / "model.safetensors", DigestKind::sha256));
  for (const char* other : {"pytorch_model.bin", "onnx/model.onnx", "README.md"})
    EXPECT_FALSE(fs::exists(snapshot / other)) << other;
}

TEST(Hub, TorchFilesAreFetchedWhereThereIsNothingElse) {
  HubServer server;
  server.files.erase("model.safetensors");
  const TempFolder folder;
  EXPECT_TRUE(fs::exists(fetch_model("org/tiny", server.options(folder)) / "pytorch_model.bin"));
}

TEST(Hub, ASecondCallAsksForTheListingOnlyAndOfflineForNothing) {
  HubServer server;
  const TempFolder folder;
  HubOptions options = server.options(folder);
  const fs::path snapshot = fetch_model("org/tiny", options);
  const int before = server.requests;
  EXPECT_EQ(fetch_model("org/tiny", options), snapshot);
  EXPECT_EQ(server.requests - before, 1);
  options.offline = true;
  EXPECT_EQ(fetch_model("org/tiny", options), snapshot);
  EXPECT_EQ(fetch_model("org/tiny@c0ffee", options), snapshot);
  EXPECT_EQ(server.requests - before, 1);
  expect_part(message_of([&] { fetch_model("org/other", options); }), "try without HF_HUB_OFFLINE");
}

TEST(Hub, AnAdapterIsFetchedAndFoundAgain) {
  HubServer server;
  server.files = {{"adapter_config.json", R"({"peft_type":"LORA"})"}, {"adapter_model.safetensors", "weights"}};
  const TempFolder folder;
  HubOptions options = server.options(folder);
  const fs::path snapshot = fetch_model("org/tiny", options);
  EXPECT_EQ(read_text_file(snapshot / "adapter_model.safetensors"), "weights");
  options.offline = true;
  EXPECT_EQ(fetch_model("org/tiny", options), snapshot);
}

TEST(Hub, CutConnectionsAreResumedNotRepeated) {
  HubServer server;
  server.cut_after = 700'000;
  const TempFolder folder;
  const fs::path snapshot = fetch_model("org/tiny", server.options(folder));
  EXPECT_EQ(read_text_file(snapshot / "model.safetensors"), server.files["model.safetensors"]);
  EXPECT_GE(server.ranges, 3);
}

TEST(Hub, AnInterruptedRunGoesOnFromItsPartialFile) {
  HubServer server;
  const TempFolder folder;
  const std::string& content = server.files["model.safetensors"];
  const TempFolder scratch;
  const std::string blob = digest_of_file(scratch.write("x", content), DigestKind::sha256);
  folder.write("hub/models--org--tiny/blobs/" + blob + ".incomplete", content.substr(0, 2'000'000));
  const fs::path snapshot = fetch_model("org/tiny", server.options(folder));
  EXPECT_EQ(server.ranges, 1);
  EXPECT_EQ(read_text_file(snapshot / "model.safetensors"), content);
}

TEST(Hub, AServerWithoutRangesSendsTheWholeFileAgain) {
  HubServer server;
  server.ignores_ranges = true;
  const TempFolder folder;
  const TempFolder scratch;
  const std::string& content = server.files["model.safetensors"];
  const std::string blob = digest_of_file(scratch.write("x", content), DigestKind::sha256);
  folder.write("hub/models--org--tiny/blobs/" + blob + ".incomplete", "rubbish");
  EXPECT_EQ(read_text_file(fetch_model("org/tiny", server.options(folder)) / "model.safetensors"), content);
}

TEST(Hub, RedirectsAreFollowedWithoutTheToken) {
  HubServer server;
  server.redirects = true;
  server.needed_token = "secret";
  const TempFolder folder;
  HubOptions options = server.options(folder);
  options.token = "secret";
  const fs::path snapshot = fetch_model("org/tiny", options);
  EXPECT_EQ(read_text_file(snapshot / "tokenizer.json"), "{}");
  EXPECT_EQ(server.leaked_tokens, 0);
}

TEST(Hub, BusyServersAreAskedAgain) {
  HubServer server;
  server.busy_answers = 2;
  const TempFolder folder;
  EXPECT_TRUE(fs::exists(fetch_model("org/tiny", server.options(folder)) / "config.json"));
}

TEST(Hub, RefusalsSayWhatToDo) {
  HubServer server;
  expect_part(fault(server, "org/tiny@none"), "expected the revision 'none'");
  expect_part(fault(server, "org/missing"), "got 404; try another name");
  server.needed_token = "secret";
  expect_part(fault(server), "the model is gated; try accepting its conditions");
  server.needed_token = "";
  server.refused = 401;
  expect_part(fault(server), "got 401; try another name, or HF_TOKEN");
  server.refused = 403;
  expect_part(fault(server), "got 403; try HF_TOKEN");
  server.refused = 500;
  expect_part(fault(server), "expected an answer of the hub, got 500");
  const TempFolder folder;
  HubOptions options = server.options(folder);
  options.endpoint = "http://127.0.0.1:1";
  expect_part(message_of([&] { fetch_model("org/tiny", options); }), "got none");
}

TEST(Hub, WrongChecksumsAndNamesThatLeaveTheFolderAreRefused) {
  HubServer server;
  server.lies = true;
  expect_part(fault(server), "expected the checksum");
  server.lies = false;
  server.files["../evil.json"] = "{}";
  expect_part(fault(server), "expected names of files in the model, got '../evil.json'");
}

TEST(Hub, AFullDiskIsNamed) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
  HubServer server;
  const TempFolder folder;
  fs::create_symlink("/dev/full", folder.path() / "x.incomplete");
  const std::string message = message_of(
      [&] { download({.url = server.options(folder).endpoint + "/cdn/config.json", .target = folder.path() / "x"}); });
  expect_part(message, "expected room for the download");
}

TEST(Hub, NamesAreToldFromPaths) {
  for (const char* name : {"org/tiny", "Qwen/Qwen2.5-0.5B", "a/b@v1.0"}) EXPECT_TRUE(is_hub_name(name)) << name;
  for (const char* name : {"tiny", "a/b/c", "/a/b", "../b", "a/..", "./a", "a/b@", ""})
    EXPECT_FALSE(is_hub_name(name)) << name;
}

TEST(Hub, TheEnvironmentSetsEndpointCacheAndToken) {
  const TempFolder folder;
  folder.write("token", "hidden\n");
  for (const char* name : {"HF_TOKEN", "HF_TOKEN_PATH", "HF_HUB_CACHE", "HF_HUB_OFFLINE"}) ::unsetenv(name);
  ::setenv("HF_HOME", folder.path().c_str(), 1);
  ::setenv("HF_ENDPOINT", "http://mirror/", 1);
  const HubOptions options = hub_options_from_environment();
  EXPECT_EQ(options.endpoint, "http://mirror");
  EXPECT_EQ(options.cache, folder.path() / "hub");
  EXPECT_EQ(options.token, "hidden");
  EXPECT_FALSE(options.offline);
  ::setenv("HF_HUB_OFFLINE", "1", 1);
  ::setenv("HF_TOKEN", "mine", 1);
  EXPECT_TRUE(hub_options_from_environment().offline);
  EXPECT_EQ(hub_options_from_environment().token, "mine");
  for (const char* name : {"HF_HOME", "HF_ENDPOINT", "HF_HUB_OFFLINE", "HF_TOKEN"}) ::unsetenv(name);
}

}  // namespace
}  // namespace llmbox
