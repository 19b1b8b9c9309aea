#include "attestation/collateral/testing/https_server.h"

#include <absl/time/clock.h>
#include <absl/time/time.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "house/folders.h"

namespace kedge::collateral::testing {
namespace {

constexpr absl::Duration kLimit = absl::Seconds(30);

pid_t Start(const std::vector<std::string>& arguments, const std::string& output) {
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(126);
  const int log = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  std::vector<char*> words;
  for (const std::string& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  execvp(words[0], words.data());
  _exit(127);
}

void Must(bool good, const std::string& what) {
  if (good) return;
  std::fprintf(stderr, "HTTPS test server: %s\n", what.c_str());
  std::abort();
}

}  // namespace

HttpsServer::HttpsServer(const std::string& folder) : folder_(folder) {
  int status = -1;
  const pid_t maker =
      Start({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
             "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
             "subjectAltName=IP:127.0.0.1", "-keyout", folder_ + "/server.key", "-out", ca_file()},
            folder_ + "/openssl.log");
  waitpid(maker, &status, 0);
  Must(status == 0, "openssl made no certificate, see " + folder_ + "/openssl.log");
  Serve({});
  pid_ = Start(
      {"python3", std::string(KEDGE_SOURCE_DIR) + "/attestation/collateral/testing/https_server.py",
       ca_file(), folder_ + "/server.key", folder_ + "/routes.json"},
      folder_ + "/server.log");
  for (const absl::Time end = absl::Now() + kLimit; port_ == 0 && absl::Now() < end;) {
    std::ifstream(folder_ + "/server.log") >> port_;
    if (port_ == 0) absl::SleepFor(absl::Milliseconds(20));
  }
  Must(port_ != 0, "it did not start, see " + folder_ + "/server.log");
}

HttpsServer::~HttpsServer() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void HttpsServer::Serve(const std::map<std::string, Route>& routes) {
  nlohmann::json out = nlohmann::json::object();
  for (const auto& [path, route] : routes) {
    nlohmann::json entry = {{"status", route.answer.status},
                            {"headers", route.answer.headers},
                            {"body", ToHex(route.answer.body)},
                            {"delay", route.delay_s}};
    if (route.truncate >= 0) entry["truncate"] = route.truncate;
    out[path] = entry;
  }
  const std::string next = folder_ + "/routes.next";
  std::ofstream(next) << out;
  Must(std::rename(next.c_str(), (folder_ + "/routes.json").c_str()) == 0, "no routes");
}

int HttpsServer::requests() const {
  std::ifstream log(folder_ + "/server.log");
  int out = 0;
  for (std::string line; std::getline(log, line);) out += line.starts_with("GET ") ? 1 : 0;
  return out;
}

}  // namespace kedge::collateral::testing
