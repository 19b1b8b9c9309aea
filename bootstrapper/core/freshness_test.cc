#include "bootstrapper/core/freshness.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge {
namespace {

TEST(StateCounter, IsLevelWithTheHeaderOrOneStepBehind) {
  const DiskCounters counters{.acknowledged = 7, .next = 8};
  EXPECT_OK(CheckStateCounter(7, 7, counters));
  EXPECT_OK(CheckStateCounter(8, 8, counters));
  EXPECT_OK(CheckStateCounter(8, 7, counters)) << "cut off between header and file system";
  EXPECT_OK(CheckStateCounter(7, 6, counters)) << "the same, acknowledged or not";
  EXPECT_THAT(CheckStateCounter(7, 8, counters), HasFault("STALE_DISK")) << "older header";
  EXPECT_THAT(CheckStateCounter(8, 6, counters), HasFault("STALE_DISK")) << "older file system";
  EXPECT_THAT(CheckStateCounter(7, 0, counters), HasFault("STALE_DISK")) << "no state";
}

TEST(StateCounter, AFreshDiskHasNoStateYet) {
  EXPECT_OK(CheckStateCounter(0, 0, {.acknowledged = 0, .next = 1}));
  EXPECT_OK(CheckStateCounter(1, 0, {.acknowledged = 0, .next = 1}));
}

TEST(StateCounter, AfterTheOwnerAcceptedAnOlderDiskTheStepIsWide) {
  const DiskCounters counters{.acknowledged = 7, .next = 12};
  EXPECT_OK(CheckStateCounter(12, 7, counters));
  EXPECT_THAT(CheckStateCounter(12, 6, counters), HasFault("STALE_DISK"));
  EXPECT_THAT(CheckStateCounter(12, 8, counters), HasFault("STALE_DISK"));
}

TEST(TpmCounter, OnlyFarAheadIsAVerdict) {
  EXPECT_EQ(JudgeTpmCounter(0, std::nullopt).value(), TpmCounterFinding::kUnknown);
  EXPECT_EQ(JudgeTpmCounter(0, 90).value(), TpmCounterFinding::kUnknown);
  EXPECT_EQ(JudgeTpmCounter(20, 20).value(), TpmCounterFinding::kLevel);
  EXPECT_EQ(JudgeTpmCounter(20, 21).value(), TpmCounterFinding::kCounted);
  EXPECT_THAT(JudgeTpmCounter(20, 22), HasFault("STALE_DISK"));
  EXPECT_THAT(JudgeTpmCounter(20, UINT64_MAX), HasFault("STALE_DISK"));
  EXPECT_EQ(JudgeTpmCounter(20, 19).value(), TpmCounterFinding::kBehind);
  EXPECT_EQ(JudgeTpmCounter(20, std::nullopt).value(), TpmCounterFinding::kBehind);
  EXPECT_EQ(JudgeTpmCounter(UINT64_MAX, 0).value(), TpmCounterFinding::kBehind);
}

}  // namespace
}  // namespace kedge
