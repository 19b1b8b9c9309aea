#include "base/clock.h"

#include <gtest/gtest.h>

namespace kedge {
namespace {

TEST(EffectiveNow, IsTheLatest) {
  const absl::Time a = absl::FromUnixSeconds(1);
  const absl::Time b = absl::FromUnixSeconds(2);
  const absl::Time c = absl::FromUnixSeconds(3);
  EXPECT_EQ(EffectiveNow(a, b, c), c);
  EXPECT_EQ(EffectiveNow(c, a, b), c);
  EXPECT_EQ(EffectiveNow(b, c, a), c);
}

}  // namespace
}  // namespace kedge
