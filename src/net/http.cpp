#include "net/http.h"

#include <httplib.h>

#include <algorithm>
#include <optional>

#include "core/error.h"

namespace llmbox {

namespace {

constexpr int kMaxRedirects = 10;
constexpr int kConnectSeconds = 20, kReadSeconds = 60;
constexpr size_t kMaxBody = 64u << 20;  // of answers that are kept whole

struct Url {
  std::string origin;  // "https://host:port"
  std::string path;    // "/…?…"
};

std::optional<Url> parse_url(const std::string& url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string::npos || (!url.starts_with("http://") && !url.starts_with("https://"))) return std::nullopt;
  const size_t slash = url.find('/', scheme + 3);
  if (slash == std::string::npos) return Url{url, "/"};
  return Url{url.substr(0, slash), url.substr(slash)};
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

void copy_head(const httplib::Response& from, HttpResponse& to) {
  to.status = from.status;
  to.headers.clear();
  for (const auto& [name, value] : from.headers) to.headers[lower(name)] = value;
}

/// One exchange, no redirects.
HttpResponse get_once(const Url& url, const std::map<std::string, std::string>& headers, const HttpRequest& request) {
  httplib::Client client(url.origin);
  client.set_connection_timeout(kConnectSeconds);
  client.set_read_timeout(kReadSeconds);
  client.set_url_encode(false);
  client.set_decompress(false);
  HttpResponse response;
  const auto on_head = [&](const httplib::Response& head) {
    copy_head(head, response);
    return !(response.ok() && request.on_head) || request.on_head(response);
  };
  const auto on_body = [&](const char* bytes, size_t size) {
    if (response.ok() && request.on_body) return request.on_body(bytes, size);
    if (response.body.size() + size > kMaxBody) return false;
    response.body.append(bytes, size);
    return true;
  };
  const httplib::Result result =
      client.Get(url.path, httplib::Headers(headers.begin(), headers.end()), on_head, on_body);
  if (!result) response.fault = httplib::to_string(result.error());
  return response;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

std::string HttpResponse::header(const std::string& name) const {
  const auto found = headers.find(lower(name));
  return found == headers.end() ? "" : found->second;
}

HttpResponse http_get(const HttpRequest& request) {
  std::string location = request.url;
  std::map<std::string, std::string> headers = request.headers;
  for (int i = 0; i < kMaxRedirects; ++i) {
    const auto url = parse_url(location);
    if (!url) return {.fault = "not an http address: " + location};
    HttpResponse response = get_once(*url, headers, request);
    const std::string next = response.header("location");
    if (!is_redirect(response.status) || next.empty()) return response;
    location = next.starts_with("/") ? url->origin + next : next;
    if (const auto target = parse_url(location); target && target->origin != url->origin)
      headers.erase("Authorization");
  }
  return {.fault = "too many redirects from " + request.url};
}

}  // namespace llmbox
