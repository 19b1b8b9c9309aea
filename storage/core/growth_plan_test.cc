#include "storage/core/growth_plan.h"

#include <gtest/gtest.h>

namespace kedge {
namespace {

constexpr uint64_t kMebibyte = uint64_t{1} << 20;
constexpr uint64_t kGibibyte = uint64_t{1} << 30;

TEST(GrowthPlanTest, NeverWipesBelowTheRecordOrTheFileSystem) {
  EXPECT_EQ(WipeStart({.prepared = 96, .file_system_end = 32, .total = 4096}), 96U);
  EXPECT_EQ(WipeStart({.prepared = 32, .file_system_end = 96, .total = 4096}), 96U);
}

TEST(GrowthPlanTest, EndsAtTheDevicesEnd) {
  const GrowthState almost{.prepared = 100 * kMebibyte,
                           .file_system_end = 100 * kMebibyte,
                           .total = 101 * kMebibyte + 4096};
  EXPECT_EQ(WipeEnd(almost), almost.total);
  const GrowthState done{.prepared = almost.total, .file_system_end = 0, .total = almost.total};
  EXPECT_EQ(WipeStart(done), done.total);
  EXPECT_EQ(WipeEnd(done), done.total);
  // A file system that claims to be larger than the device wipes nothing.
  const GrowthState beyond{.prepared = 32, .file_system_end = 8192, .total = 4096};
  EXPECT_EQ(WipeStart(beyond), WipeEnd(beyond));
}

TEST(GrowthPlanTest, PiecesGrowWithTheDisk) {
  const auto piece = [](uint64_t prepared) {
    const GrowthState state{.prepared = prepared, .file_system_end = 0, .total = 1024 * kGibibyte};
    return WipeEnd(state) - WipeStart(state);
  };
  EXPECT_EQ(piece(32 * kMebibyte), 64 * kMebibyte);
  EXPECT_EQ(piece(kGibibyte), 128 * kMebibyte);
  EXPECT_EQ(piece(100 * kGibibyte), kGibibyte);
}

TEST(GrowthPlanTest, AnyDiskIsFinishedInAtMostAThousandSteps) {
  GrowthState state{.prepared = 32 * kMebibyte, .file_system_end = 0, .total = 900 * kGibibyte};
  int steps = 0;
  while (WipeEnd(state) != WipeStart(state)) {
    ASSERT_GT(WipeEnd(state), state.prepared);
    state.prepared = WipeEnd(state);
    ++steps;
  }
  EXPECT_LT(steps, 1000);
}

TEST(GrowthPlanTest, PausesAsLongAsItsShareSays) {
  EXPECT_EQ(PauseAfter(absl::Milliseconds(100), 50, false), absl::Milliseconds(100));
  EXPECT_EQ(PauseAfter(absl::Milliseconds(100), 25, false), absl::Milliseconds(300));
  EXPECT_EQ(PauseAfter(absl::Milliseconds(100), 100, false), absl::ZeroDuration());
  EXPECT_EQ(PauseAfter(absl::Milliseconds(100), 0, false), absl::Milliseconds(9900));
  EXPECT_EQ(PauseAfter(absl::Milliseconds(100), 50, true), absl::ZeroDuration());
}

TEST(GrowthPlanTest, ShortOfSpaceBelowAQuarter) {
  EXPECT_TRUE(IsShortOfSpace(24, 100));
  EXPECT_FALSE(IsShortOfSpace(25, 100));
  EXPECT_TRUE(IsShortOfSpace(0, 100));
}

}  // namespace
}  // namespace kedge
