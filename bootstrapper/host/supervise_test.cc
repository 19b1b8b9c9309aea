#include "bootstrapper/host/supervise.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

namespace kedge {
namespace {

constexpr int kCrash = 5;

// Counts across processes.
class SuperviseTest : public ::testing::Test {
 protected:
  SuperviseTest()
      : runs_(static_cast<int*>(mmap(nullptr, sizeof(int), PROT_READ | PROT_WRITE,
                                     MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {}
  ~SuperviseTest() override { munmap(runs_, sizeof(int)); }
  int& runs() { return *runs_; }

 private:
  int* const runs_;
};

TEST_F(SuperviseTest, ReturnsWhatTheWorkReturns) {
  EXPECT_EQ(Supervise([this] { return ++runs(), 4; }, kCrash, absl::ZeroDuration()), 4);
  EXPECT_EQ(runs(), 1);
}

TEST_F(SuperviseTest, BeginsAgainAfterACrash) {
  const auto work = [this] {
    ++runs();
    if (runs() == 1) kill(getpid(), SIGKILL);
    if (runs() == 2) kill(getpid(), SIGABRT);
    return runs() == 3 ? kCrash : 0;
  };
  EXPECT_EQ(Supervise(work, kCrash, absl::Milliseconds(1)), 0);
  EXPECT_EQ(runs(), 4);
}

TEST_F(SuperviseTest, WaitsInBetweenAndCanBeStoppedThere) {
  const auto work = [this] {
    ++runs();
    kill(getppid(), SIGTERM);  // while this child runs: told to the parent at its end
    return kCrash;
  };
  EXPECT_EQ(Supervise(work, kCrash, absl::Hours(1)), 128 + SIGTERM);
  EXPECT_EQ(runs(), 1);
}

TEST_F(SuperviseTest, TheChildCanBeStopped) {
  const auto work = [this] {
    ++runs();
    sigset_t blocked;
    sigprocmask(SIG_SETMASK, nullptr, &blocked);
    return sigismember(&blocked, SIGTERM) == 1 ? 1 : 0;
  };
  EXPECT_EQ(Supervise(work, kCrash, absl::ZeroDuration()), 0) << "SIGTERM is blocked in the child";
}

}  // namespace
}  // namespace kedge
