#include "keyservice/core/node_registry.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge {
namespace {

using enum RegistryState;
using enum NodeTrigger;

constexpr RegistryState kAllStates[] = {kEnrolled, kFormatting, kFormatted, kJoined, kRevoked};
constexpr NodeTrigger kAllTriggers[] = {kAsksWithBlankDisk, kAsksWithLuks2Disk,
                                        kAsksWithForeignDisk, kReportsFormatted, kReportsJoined};

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
  EXPECT_OK(CheckBinding("node-1", "worker", Machine(1), entry, "node-1"));
  EXPECT_THAT(CheckBinding("node-1", "worker", Machine(2), entry, ""),
              HasFault("IDENTITY_MISMATCH"));
  EXPECT_THAT(CheckBinding("node-1", "worker", Machine(2), entry, "node-2"),
              HasFault("IDENTITY_MISMATCH"));
  HardwareIdentity other_kind = Machine(1);
  other_kind.kind = IdentityKind::kChip;
  EXPECT_THAT(CheckBinding("node-1", "worker", other_kind, entry, ""),
              HasFault("IDENTITY_MISMATCH"));
}

TEST(NodeRegistryTest, AMachineHasOneName) {
  EXPECT_OK(CheckBinding("node-2", "worker", Machine(1), std::nullopt, ""));
  EXPECT_THAT(CheckBinding("node-2", "worker", Machine(1), std::nullopt, "node-1"),
              HasFault("IDENTITY_IN_USE"));
}

TEST(NodeRegistryTest, ARoleDoesNotChange) {
  EXPECT_THAT(CheckBinding("node-1", "control-plane", Machine(1), Node("node-1", 1), "node-1"),
              HasFault("ROLE_MISMATCH"));
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
