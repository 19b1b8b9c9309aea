#include "keyservice/server/mount_watch.h"

#include <absl/synchronization/notification.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <iostream>

#include "base/status_matchers.h"
#include "keyservice/store/testing/temporary_directory.h"

namespace kedge::keyservice {
namespace {

constexpr char kMountInfo[] =
    "22 29 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
    "36 35 98:0 /mnt1 /run/kedge/state rw,nosuid,nodev master:1 - ext4 /dev/mapper/x rw\n"
    "37 35 98:0 / /mnt/with\\040space rw - ext4 /dev/y rw\n"
    "broken line\n";

TEST(MountWatchTest, ReadsMountInfo) {
  EXPECT_TRUE(IsMountPoint(kMountInfo, "/run/kedge/state"));
  EXPECT_TRUE(IsMountPoint(kMountInfo, "/mnt/with space"));
  EXPECT_FALSE(IsMountPoint(kMountInfo, "/run/kedge"));
  EXPECT_FALSE(IsMountPoint(kMountInfo, "/run/kedge/state/keyservice"));
  // A source or root of that name is no mount there.
  EXPECT_FALSE(IsMountPoint(kMountInfo, "/mnt1"));
  EXPECT_FALSE(IsMountPoint("", "/"));
}

TEST(MountWatchTest, CallsAtOnceForAMountThatIsThere) {
  absl::Notification called;
  const MountWatch watch("/proc", [&called] {
    called.Notify();
    return absl::OkStatus();
  });
  EXPECT_TRUE(called.WaitForNotificationWithTimeout(absl::Seconds(20)));
}

TEST(MountWatchTest, TriesAgainAfterARetryableErrorOnly) {
  std::atomic<int> calls = 0;
  absl::Notification done;
  const MountWatch watch("/proc", [&]() -> Status {
    if (++calls == 1) return MakeFault(StatusCode::kUnavailable, "X", Advice::kRetry, "not yet");
    done.Notify();
    return Refused("ROLLBACK_DETECTED", "final");
  });
  EXPECT_TRUE(done.WaitForNotificationWithTimeout(absl::Seconds(20)));
  EXPECT_EQ(calls, 2);
}

TEST(MountWatchTest, StopsWhereNothingIsEverMounted) {
  const MountWatch watch("/nowhere/at/all", [] { return absl::OkStatus(); });
}

// 0: called when `path` was mounted, and not before. 77: it cannot be mounted here.
int WaitForTheMountOf(const std::string& path) {
  absl::Notification called;
  const MountWatch watch(path, [&called] {
    called.Notify();
    return absl::OkStatus();
  });
  if (called.WaitForNotificationWithTimeout(absl::Milliseconds(200))) return 1;
  if (mount("tmpfs", path.c_str(), "tmpfs", 0, nullptr) != 0) return 77;
  return called.WaitForNotificationWithTimeout(absl::Seconds(20)) ? 0 : 2;
}

// In a mount namespace of its own, so that the machine's mounts stay as they are.
TEST(MountWatchTest, WakesUpWhenTheDiskIsMounted) {
  const testing::TemporaryDirectory directory;
  const pid_t child = fork();
  if (child == 0) {
    if (unshare(CLONE_NEWNS) != 0) _exit(77);
    if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) _exit(77);
    _exit(WaitForTheMountOf(directory.path()));
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WEXITSTATUS(status) == 77) {
    std::cerr << "*** SKIPPED: no mount namespace for this user\n";
    GTEST_SKIP() << "mount namespaces need root";
  }
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace kedge::keyservice
