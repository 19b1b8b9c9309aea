// The service manager over its private socket: no message bus is needed, neither in the initrd nor
// later.
#pragma once

#include <absl/time/time.h>

#include <string>

#include "base/status.h"

namespace kedge {

// Each call opens a connection of its own and blocks; safe from any thread.
class UnitManager {
 public:
  static constexpr char kPrivateSocket[] = "/run/systemd/private";

  explicit UnitManager(std::string socket_path = kPrivateSocket)
      : socket_path_(std::move(socket_path)) {}

  // org.freedesktop.systemd1.Manager.StartUnit / RestartUnit with mode "replace", then waits for
  // the job (org.freedesktop.systemd1(5)). UNAVAILABLE where the manager does not answer;
  // DEADLINE_EXCEEDED after `timeout`; FAILED_PRECONDITION with fault UNIT_NOT_STARTED where the
  // job ends otherwise than "done".
  Status Start(const std::string& unit, absl::Duration timeout);
  Status Restart(const std::string& unit, absl::Duration timeout);

  // Whether the machine is going down: powering off, rebooting, halting. Neither a restart of
  // units nor the switch from the initrd to the real root is that. SystemState of the same
  // interface is "stopping" once the job of shutdown.target exists. Errors as above.
  StatusOr<bool> IsStopping(absl::Duration timeout);

 private:
  Status Run(const char* method, const std::string& unit, absl::Duration timeout);

  const std::string socket_path_;
};

}  // namespace kedge
