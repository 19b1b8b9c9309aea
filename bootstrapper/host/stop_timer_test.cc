#include "bootstrapper/host/stop_timer.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace kedge {
namespace {

TEST(StopTimer, SleepsAsLongAsAsked) {
  int beats = 0;
  StopTimer timer([&beats] { ++beats; });
  const absl::Duration begin = timer.Uptime();
  EXPECT_TRUE(timer.Sleep(absl::Milliseconds(50)));
  EXPECT_GE(timer.Uptime() - begin, absl::Milliseconds(50));
  EXPECT_GE(beats, 1);
}

TEST(StopTimer, EndsAtTheRequestToStopAndStaysEnded) {
  StopTimer timer([] {});
  kill(getpid(), SIGTERM);
  EXPECT_FALSE(timer.Sleep(absl::InfiniteDuration()));
  EXPECT_FALSE(timer.Sleep(absl::Seconds(60)));
  // Taken away, so that the test's process does not die of it.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  const timespec now{};
  EXPECT_EQ(sigtimedwait(&signals, nullptr, &now), SIGTERM);
}

}  // namespace
}  // namespace kedge
