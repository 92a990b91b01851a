// Models by their hub name. Files lie where the hub's own client keeps them, so that either finds what the other
// fetched: CACHE/models--ORG--NAME/{blobs/ETAG, snapshots/COMMIT/FILE → blob, refs/REVISION}. Files are fetched several
// at a time, resumed, and checked against the hub's checksums. Errors say what to do: 401, 403 and gated models, 404,
// no network, full disk.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

namespace llmbox {

struct HubOptions {
  std::string endpoint = "https://huggingface.co";  // HF_ENDPOINT: a mirror
  std::string token{};                              // HF_TOKEN, else the file HF_TOKEN_PATH or HF_HOME/token
  std::filesystem::path cache{};                    // HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub
  bool offline = false;                             // HF_HUB_OFFLINE: only what the cache has
  int n_worker = 4;                                 // files at a time
  std::chrono::milliseconds pause = std::chrono::seconds(1);  // before a second attempt
};

HubOptions hub_options_from_environment();

/// "ORG/NAME", also "ORG/NAME@REVISION".
bool is_hub_name(const std::string& name);

/// The folder of a model's or an adapter's files: config, tokenizer, templates, and safetensors, or torch files where
/// it has none. Fetches what the cache lacks. Requires: is_hub_name(name).
std::filesystem::path fetch_model(const std::string& name, const HubOptions& options);

/// A path that exists as it is; else a hub name fetched with the environment's options; else the path, unchanged.
std::string local_model(const std::string& name);

}  // namespace llmbox
