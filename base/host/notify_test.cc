#include "base/host/notify.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace kedge {
namespace {

// A service manager's end of the notification socket.
class NotifyTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string path = absl::StrCat(testing::TempDir(), "/notify.", getpid());
    unlink(path.c_str());
    socket_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ASSERT_GE(socket_, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ASSERT_LT(path.size(), sizeof(address.sun_path));
    strcpy(address.sun_path, path.c_str());
    ASSERT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  void TearDown() override {
    unsetenv("NOTIFY_SOCKET");
    close(socket_);
  }
  // The next datagram, or "" after `timeout_ms`.
  std::string Receive(int timeout_ms) {
    pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
    if (poll(&wait, 1, timeout_ms) <= 0) return "";
    char buffer[512];
    const ssize_t size = recv(socket_, buffer, sizeof(buffer), 0);
    return std::string(buffer, static_cast<size_t>(size));
  }
  int socket_ = -1;
};

TEST_F(NotifyTest, SaysWhatTheManagerUnderstands) {
  Notifier notifier;
  notifier.Ready();
  EXPECT_EQ(Receive(1000), "READY=1");
  notifier.SetStatus("waiting\nMAINPID=1");
  EXPECT_EQ(Receive(1000), "STATUS=waiting MAINPID=1") << "a status cannot smuggle an assignment";
  notifier.Stopping();
  EXPECT_EQ(Receive(1000), "STOPPING=1");
}

TEST_F(NotifyTest, SilentWithoutAManager) {
  unsetenv("NOTIFY_SOCKET");
  Notifier().Ready();
  EXPECT_EQ(Receive(0), "");
}

TEST_F(NotifyTest, IntervalComesFromTheEnvironment) {
  unsetenv("WATCHDOG_USEC");
  EXPECT_EQ(Notifier::WatchdogInterval(), std::nullopt);
  setenv("WATCHDOG_USEC", "30000000", 1);
  setenv("WATCHDOG_PID", absl::StrCat(getpid()).c_str(), 1);
  EXPECT_EQ(Notifier::WatchdogInterval(), absl::Seconds(30));
  unsetenv("WATCHDOG_USEC");
  unsetenv("WATCHDOG_PID");
}

TEST_F(NotifyTest, PingsWhileTheWorkerBeatsAndStopsWhenItStalls) {
  Notifier notifier;
  WatchdogThread watchdog(notifier, absl::Milliseconds(20), absl::Milliseconds(300));
  for (int i = 0; i < 40; ++i) {  // 40 pings take 400 ms: longer than the stall limit
    ASSERT_EQ(Receive(1000), "WATCHDOG=1");
    watchdog.Beat();
  }
  // No more beats: pings end soon after the stall limit. Pings already sent are drained first.
  int pings = 0;
  while (Receive(200) == "WATCHDOG=1") ASSERT_LT(++pings, 60) << "a stalled worker is pinged for";
  watchdog.Beat();
  EXPECT_EQ(Receive(1000), "WATCHDOG=1") << "a worker that recovers is pinged for again";
}

}  // namespace
}  // namespace kedge
