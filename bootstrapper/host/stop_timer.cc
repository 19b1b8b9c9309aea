#include "bootstrapper/host/stop_timer.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

namespace kedge {
namespace {

constexpr absl::Duration kBeat = absl::Seconds(5);

}  // namespace

StopTimer::StopTimer(std::function<void()> on_beat) : on_beat_(std::move(on_beat)) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal_fd_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

StopTimer::~StopTimer() { close(signal_fd_); }

absl::Duration StopTimer::Uptime() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return absl::DurationFromTimespec(now);
}

bool StopTimer::Sleep(absl::Duration duration) {
  const absl::Duration end = Uptime() + duration;
  while (true) {
    on_beat_();
    const absl::Duration left = std::min(end - Uptime(), kBeat);
    // Rounded up: a wait is never shorter than asked for.
    const int64_t milliseconds = absl::ToInt64Milliseconds(absl::Ceil(left, absl::Milliseconds(1)));
    pollfd stop{.fd = signal_fd_, .events = POLLIN, .revents = 0};
    // The signal stays pending: every later Sleep returns false at once as well.
    if (poll(&stop, 1, static_cast<int>(std::max<int64_t>(milliseconds, 0))) > 0) return false;
    if (Uptime() >= end) return true;
  }
}

}  // namespace kedge
