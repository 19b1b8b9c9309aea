#include "keyservice/core/node_command.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "keyservice/core/testing/test_cluster.h"

namespace kedge {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'780'000'000);

HardwareIdentity Machine(uint8_t id) { return {IdentityKind::kEk, Bytes(32, id)}; }

// node-2, a worker that has joined on machine 2; node-1 runs the key service on machine 1.
class NodeCommandTest : public ::testing::Test {
 protected:
  NodeCommandTest() {
    cluster_.manifest =
        std::make_shared<const Manifest>(testing::MakeManifest(testing::TestManifestTerms()));
    cluster_.coordinator_node = "node-1";
    cluster_.coordinator = Machine(1);
    registry_.attached = true;
    NodeEntry& entry = registry_.entry.emplace();
    entry.name = "node-2";
    entry.role = "worker";
    entry.state = RegistryState::kJoined;
    entry.identity = Machine(2);
    entry.ak_name = ToBytes("ak");
    entry.header_digest = Sha256(AsBytes("header"));
    entry.last_seen.emplace().trusted = true;
    entry.last_refused = RefusedIdentity{.identity = Machine(3), .time = kNow};
  }
  StatusOr<NodeCommandOutcome> Apply(NodeCommand command) const {
    return ApplyNodeCommand(command, cluster_, registry_, "alice", kNow);
  }
  StatusOr<NodeCommandOutcome> Rebind(uint8_t machine, std::string reason = "") const {
    return Apply({.node = "node-2",
                  .reason = std::move(reason),
                  .action = RebindCommand{.identity = Machine(machine)}});
  }
  StatusOr<NodeCommandOutcome> Revoke(std::string reason = "stolen") const {
    return Apply({.node = "node-2", .reason = std::move(reason), .action = RevokeCommand{}});
  }
  NodeEntry& entry() { return *registry_.entry; }

