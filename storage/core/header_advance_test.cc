// An advance that is cut off anywhere leaves a header that opens with the old or the new counter.
#include "storage/core/header_advance.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "storage/core/luks_layout.h"
#include "storage/core/testing/header_builder.h"

namespace kedge {
namespace {

using testing::GoodJson;
using testing::GoodJsonOfFormat1;
using testing::HeaderRegion;
using testing::kDiskBytes;

const DiskBinding kBinding{
    .cluster_id_hex = std::string(64, 'c'), .node = "node-1", .volume = "state"};

class HeaderAdvanceTest : public ::testing::Test {
 protected:
  Bytes Stamped(const std::string& json) {
    return WithHeaderMac(HeaderRegion(json), kDiskBytes, keys_.header_mac, kBinding).value();
  }
  StatusOr<VerifiedHeader> Read(const Bytes& region) {
    ASSIGN_OR_RETURN(UnverifiedHeader header, ParseHeader(region, kDiskBytes));
    return VerifiedHeader::Verify(std::move(header), keys_.header_mac, kBinding);
  }
  StatusOr<HeaderAdvance> Plan(const Bytes& region, uint64_t counter) {
    ASSIGN_OR_RETURN(const VerifiedHeader header, Read(region));
    return PlanAdvance(header, kDiskBytes, counter, keys_.header_mac, kBinding);
  }
  std::vector<HeaderWrite> Writes(const Bytes& region, uint64_t counter) {
    auto plan = Plan(region, counter);
    EXPECT_OK(plan);
    if (!plan.ok()) return {};
    return std::move(plan->writes);
  }
  static void Apply(Bytes& region, const HeaderWrite& write) {
    std::copy(write.content.begin(), write.content.end(),
              region.begin() + static_cast<ptrdiff_t>(write.offset));
  }
  // The disk after all writes that a plan for `region` and `counter` makes.
  Bytes Advanced(Bytes region, uint64_t counter) {
    for (const HeaderWrite& write : Writes(region, counter)) Apply(region, write);
    return region;
  }
  // Whatever was left opens with one of the two counters, and the next advance finishes it.
  void ExpectRecovers(const Bytes& left, uint64_t before, uint64_t after, const Bytes& end) {
    const auto header = Read(left);
    ASSERT_OK(header);
    EXPECT_OK(
        CheckDiskCounter(header->token().disk_counter, {.acknowledged = before, .next = after}));
    EXPECT_EQ(Advanced(left, after), end);
  }
  // Cuts the advance of `region` before and after each write, and in each write in every way.
  int CutEverywhere(const Bytes& region, uint64_t before, uint64_t after) {
    int cuts = 0;
    const Bytes end = Advanced(region, after);
    Bytes disk = region;
    for (const HeaderWrite& write : Writes(region, after)) {
      const int stretches = testing::DifferingStretches(disk, write.offset, write.content);
      EXPECT_LT(stretches, 8);
      for (uint32_t mask = 0; mask < (1U << stretches); ++mask) {
        SCOPED_TRACE(::testing::Message() << "write at " << write.offset << ", mask " << mask);
        const Bytes left = testing::TornWrite(disk, write.offset, write.content, mask);
        ExpectRecovers(left, before, after, end);
        ++cuts;
      }
      Apply(disk, write);
    }
    return cuts;
  }

