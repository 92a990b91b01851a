// HTTP GET, plain and TLS, with redirects. No exceptions for what a server or the network does: the caller looks at the
// status. Credentials are not carried to another host. Thread-safe: each call has its own connection.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>

namespace llmbox {

struct HttpResponse {
  int status = 0;                              // 0: no answer, `fault` says why
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;                            // where no on_body took it
  std::string fault;                           // of the connection; also where it broke within the body

  bool ok() const { return status >= 200 && status < 300 && fault.empty(); }
  std::string header(const std::string& name) const;  // empty: not there
};

struct HttpRequest {
  std::string url;
  std::map<std::string, std::string> headers;
  /// Called once before the body of a 2xx answer; false ends the transfer.
  std::function<bool(const HttpResponse&)> on_head{};
  /// Takes the body of a 2xx answer in pieces; false ends the transfer.
  std::function<bool(const char* bytes, size_t size)> on_body{};
};

HttpResponse http_get(const HttpRequest& request);

}  // namespace llmbox
