#include "keyservice/core/node_registry.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge {
namespace {

using enum RegistryState;
using enum NodeTrigger;

constexpr RegistryState kAllStates[] = {kEnrolled, kFormatting, kFormatted, kJoined, kRevoked};
constexpr NodeTrigger kAllTriggers[] = {kAsksWithBlankDisk,   kAsksWithLuks2Disk,
                                        kAsksWithForeignDisk, kReportsFormatted,
                                        kReportsAdvanced,     kReportsJoined};

HardwareIdentity Machine(uint8_t id) { return {IdentityKind::kEk, Bytes(32, id)}; }

NodeEntry Node(std::string name, uint8_t machine) {
  NodeEntry entry;
  entry.name = std::move(name);
  entry.role = "worker";
  entry.identity = Machine(machine);
  return entry;
}

// The promise behind the table: data is never ordered away.
TEST(NodeRegistryTest, AFormatIsOrderedOnlyBeforeAnythingWasFormatted) {
  for (const RegistryState state : kAllStates) {
    for (const NodeTrigger trigger : kAllTriggers) {
      const auto step = StepOf(state, trigger);
      if (!step.ok() || step->order != ReleaseOrder::kFormat) continue;
      EXPECT_TRUE(state == kEnrolled || state == kFormatting) << ToString(state);
      EXPECT_EQ(step->next, kFormatting);
      EXPECT_TRUE(state == kFormatting || trigger == kAsksWithBlankDisk);
    }
  }
}

TEST(NodeRegistryTest, ADiskIsOpenedOnlyOnceFormattedAndOnlyIfLuks2) {
  for (const RegistryState state : kAllStates) {
    for (const NodeTrigger trigger : kAllTriggers) {
      const auto step = StepOf(state, trigger);
      const bool opens = step.ok() && step->order == ReleaseOrder::kOpen;
      EXPECT_EQ(opens, (state == kFormatted || state == kJoined) && trigger == kAsksWithLuks2Disk)
          << ToString(state);
    }
  }
}

TEST(NodeRegistryTest, ABlankDiskOfANodeThatHasOneFailsClosed) {
  for (const RegistryState state : {kFormatted, kJoined}) {
    EXPECT_THAT(StepOf(state, kAsksWithBlankDisk), HasFault("DISK_BLANK"));
    EXPECT_THAT(StepOf(state, kAsksWithForeignDisk), HasFault("DISK_FOREIGN"));
  }
}

TEST(NodeRegistryTest, ADiskWithDataOfANewNodeIsLeftAlone) {
  EXPECT_THAT(StepOf(kEnrolled, kAsksWithLuks2Disk), HasFault("DISK_NOT_BLANK"));
  EXPECT_THAT(StepOf(kEnrolled, kAsksWithForeignDisk), HasFault("DISK_NOT_BLANK"));
}

TEST(NodeRegistryTest, AnInterruptedFormatIsDoneAgain) {
  for (const NodeTrigger trigger : {kAsksWithBlankDisk, kAsksWithLuks2Disk, kAsksWithForeignDisk}) {
    ASSERT_OK_AND_ASSIGN(const NodeStep step, StepOf(kFormatting, trigger));
    EXPECT_EQ(step.order, ReleaseOrder::kFormat);
  }
}

TEST(NodeRegistryTest, ReportsAdvanceInOrder) {
  EXPECT_THAT(StepOf(kEnrolled, kReportsFormatted), HasFault("NOT_FORMATTING"));
  EXPECT_THAT(StepOf(kEnrolled, kReportsJoined), HasFault("NOT_FORMATTED"));
  EXPECT_EQ(StepOf(kFormatting, kReportsFormatted)->next, kFormatted);
  EXPECT_THAT(StepOf(kFormatting, kReportsJoined), HasFault("NOT_FORMATTED"));
  EXPECT_EQ(StepOf(kFormatted, kReportsJoined)->next, kJoined);
  EXPECT_EQ(StepOf(kJoined, kReportsFormatted)->next, kJoined);
  EXPECT_EQ(StepOf(kJoined, kReportsJoined)->next, kJoined);
}

TEST(NodeRegistryTest, ARevokedNodeGetsNothing) {
  for (const NodeTrigger trigger : kAllTriggers) {
    EXPECT_THAT(StepOf(kRevoked, trigger), HasFault("NODE_REVOKED"));
  }
}

TEST(NodeRegistryTest, StatesHaveNamesThatReadBack) {
  for (const RegistryState state : kAllStates)
    EXPECT_EQ(ParseRegistryState(ToString(state)), state);
  EXPECT_EQ(ParseRegistryState("joined"), std::nullopt);
}

TEST(NodeRegistryTest, ANameBelongsToTheMachineThatCameFirst) {
  const NodeEntry entry = Node("node-1", 1);
  EXPECT_OK(CheckBinding("node-1", "worker", Machine(1), entry, "node-1", std::nullopt));
  EXPECT_THAT(CheckBinding("node-1", "worker", Machine(2), entry, "", std::nullopt),
              HasFault("IDENTITY_MISMATCH"));
  EXPECT_THAT(CheckBinding("node-1", "worker", Machine(2), entry, "node-2", std::nullopt),
              HasFault("IDENTITY_MISMATCH"));
  HardwareIdentity other_kind = Machine(1);
  other_kind.kind = IdentityKind::kChip;
  EXPECT_THAT(CheckBinding("node-1", "worker", other_kind, entry, "", std::nullopt),
              HasFault("IDENTITY_MISMATCH"));
}

TEST(NodeRegistryTest, AnotherMachineWithTheNodesDiskIsToldFromANamesake) {
  NodeEntry entry = Node("node-1", 1);
  const Sha256Digest disk = Sha256(AsBytes("the node's header"));
  const auto checked = [&](const std::optional<Sha256Digest>& shown) {
    return CheckBinding("node-1", "worker", Machine(2), entry, "", shown);
  };
  EXPECT_THAT(checked(disk), HasFault("IDENTITY_MISMATCH")) << "nothing is known of its disk";
  EXPECT_THAT(checked(std::nullopt), HasFault("IDENTITY_MISMATCH")) << "not even a disk is shown";
  entry.header_digest = disk;
  EXPECT_THAT(checked(disk), HasFault("MACHINE_CHANGED"));
  EXPECT_THAT(checked(Sha256(AsBytes("its own header"))), HasFault("IDENTITY_MISMATCH"));
  EXPECT_THAT(checked(std::nullopt), HasFault("IDENTITY_MISMATCH"));
}

TEST(NodeRegistryTest, AMachineHasOneName) {
  EXPECT_OK(CheckBinding("node-2", "worker", Machine(1), std::nullopt, "", std::nullopt));
  EXPECT_THAT(CheckBinding("node-2", "worker", Machine(1), std::nullopt, "node-1", std::nullopt),
              HasFault("IDENTITY_IN_USE"));
}

TEST(NodeRegistryTest, ARoleDoesNotChange) {
  EXPECT_THAT(CheckBinding("node-1", "control-plane", Machine(1), Node("node-1", 1), "node-1",
                           std::nullopt),
              HasFault("ROLE_MISMATCH"));
}

TEST(NodeRegistryTest, OnlyANodeWithADiskAdvancesIt) {
  EXPECT_THAT(StepOf(kEnrolled, kReportsAdvanced), HasFault("NOT_FORMATTED"));
  EXPECT_THAT(StepOf(kFormatting, kReportsAdvanced), HasFault("NOT_FORMATTED"));
  EXPECT_EQ(StepOf(kFormatted, kReportsAdvanced)->next, kFormatted);
  EXPECT_EQ(StepOf(kJoined, kReportsAdvanced)->next, kJoined);
}

class DiskCounterTest : public ::testing::Test {
 protected:
  DiskCounterTest() { entry_.state = kJoined; }
  Status Open(uint64_t shown) { return GrantCounter(entry_, ReleaseOrder::kOpen, shown); }
  void ExpectCounters(uint64_t acknowledged, uint64_t next) {
    EXPECT_EQ(entry_.disk_counter, acknowledged);
    EXPECT_EQ(entry_.next_disk_counter, next);
  }
  NodeEntry entry_ = Node("node-1", 1);
};

TEST_F(DiskCounterTest, AFormatBeginsAtOne) {
  ASSERT_OK(GrantCounter(entry_, ReleaseOrder::kFormat, 0));
  ExpectCounters(0, 1);
  // Cut short, and told again: whatever the disk shows then does not matter.
  ASSERT_OK(GrantCounter(entry_, ReleaseOrder::kFormat, 77));
  ExpectCounters(0, 1);
  ASSERT_OK(AcknowledgeCounter(entry_, 1));
  ExpectCounters(1, 0);
}

TEST_F(DiskCounterTest, EachOpeningGrantsOneMore) {
  entry_.disk_counter = 7;
  ASSERT_OK(Open(7));
  ExpectCounters(7, 8);
  // Cut off before or after the disk was advanced: the same grant again.
  ASSERT_OK(Open(7));
  ASSERT_OK(Open(8));
  ExpectCounters(7, 8);
  ASSERT_OK(AcknowledgeCounter(entry_, 8));
  ASSERT_OK(AcknowledgeCounter(entry_, 8)) << "an answer that was lost";
  ExpectCounters(8, 0);
  ASSERT_OK(Open(8));
  ExpectCounters(8, 9);
}

TEST_F(DiskCounterTest, AnotherCounterIsStaleAndChangesNothing) {
  entry_.disk_counter = 7;
  EXPECT_THAT(Open(6), HasFault("STALE_DISK"));
  EXPECT_THAT(Open(8), HasFault("STALE_DISK")) << "nothing was granted yet";
  EXPECT_THAT(Open(0), HasFault("STALE_DISK"));
  EXPECT_THAT(Open(UINT64_MAX), HasFault("STALE_DISK"));
  ExpectCounters(7, 0);
  ASSERT_OK(Open(7));
  EXPECT_THAT(Open(6), HasFault("STALE_DISK"));
  const Status newer = Open(9);
  EXPECT_THAT(newer, HasFault("STALE_DISK"));
  EXPECT_THAT(MessageOf(newer), ::testing::HasSubstr("at counter 9, expected 7 or 8"));
  ExpectCounters(7, 8);
}

TEST_F(DiskCounterTest, OnlyWhatWasGrantedIsAcknowledged) {
  entry_.disk_counter = 7;
  EXPECT_THAT(AcknowledgeCounter(entry_, 8), HasFault("DISK_COUNTER"));
  ASSERT_OK(Open(7));
  EXPECT_THAT(AcknowledgeCounter(entry_, 9), HasFault("DISK_COUNTER"));
  EXPECT_THAT(AcknowledgeCounter(entry_, 6), HasFault("DISK_COUNTER"));
  ExpectCounters(7, 8);
}

TEST_F(DiskCounterTest, AfterARecoveryTheReceiptIsAFloor) {
  entry_.disk_counter_floor = 5;
  EXPECT_THAT(Open(4), HasFault("STALE_DISK"));
  ASSERT_OK(Open(9));
  ExpectCounters(9, 10);
  // A host that lied about it first: the node found out by the MAC, and asks again.
  ASSERT_OK(Open(5));
  ExpectCounters(5, 6);
  EXPECT_THAT(Open(4), HasFault("STALE_DISK")) << "the floor stays";
  EXPECT_THAT(Open(UINT64_MAX), HasFault("STALE_DISK"));
  ASSERT_OK(AcknowledgeCounter(entry_, 6));
  EXPECT_EQ(entry_.disk_counter_floor, std::nullopt);
  EXPECT_THAT(Open(5), HasFault("STALE_DISK"));
}

TEST_F(DiskCounterTest, TheOwnerAcceptsAnOlderDiskAndOnlyThatOne) {
  entry_.disk_counter = 10;
  ASSERT_OK(Open(10));
  ASSERT_OK(AcceptDiskCounter(entry_, 7));
  EXPECT_TRUE(entry_.disk_accepted);
  // 11 may be on the copy that was lost; it must never be current again.
  ExpectCounters(7, 12);
  EXPECT_THAT(Open(10), HasFault("STALE_DISK"));
  EXPECT_THAT(Open(11), HasFault("STALE_DISK"));
  EXPECT_THAT(Open(8), HasFault("STALE_DISK"));
  ASSERT_OK(Open(7));
  ASSERT_OK(Open(12));
  ASSERT_OK(AcknowledgeCounter(entry_, 12));
  EXPECT_FALSE(entry_.disk_accepted);
  EXPECT_THAT(Open(7), HasFault("STALE_DISK"));
}

TEST_F(DiskCounterTest, TheOwnerAcceptsANewerDiskThanTheRegistryKnows) {
  entry_.disk_counter = 3;
  ASSERT_OK(AcceptDiskCounter(entry_, 9));
  ExpectCounters(9, 10);
  EXPECT_OK(Open(9));
}

TEST_F(DiskCounterTest, OnlyADiskThatExistsIsAccepted) {
  for (const RegistryState state : {kEnrolled, kFormatting}) {
    entry_.state = state;
    EXPECT_THAT(AcceptDiskCounter(entry_, 0), HasFault("NOT_FORMATTED"));
  }
  entry_.state = kRevoked;
  EXPECT_THAT(AcceptDiskCounter(entry_, 0), HasFault("NODE_REVOKED"));
  entry_.state = kFormatted;
  EXPECT_THAT(AcceptDiskCounter(entry_, UINT64_MAX), HasCode(StatusCode::kInvalidArgument));
  EXPECT_OK(AcceptDiskCounter(entry_, 0));
}

TEST_F(DiskCounterTest, WhatWasGrantedBeforeTheRegistryWasReadIsCarriedIntoIt) {
  NodeEntry granted = entry_;
  granted.disk_counter_floor = 5;
  entry_.disk_counter = 8;
  ASSERT_OK(CarryCounters(granted, entry_));
  ExpectCounters(8, 0);  // nothing was granted
  ASSERT_OK(GrantCounter(granted, ReleaseOrder::kOpen, 9));
  ASSERT_OK(CarryCounters(granted, entry_));
  ExpectCounters(9, 10);
  EXPECT_EQ(entry_.disk_counter_floor, std::nullopt);
  ASSERT_OK(AcknowledgeCounter(entry_, 10));
  // A service that is started again reads the old grant once more.
  ASSERT_OK(CarryCounters(granted, entry_));
  ExpectCounters(10, 0);
  // Acknowledged while the registry was not read yet.
  entry_.disk_counter = 8;
  ASSERT_OK(AcknowledgeCounter(granted, 10));
  ASSERT_OK(CarryCounters(granted, entry_));
  ExpectCounters(10, 0);
  // The registry was acknowledged beyond what the header shows.
  entry_.disk_counter = 11;
  EXPECT_THAT(CarryCounters(granted, entry_), HasFault("STALE_DISK"));
}

TEST(NodeRegistryTest, AnotherHeaderIsAnotherDisk) {
  NodeEntry entry = Node("node-1", 1);
  const Sha256Digest one = Sha256(AsBytes("one"));
  EXPECT_OK(CheckHeader(entry, one));
  entry.header_digest = one;
  EXPECT_OK(CheckHeader(entry, one));
  EXPECT_THAT(CheckHeader(entry, Sha256(AsBytes("two"))), HasFault("DISK_MISMATCH"));
}

}  // namespace
}  // namespace kedge
