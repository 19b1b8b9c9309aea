// Waiting that ends early when the program is asked to stop.
#pragma once

#include <functional>

#include "bootstrapper/core/ports.h"

namespace kedge {

// Blocks SIGTERM and SIGINT for the thread that makes it (and all threads it starts later) and
// notices them only in Sleep. Make one, in main, before any thread. `on_beat` is called at least
// every five seconds of sleep. Uptime may be asked from any thread, Sleep from one.
class StopTimer final : public Timer {
 public:
  explicit StopTimer(std::function<void()> on_beat);
  ~StopTimer() override;

  absl::Duration Uptime() override;
  // absl::InfiniteDuration() waits for the request to stop.
  bool Sleep(absl::Duration duration) override;

 private:
  const std::function<void()> on_beat_;
  int signal_fd_ = -1;
};

}  // namespace kedge
