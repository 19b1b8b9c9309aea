#include "base/host/notify.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <systemd/sd-daemon.h>

#include <algorithm>

namespace kedge {

void Notifier::Send(const std::string& text) { sd_notify(/*unset_environment=*/0, text.c_str()); }

void Notifier::Ready() { Send("READY=1"); }

void Notifier::SetStatus(std::string_view text) {
  std::string line = absl::StrCat("STATUS=", absl::string_view(text.data(), text.size()));
  // A line break would start a new assignment.
  std::replace(line.begin(), line.end(), '\n', ' ');
  Send(line);
}

void Notifier::Stopping() { Send("STOPPING=1"); }

void Notifier::Watchdog() { Send("WATCHDOG=1"); }

std::optional<absl::Duration> Notifier::WatchdogInterval() {
  uint64_t microseconds = 0;
  if (sd_watchdog_enabled(/*unset_environment=*/0, &microseconds) <= 0) return std::nullopt;
  return absl::Microseconds(microseconds);
}

WatchdogThread::WatchdogThread(Notifier& notifier, absl::Duration interval,
                               absl::Duration stall_limit)
    : notifier_(notifier),
      interval_(interval),
      stall_limit_(stall_limit),
      last_beat_(absl::Now()),
      thread_([this] { Run(); }) {}

WatchdogThread::~WatchdogThread() {
  {
    const absl::MutexLock lock(&mutex_);
    stop_ = true;
  }
  thread_.join();
}

void WatchdogThread::Beat() {
  const absl::MutexLock lock(&mutex_);
  last_beat_ = absl::Now();
}

void WatchdogThread::Run() {
  const absl::MutexLock lock(&mutex_);
  while (!stop_) {
    if (absl::Now() - last_beat_ < stall_limit_) notifier_.Watchdog();
    mutex_.AwaitWithTimeout(absl::Condition(&stop_), interval_ / 2);
  }
}

}  // namespace kedge
