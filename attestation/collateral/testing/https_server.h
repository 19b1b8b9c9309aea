// A real HTTPS server on loopback (testing/https_server.py), with a certificate of its own.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>

#include "attestation/collateral/http.h"

namespace kedge::collateral::testing {

struct Route {
  HttpAnswer answer;
  int truncate = -1;  // bytes of the body that are sent; -1: all
  double delay_s = 0;
};

class HttpsServer {
 public:
  // Starts it in `folder`, which must exist; aborts the test process where that fails.
  explicit HttpsServer(const std::string& folder);
  ~HttpsServer();
  HttpsServer(const HttpsServer&) = delete;
  HttpsServer& operator=(const HttpsServer&) = delete;

  // By path and query; replaces all.
  void Serve(const std::map<std::string, Route>& routes);
  std::string address() const { return "https://127.0.0.1:" + std::to_string(port_); }
  std::string ca_file() const { return folder_ + "/server.pem"; }
  int requests() const;

 private:
  const std::string folder_;
  pid_t pid_ = -1;
  int port_ = 0;
};

}  // namespace kedge::collateral::testing
