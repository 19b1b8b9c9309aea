#include "base/host/unit_manager.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/host/testing/fake_manager.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using testing::FakeManager;

class UnitManagerTest : public ::testing::Test {
 protected:
  const std::string path_ = absl::StrCat(::testing::TempDir(), "/manager.", getpid());
};

TEST_F(UnitManagerTest, StartsAndWaitsForTheJob) {
  FakeManager manager(path_, {});
  EXPECT_OK(UnitManager(path_).Start("a.target", absl::Seconds(10)));
  EXPECT_EQ(manager.called(), "StartUnit a.target replace");
}

TEST_F(UnitManagerTest, Restarts) {
  FakeManager manager(path_, {});
  EXPECT_OK(UnitManager(path_).Restart("a.service", absl::Seconds(10)));
  EXPECT_EQ(manager.called(), "RestartUnit a.service replace");
}

TEST_F(UnitManagerTest, JobThatEndsBeforeTheAnswerIsSeen) {
  FakeManager manager(path_, {.result_before_answer = true});
  EXPECT_OK(UnitManager(path_).Start("a.target", absl::Seconds(10)));
}

TEST_F(UnitManagerTest, FailedJobIsAnError) {
  FakeManager manager(path_, {.result = "dependency"});
  EXPECT_THAT(UnitManager(path_).Start("a.target", absl::Seconds(10)),
              HasFault("UNIT_NOT_STARTED"));
}

TEST_F(UnitManagerTest, RefusedCallIsAnError) {
  FakeManager manager(path_, {.refuse = true});
  EXPECT_THAT(UnitManager(path_).Start("a.target", absl::Seconds(10)),
              HasFault("UNIT_NOT_STARTED"));
}

TEST_F(UnitManagerTest, JobThatNeverEndsTimesOut) {
  FakeManager manager(path_, {.result = nullptr});
  EXPECT_THAT(UnitManager(path_).Start("a.target", absl::Milliseconds(300)),
              HasCode(StatusCode::kDeadlineExceeded));
}

TEST_F(UnitManagerTest, OnlyStoppingIsStopping) {
  for (const char* state : {"initializing", "starting", "running", "degraded", "maintenance"}) {
    FakeManager manager(path_, {.state = state});
    ASSERT_OK_AND_ASSIGN(const bool stopping, UnitManager(path_).IsStopping(absl::Seconds(10)));
    EXPECT_FALSE(stopping) << state;
  }
  FakeManager manager(path_, {.state = "stopping"});
  ASSERT_OK_AND_ASSIGN(const bool stopping, UnitManager(path_).IsStopping(absl::Seconds(10)));
  EXPECT_TRUE(stopping);
  EXPECT_EQ(manager.called(), "Get org.freedesktop.systemd1.Manager SystemState");
}

TEST_F(UnitManagerTest, WhoSaysNothingIsNotStopping) {
  EXPECT_THAT(UnitManager("/nonexistent/private").IsStopping(absl::Seconds(1)),
              HasCode(StatusCode::kUnavailable));
  FakeManager refusing(path_, {.refuse = true});
  EXPECT_THAT(UnitManager(path_).IsStopping(absl::Seconds(10)), HasCode(StatusCode::kUnavailable));
}

TEST_F(UnitManagerTest, NoManagerIsUnavailable) {
  EXPECT_THAT(UnitManager("/nonexistent/private").Start("a.target", absl::Seconds(1)),
              HasCode(StatusCode::kUnavailable));
}

}  // namespace
}  // namespace kedge
