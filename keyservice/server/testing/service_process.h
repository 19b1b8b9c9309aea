// The real kedge-keyservice as a child, watched as a service manager does.
#pragma once

#include <absl/time/time.h>
#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

namespace kedge::testing {

class ServiceProcess {
 public:
  // Starts the binary, listening on a free port of 127.0.0.1, and waits for READY=1.
  static StatusOr<std::unique_ptr<ServiceProcess>> Start(std::vector<std::string> arguments,
                                                         const std::string& folder);
  ~ServiceProcess();
  ServiceProcess(const ServiceProcess&) = delete;
  ServiceProcess& operator=(const ServiceProcess&) = delete;

  pid_t pid() const { return child_; }
  std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_); }
  // Runs the binary to its end, without READY=1; its exit code.
  static StatusOr<int> RunToEnd(std::vector<std::string> arguments, const std::string& folder);
  // Waits until a STATUS= line that holds `text` came.
  Status WaitForStatus(const std::string& text);
  // SIGTERM, and the exit code.
  StatusOr<int> Stop();
  // As a power cut does.
  void Kill();

 private:
  ServiceProcess(pid_t child, int notify, int port) : child_(child), notify_(notify), port_(port) {}
  Status WaitForMessage(const std::string& text);

  pid_t child_;
  const int notify_;  // the socket that NOTIFY_SOCKET names
  const int port_;
};

}  // namespace kedge::testing