  const StateDiskKeys keys_ =
      DeriveStateDiskKeys(SecretBytes::CopyOf(Bytes(32, 0x11)).value()).value();
};

TEST_F(HeaderAdvanceTest, CountsAndKeepsTheDigest) {
  const Bytes region = Stamped(GoodJson());
  const Bytes advanced = Advanced(region, 8);
  ASSERT_OK_AND_ASSIGN(const VerifiedHeader before, Read(region));
  ASSERT_OK_AND_ASSIGN(const VerifiedHeader after, Read(advanced));
  EXPECT_EQ(after.token().disk_counter, 8U);
  EXPECT_EQ(after.sequence(), before.sequence() + 1);
  EXPECT_EQ(after.copies(), HeaderCopies::kEqual);
  EXPECT_EQ(after.Digest(), before.Digest());
  EXPECT_NE(after.token().mac, before.token().mac);
}

TEST_F(HeaderAdvanceTest, WritesNothingWhereNothingIsToDo) {
  ASSERT_OK_AND_ASSIGN(const HeaderAdvance plan, Plan(Stamped(GoodJson()), 7));
  EXPECT_TRUE(plan.writes.empty());
  EXPECT_EQ(plan.disk.disk_counter, 7U);
}

TEST_F(HeaderAdvanceTest, CutOffAnywhereItOpensAndIsFinished) {
  EXPECT_GT(CutEverywhere(Stamped(GoodJson()), 7, 8), 8);
  // Another number of digits, and a jump, as after the owner accepted an older copy.
  EXPECT_GT(CutEverywhere(Stamped(GoodJson()), 7, 100), 8);
}

// A disk whose file system lies in an extent stays one.
TEST_F(HeaderAdvanceTest, Format3StaysFormat3WhereverItIsCutOff) {
  const Bytes region = Stamped(testing::GoodJsonOfFormat3());
  EXPECT_GT(CutEverywhere(region, 7, 8), 8);
  ASSERT_OK_AND_ASSIGN(const VerifiedHeader after, Read(Advanced(region, 8)));
  EXPECT_EQ(after.token().format, kHeaderFormat);
  EXPECT_EQ(after.Digest(), Read(region)->Digest());
}

// S6: a disk of format 1 is upgraded by its first advance.
TEST_F(HeaderAdvanceTest, FormatOneIsUpgradedWhereverItIsCutOff) {
  const Bytes region = Stamped(GoodJsonOfFormat1());
  EXPECT_GT(CutEverywhere(region, 0, 1), 8);
  ASSERT_OK_AND_ASSIGN(const VerifiedHeader after, Read(Advanced(region, 1)));
  EXPECT_EQ(after.token().format, kHeaderFormat2);
  EXPECT_EQ(after.Digest(), Read(region)->Digest()) << "what the registry remembers";
}

// The repair of what an earlier cut left is cut off again, and so on.
TEST_F(HeaderAdvanceTest, ARepairThatIsCutOffRecoversToo) {
  const Bytes region = Stamped(GoodJson());
  for (const HeaderWrite& write : Writes(region, 8)) {
    for (const uint32_t mask : {1U, 2U, 3U}) {
      const Bytes left = testing::TornWrite(region, write.offset, write.content, mask);
      if (!Read(left).ok()) continue;  // not what a cut of this advance leaves
      EXPECT_GE(CutEverywhere(left, 7, 8), 1);
      EXPECT_GE(CutEverywhere(left, 7, 9), 1);
    }
  }
}

// A copy is written over only while the other one is whole.
TEST_F(HeaderAdvanceTest, ATornSecondaryIsRepairedBeforeThePrimaryIsTouched) {
  Bytes region = Stamped(GoodJson());
  region[kLuksCopyBytes + kLuksChecksum.offset] ^= 1;
  ASSERT_OK_AND_ASSIGN(const HeaderAdvance plan, Plan(region, 8));
  ASSERT_EQ(plan.writes.size(), 3U);
  EXPECT_EQ(plan.writes[0].offset, kLuksCopyBytes);
  EXPECT_EQ(plan.writes[1].offset, 0U);
  EXPECT_EQ(plan.writes[2].offset, kLuksCopyBytes);
}

// Both copies must be ours: a host cannot put a copy of its own beside a genuine one.
TEST_F(HeaderAdvanceTest, TheOlderCopyNeedsItsMacToo) {
  const Bytes region = Stamped(GoodJson());
  Bytes between = region;
  Apply(between, Writes(region, 8).front());
  ASSERT_OK(Read(between));
  const Bytes unstamped = HeaderRegion(GoodJson());
  std::copy_n(unstamped.begin() + kLuksCopyBytes, kLuksCopyBytes, between.begin() + kLuksCopyBytes);
  EXPECT_THAT(Read(between), HasFault("HEADER_MAC"));
}

TEST_F(HeaderAdvanceTest, AnOlderHeaderIsToldByItsCounter) {
  const Bytes seven = Stamped(GoodJson());
  const Bytes nine = Advanced(Advanced(seven, 8), 9);
  ASSERT_OK_AND_ASSIGN(const VerifiedHeader old, Read(seven));
  EXPECT_THAT(CheckDiskCounter(old.token().disk_counter, {.acknowledged = 9, .next = 10}),
              HasFault("STALE_DISK"));
  // Copies of two lives: not one advance apart.
  Bytes mixed = nine;
  std::copy_n(seven.begin() + kLuksCopyBytes, kLuksCopyBytes, mixed.begin() + kLuksCopyBytes);
  EXPECT_THAT(Read(mixed), HasFault("HEADER_NOT_ACCEPTED"));
  std::copy_n(seven.begin(), kLuksCopyBytes, mixed.begin());
  std::copy_n(nine.begin() + kLuksCopyBytes, kLuksCopyBytes, mixed.begin() + kLuksCopyBytes);
  EXPECT_THAT(Read(mixed), HasFault("HEADER_NOT_ACCEPTED"));
}

}  // namespace
}  // namespace kedge
