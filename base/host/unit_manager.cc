#include "base/host/unit_manager.h"

#include <absl/cleanup/cleanup.h>
#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include <map>
#include <memory>
#include <system_error>

namespace kedge {
namespace {

constexpr char kService[] = "org.freedesktop.systemd1";
constexpr char kPath[] = "/org/freedesktop/systemd1";
constexpr char kInterface[] = "org.freedesktop.systemd1.Manager";

// Job path → result. Jobs of others arrive as well, and ours may end before its path is known.
using FinishedJobs = std::map<std::string, std::string>;

int OnJobRemoved(sd_bus_message* message, void* userdata, sd_bus_error*) {
  uint32_t id = 0;
  const char* job = nullptr;
  const char* unit = nullptr;
  const char* result = nullptr;
  const int error = sd_bus_message_read(message, "uoss", &id, &job, &unit, &result);
  if (error < 0) return error;
  (*static_cast<FinishedJobs*>(userdata))[job] = result;
  return 0;
}

Status BusFailure(int error, std::string_view what) {
  return MakeError(
      error == -ETIMEDOUT ? StatusCode::kDeadlineExceeded : StatusCode::kUnavailable,
      absl::StrCat("the service manager: ", absl::string_view(what.data(), what.size()), ": ",
                   std::generic_category().message(-error)));
}

struct BusCloser {
  void operator()(sd_bus* bus) const { sd_bus_close_unref(bus); }
};
using BusPtr = std::unique_ptr<sd_bus, BusCloser>;

StatusOr<BusPtr> Connect(const std::string& socket_path) {
  sd_bus* made = nullptr;
  int error = sd_bus_new(&made);
  if (error < 0) return BusFailure(error, "no memory for a connection");
  BusPtr bus(made);
  const std::string address = absl::StrCat("unix:path=", socket_path);
  if ((error = sd_bus_set_address(bus.get(), address.c_str())) < 0 ||
      (error = sd_bus_start(bus.get())) < 0) {
    return BusFailure(error, absl::StrCat("cannot connect to ", socket_path));
  }
  return bus;
}

uint64_t MicrosecondsLeft(absl::Time deadline) {
  const int64_t left = absl::ToInt64Microseconds(deadline - absl::Now());
  return left > 0 ? static_cast<uint64_t>(left) : 0;
}

}  // namespace

Status UnitManager::Start(const std::string& unit, absl::Duration timeout) {
  return Run("StartUnit", unit, timeout);
}

Status UnitManager::Restart(const std::string& unit, absl::Duration timeout) {
  return Run("RestartUnit", unit, timeout);
}

StatusOr<bool> UnitManager::IsStopping(absl::Duration timeout) {
  ASSIGN_OR_RETURN(const BusPtr bus, Connect(socket_path_));
  int error = sd_bus_set_method_call_timeout(
      bus.get(), static_cast<uint64_t>(absl::ToInt64Microseconds(timeout)));
  if (error < 0) return BusFailure(error, "cannot limit the wait");
  sd_bus_error bus_error = SD_BUS_ERROR_NULL;
  const absl::Cleanup error_free = [&bus_error] { sd_bus_error_free(&bus_error); };
  char* state = nullptr;
  const absl::Cleanup state_free = [&state] { free(state); };
  error = sd_bus_get_property_string(bus.get(), kService, kPath, kInterface, "SystemState",
                                     &bus_error, &state);
  if (error < 0) return BusFailure(error, "SystemState");
  return strcmp(state, "stopping") == 0;
}

Status UnitManager::Run(const char* method, const std::string& unit, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  ASSIGN_OR_RETURN(const BusPtr owned, Connect(socket_path_));
  sd_bus* const bus = owned.get();
  FinishedJobs finished;
  // Before the call: the job may end before its answer is read. The slot lives as long as the bus.
  int error = sd_bus_match_signal(bus, /*slot=*/nullptr, /*sender=*/nullptr, kPath, kInterface,
                                  "JobRemoved", OnJobRemoved, &finished);
  if (error < 0) return BusFailure(error, "cannot watch jobs");

  sd_bus_message* call = nullptr;
  error = sd_bus_message_new_method_call(bus, &call, kService, kPath, kInterface, method);
  if (error < 0) return BusFailure(error, method);
  const absl::Cleanup call_unref = [&call] { sd_bus_message_unref(call); };
  error = sd_bus_message_append(call, "ss", unit.c_str(), "replace");
  if (error < 0) return BusFailure(error, method);

  sd_bus_error bus_error = SD_BUS_ERROR_NULL;
  const absl::Cleanup error_free = [&bus_error] { sd_bus_error_free(&bus_error); };
  sd_bus_message* reply = nullptr;
  const absl::Cleanup reply_unref = [&reply] { sd_bus_message_unref(reply); };
  error = sd_bus_call(bus, call, MicrosecondsLeft(deadline), &bus_error, &reply);
  if (error < 0 && sd_bus_error_is_set(&bus_error) > 0 && error != -ETIMEDOUT) {
    return MakeFault(StatusCode::kFailedPrecondition, "UNIT_NOT_STARTED", Advice::kRetry,
                     absl::StrCat(method, " ", unit, ": ", bus_error.name, ": ",
                                  bus_error.message != nullptr ? bus_error.message : ""));
  }
  if (error < 0) return BusFailure(error, absl::StrCat(method, " ", unit));
  const char* job = nullptr;
  if ((error = sd_bus_message_read(reply, "o", &job)) < 0) return BusFailure(error, "bad answer");

  while (!finished.contains(job)) {
    error = sd_bus_process(bus, /*ret=*/nullptr);
    if (error < 0) return BusFailure(error, absl::StrCat("waiting for ", unit));
    if (error > 0) continue;  // more may be queued
    const uint64_t left = MicrosecondsLeft(deadline);
    if (left == 0) {
      return MakeError(
          StatusCode::kDeadlineExceeded,
          absl::StrCat(unit, " was not started within ", absl::ToDoubleSeconds(timeout), " s"));
    }
    if ((error = sd_bus_wait(bus, left)) < 0 && error != -EINTR) {
      return BusFailure(error, absl::StrCat("waiting for ", unit));
    }
  }
  const std::string& result = finished[job];
  if (result == "done") return absl::OkStatus();
  return MakeFault(StatusCode::kFailedPrecondition, "UNIT_NOT_STARTED", Advice::kRetry,
                   absl::StrCat("the job for ", unit, " ended as '", result,
                                "', expected 'done': see systemctl status ", unit));
}

}  // namespace kedge
