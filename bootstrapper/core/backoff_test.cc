#include "bootstrapper/core/backoff.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge {
namespace {

// Draws the same 32 bits every time.
class FixedRandom final : public Random {
 public:
  explicit FixedRandom(uint8_t byte) : byte_(byte) {}
  Status Fill(std::span<uint8_t> out) override {
    for (uint8_t& b : out) b = byte_;
    return absl::OkStatus();
  }

 private:
  uint8_t byte_;
};

TEST(Backoff, DoublesBetweenHalfAndWholeUpToTheLimit) {
  FixedRandom lowest(0x00);
  FixedRandom highest(0xFF);
  const int kExpectedSeconds[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
  for (int tries = 1; tries <= 9; ++tries) {
    const absl::Duration whole = absl::Seconds(kExpectedSeconds[tries - 1]);
    ASSERT_OK_AND_ASSIGN(const absl::Duration low, WaitAfter(tries, kLongestWait, lowest));
    ASSERT_OK_AND_ASSIGN(const absl::Duration high, WaitAfter(tries, kLongestWait, highest));
    EXPECT_EQ(low, whole / 2) << tries;
    EXPECT_EQ(high, whole) << tries;
  }
}

TEST(Backoff, StaysAtTheLimitForever) {
  FixedRandom highest(0xFF);
  ASSERT_OK_AND_ASSIGN(const absl::Duration wait, WaitAfter(1'000'000'000, kLongestWait, highest));
  EXPECT_EQ(wait, kLongestWait);
}

}  // namespace
}  // namespace kedge
