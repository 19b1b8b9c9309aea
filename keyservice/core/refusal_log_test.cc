#include "keyservice/core/refusal_log.h"

#include <gtest/gtest.h>

namespace kedge {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);

RefusalEntry Of(const std::string& node, int second,
                const std::string& code = "IMAGE_NOT_ALLOWED") {
  return {.correlation_id = std::to_string(second),
          .time = kStart + absl::Seconds(second),
          .node = node,
          .code = code,
          .reason = "why"};
}

TEST(RefusalLogTest, IsInOrderOfTime) {
  RefusalLog log;
  log.Add(Of("a", 3), RefusalLog::Peer::kKnown);
  log.Add(Of("b", 1), RefusalLog::Peer::kStranger);
  log.Add(Of("c", 2), RefusalLog::Peer::kKnown);
  const auto all = log.All();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].node, "b");
  EXPECT_EQ(all[1].node, "c");
  EXPECT_EQ(all[2].node, "a");
}

TEST(RefusalLogTest, TheSameAgainIsCounted) {
  RefusalLog log;
  for (int i = 0; i < 5; ++i) log.Add(Of("a", i), RefusalLog::Peer::kKnown);
  log.Add(Of("a", 5, "NODE_CAPPED"), RefusalLog::Peer::kKnown);
  const auto all = log.All();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].count, 5u);
  EXPECT_EQ(all[0].correlation_id, "4");
  EXPECT_EQ(all[1].count, 1u);
}

TEST(RefusalLogTest, StrangersDoNotPushOutKnownNodes) {
  RefusalLog log;
  log.Add(Of("node-2", 0), RefusalLog::Peer::kKnown);
  for (int i = 0; i < 1000; ++i) {
    log.Add(Of("x" + std::to_string(i), i + 1), RefusalLog::Peer::kStranger);
  }
  const auto all = log.All();
  EXPECT_EQ(all.size(), 1 + RefusalLog::kStrangers);
  EXPECT_EQ(all.front().node, "node-2");
  EXPECT_EQ(all.back().node, "x999");
}

TEST(RefusalLogTest, IsBounded) {
  RefusalLog log;
  RefusalEntry huge = Of("a", 0);
  huge.reason.assign(100'000, 'x');
  log.Add(huge, RefusalLog::Peer::kKnown);
  EXPECT_LE(log.All()[0].reason.size(), 1024u);
  for (int i = 0; i < 1000; ++i) log.Add(Of(std::to_string(i), i), RefusalLog::Peer::kKnown);
  EXPECT_EQ(log.All().size(), RefusalLog::kKnown);
}

TEST(RefusalLogTest, IsPrintable) {
  RefusalLog log;
  RefusalEntry refusal = Of("a\x1b[2J", 0);
  refusal.reason = "quoted \xff\n\0 and more";
  log.Add(refusal, RefusalLog::Peer::kStranger);
  EXPECT_EQ(log.All()[0].node, "a?[2J");
  EXPECT_EQ(log.All()[0].reason, "quoted ??");
}

TEST(RefusalLogTest, WhatWasKeptComesBeforeWhatIsNew) {
  RefusalLog log;
  log.Add(Of("new", 10), RefusalLog::Peer::kKnown);
  log.RestoreKnown({Of("old", 1), Of("new", 2)});
  const auto all = log.All();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].node, "old");
  EXPECT_EQ(all[1].node, "new");
  EXPECT_EQ(all[1].count, 2u);
}

TEST(WriteBudgetTest, ABurstThenOneASecond) {
  WriteBudget budget;
  int taken = 0;
  for (int i = 0; i < 100; ++i) taken += budget.Take(kStart) ? 1 : 0;
  EXPECT_EQ(taken, 16);
  EXPECT_FALSE(budget.Take(kStart + absl::Milliseconds(500)));
  EXPECT_TRUE(budget.Take(kStart + absl::Milliseconds(1500)));
  EXPECT_FALSE(budget.Take(kStart + absl::Milliseconds(1500)));
  // A clock that goes back gives nothing.
  EXPECT_FALSE(budget.Take(kStart - absl::Hours(1)));
  EXPECT_FALSE(budget.Take(kStart + absl::Milliseconds(1600)));
}

}  // namespace
}  // namespace kedge
