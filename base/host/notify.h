// The notification protocol of systemd (sd_notify(3)) and its watchdog.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>

#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace kedge {

// Each call is one datagram; nothing happens where no service manager listens. Thread-safe.
class Notifier {
 public:
  void Ready();
  void SetStatus(std::string_view text);  // one line for `systemctl status`; public
  void Stopping();
  void Watchdog();
  // WatchdogSec= of the unit, if it is set for this process.
  static std::optional<absl::Duration> WatchdogInterval();

 private:
  void Send(const std::string& text);
};

// Pings the watchdog at half the unit's interval for as long as the worker beats: a worker that has
// not called Beat() for `stall_limit` gets no more pings, and systemd restarts the service.
class WatchdogThread {
 public:
  WatchdogThread(Notifier& notifier, absl::Duration interval, absl::Duration stall_limit);
  ~WatchdogThread();
  WatchdogThread(const WatchdogThread&) = delete;
  WatchdogThread& operator=(const WatchdogThread&) = delete;

  void Beat();

 private:
  void Run();

  Notifier& notifier_;
  const absl::Duration interval_;
  const absl::Duration stall_limit_;
  absl::Mutex mutex_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time last_beat_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace kedge