  ClusterFacts cluster_;
  RegistryFacts registry_;
};

TEST_F(NodeCommandTest, ARebindingChangesTheMachineAndNothingOfTheDisk) {
  ASSERT_OK_AND_ASSIGN(const NodeCommandOutcome out, Rebind(3, "new board"));
  EXPECT_TRUE(out.changed);
  EXPECT_EQ(out.entry.identity, Machine(3));
  EXPECT_TRUE(out.entry.ak_name.empty()) << "the next release enrols the new machine's AK";
  EXPECT_FALSE(out.entry.last_seen.has_value()) << "it was the old machine that was seen";
  EXPECT_FALSE(out.entry.last_refused.has_value());
  EXPECT_EQ(out.entry.header_digest, entry().header_digest);
  EXPECT_EQ(out.entry.state, RegistryState::kJoined);
  ASSERT_EQ(out.entry.acts.size(), 1u);
  EXPECT_EQ(out.entry.acts[0].command, "rebind");
  EXPECT_EQ(out.entry.acts[0].owner, "alice");
  EXPECT_EQ(out.entry.acts[0].reason, "new board");
  EXPECT_EQ(out.entry.acts[0].time, kNow);
}

TEST_F(NodeCommandTest, ARebindingToTheSameMachineChangesNothing) {
  ASSERT_OK_AND_ASSIGN(const NodeCommandOutcome out, Rebind(2));
  EXPECT_FALSE(out.changed);
  EXPECT_EQ(out.entry.ak_name, ToBytes("ak"));
  EXPECT_TRUE(out.entry.acts.empty());
}

TEST_F(NodeCommandTest, ARebindingNeedsAFreeMachineOfAnAcceptedKind) {
  registry_.name_of_identity = "node-7";
  EXPECT_THAT(Rebind(7), HasFault("IDENTITY_IN_USE"));
  registry_.name_of_identity.clear();
  registry_.identity_revoked = true;
  EXPECT_THAT(Rebind(7), HasFault("IDENTITY_REVOKED"));
  registry_.identity_revoked = false;
  EXPECT_THAT(Apply({.node = "node-2",
                     .reason = "",
                     .action = RebindCommand{.identity = {IdentityKind::kChip, Bytes(32, 7)}}}),
              HasFault("IDENTITY_KIND"));
  entry().role = "no-such-role";
  EXPECT_THAT(Rebind(7), HasFault("ROLE_NOT_ALLOWED"));
}

TEST_F(NodeCommandTest, OnlyKnownNodesAndNeverTheServicesOwn) {
  registry_.entry.reset();
  EXPECT_THAT(Rebind(3), HasFault("NODE_UNKNOWN"));
  EXPECT_THAT(Revoke(), HasFault("NODE_UNKNOWN"));
  registry_.entry = NodeEntry{.name = "node-1", .role = "control-plane", .identity = Machine(1)};
  for (const NodeCommand& command : {NodeCommand{"node-1", "x", RebindCommand{Machine(3)}},
                                     NodeCommand{"node-1", "x", RevokeCommand{}}}) {
    EXPECT_THAT(Apply(command), HasFault("COORDINATOR_NODE"));
  }
}

TEST_F(NodeCommandTest, NothingIsChangedInARegistryThatIsNotOpen) {
  registry_.attached = false;
  EXPECT_THAT(Rebind(3), HasFault("STORE_NOT_ATTACHED"));
  EXPECT_TRUE(IsRetryable(Revoke().status()));
}

TEST_F(NodeCommandTest, RevokingIsForEverForTheMachine) {
  ASSERT_OK_AND_ASSIGN(const NodeCommandOutcome out, Revoke());
  EXPECT_EQ(out.entry.state, RegistryState::kRevoked);
  EXPECT_EQ(out.entry.revoked, std::vector{Machine(2)});
  EXPECT_EQ(out.entry.revoked_from, RegistryState::kJoined);
  EXPECT_EQ(out.entry.acts.back().reason, "stolen");

  entry() = out.entry;
  ASSERT_OK_AND_ASSIGN(const NodeCommandOutcome again, Revoke("once more"));
  EXPECT_FALSE(again.changed);
  EXPECT_EQ(again.entry.acts.back().reason, "stolen");
  registry_.identity_revoked = true;  // as the registry knows of machine 2 now
  EXPECT_THAT(Rebind(2), HasFault("IDENTITY_REVOKED"));
}

TEST_F(NodeCommandTest, ARevokedNamesDiskGoesToAnotherMachine) {
  for (const RegistryState before : {RegistryState::kEnrolled, RegistryState::kFormatting,
                                     RegistryState::kFormatted, RegistryState::kJoined}) {
    entry().state = before;
    ASSERT_OK_AND_ASSIGN(const NodeCommandOutcome revoked, Revoke());
    RegistryFacts later = registry_;
    later.entry = revoked.entry;
    ASSERT_OK_AND_ASSIGN(
        const NodeCommandOutcome out,
        ApplyNodeCommand({.node = "node-2", .reason = "", .action = RebindCommand{Machine(3)}},
                         cluster_, later, "alice", kNow));
    EXPECT_EQ(out.entry.state, before);
    EXPECT_EQ(out.entry.revoked, std::vector{Machine(2)}) << "the old one stays revoked";
    EXPECT_FALSE(out.entry.revoked_from.has_value());
    EXPECT_EQ(out.entry.header_digest, entry().header_digest);
  }
}

TEST_F(NodeCommandTest, ADiskIsAcceptedOnceAndSaidAsSuch) {
  entry().disk_counter = 5;
  entry().next_disk_counter = 6;
  const NodeCommand command{
      .node = "node-2", .reason = "backup", .action = AcceptDiskCommand{.disk_counter = 3}};
  ASSERT_OK_AND_ASSIGN(const NodeCommandOutcome out, Apply(command));
  EXPECT_TRUE(out.changed);
  EXPECT_EQ(out.entry.disk_counter, 3u);
  EXPECT_EQ(out.entry.next_disk_counter, 7u);
  EXPECT_TRUE(out.entry.disk_accepted);
  EXPECT_EQ(out.entry.acts.back().command, "accept-disk");
  entry() = out.entry;
  ASSERT_OK_AND_ASSIGN(const NodeCommandOutcome again, Apply(command));
  EXPECT_FALSE(again.changed);
  EXPECT_EQ(again.entry.next_disk_counter, 7u);

  entry().state = RegistryState::kEnrolled;
  entry().disk_accepted = false;
  EXPECT_THAT(Apply(command), HasFault("NOT_FORMATTED"));
  entry().state = RegistryState::kRevoked;
  EXPECT_THAT(Apply(command), HasFault("NODE_REVOKED"));
  registry_.entry = NodeEntry{.name = "node-1", .role = "control-plane", .identity = Machine(1)};
  EXPECT_THAT(Apply({.node = "node-1", .reason = "", .action = AcceptDiskCommand{}}),
              HasFault("USE_RECOVER"));
}

TEST_F(NodeCommandTest, ARebindingLeavesTheCounters) {
  entry().disk_counter = 5;
  entry().next_disk_counter = 6;
  entry().tpm_counter_behind = true;
  ASSERT_OK_AND_ASSIGN(const NodeCommandOutcome out, Rebind(3));
  EXPECT_EQ(out.entry.disk_counter, 5u);
  EXPECT_EQ(out.entry.next_disk_counter, 6u);
  EXPECT_FALSE(out.entry.tpm_counter_behind) << "it was the old machine's TPM";
}

TEST_F(NodeCommandTest, RevokingNeedsAReasonThatCanBeShown) {
  EXPECT_THAT(Revoke(""), HasFault("REASON_MISSING"));
  EXPECT_THAT(Revoke("two\nlines"), HasFault("MALFORMED"));
  EXPECT_THAT(Revoke("\x1b[31m"), HasFault("MALFORMED"));
  EXPECT_THAT(Revoke(std::string(257, 'x')), HasFault("MALFORMED"));
  EXPECT_OK(Revoke(std::string(256, 'x')));
}

TEST_F(NodeCommandTest, WhatIsRememberedIsBounded) {
  for (int i = 0; i < 20; ++i) {
    const auto out = Rebind(static_cast<uint8_t>(10 + i), std::to_string(i));
    ASSERT_OK(out);
    entry() = out->entry;
  }
  EXPECT_EQ(entry().acts.size(), kMaxOwnerActs);
  EXPECT_EQ(entry().acts.back().reason, "19");
  entry().revoked.assign(kMaxRevokedMachines, Machine(9));
  EXPECT_THAT(Revoke(), HasFault("TOO_MANY_REVOKED"));
}

}  // namespace
}  // namespace kedge
