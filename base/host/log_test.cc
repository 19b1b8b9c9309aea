#include "base/host/log.h"

#include <gtest/gtest.h>
#include <stdlib.h>

namespace kedge {
namespace {

TEST(Log, PlainLineOutsideOfAUnit) {
  unsetenv("INVOCATION_ID");
  testing::internal::CaptureStderr();
  Log(LogLevel::kWarning, {"d34db33fd34db33fd34db33fd34db33f"}, "disk is slow",
      {{"KEDGE_STEP", "open-disk"}});
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "host_test: disk is slow KEDGE_STEP=open-disk\n");
}

}  // namespace
}  // namespace kedge
