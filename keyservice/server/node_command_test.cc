// An owner's commands about nodes, from the outside: who may give them, and what they change.
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "keyservice/server/testing/service_world.h"

namespace kedge::keyservice {
namespace {

using testing::FakeNode;
using testing::NodeAsk;
using testing::ServiceWorld;
using testing::TestRelease;

const Bytes kHeader = Bytes(32, 0x4D);

// node-2 with a disk of its own, and a spare machine.
class NodeCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(world_.Init());
    ASSERT_OK(world_.OpenDisk());
    const NodeAsk ask = world_.AskOf(node_, "node-2");
    ASSERT_OK_AND_ASSIGN(const TestRelease first, world_.client().Release(ask));
    key_ = first.key;
    ASSERT_OK(world_.client().Report(ask, "FORMATTED", kHeader));
  }
  // After a reboot of `machine`, with the disk of node-2.
  NodeAsk AskOf(FakeNode& machine, const std::string& name = "node-2") {
    machine.Boot();
    NodeAsk ask = world_.AskOf(machine, name);
    ask.disk = "luks2";
    ask.header_digest = kHeader;
    return ask;
  }
  StatusOr<TestRelease> Release(FakeNode& machine, const std::string& name = "node-2") {
    return world_.client().Release(AskOf(machine, name));
  }
  Bytes IdentityOf(FakeNode& machine) {
    return VerifyEk(machine.issuer().GetEndorsements().value(),
                    {{.name = "root", .certificate_pem = world_.ca().root_pem()}}, world_.now())
        .value()
        .identity.value;
  }
  static v1::NodeCommandRequest RebindTo(ByteView identity) {
    v1::NodeCommandRequest command;
    command.set_node("node-2");
    command.set_reason("the board was replaced");
    command.mutable_rebind()->set_identity_kind("ek");
    command.mutable_rebind()->set_identity(std::string(AsText(identity)));
    return command;
  }
  static v1::NodeCommandRequest Revoke() {
    v1::NodeCommandRequest command;
    command.set_node("node-2");
    command.set_reason("stolen");
    command.mutable_revoke();
    return command;
  }
  static v1::NodeCommandRequest AcceptDisk(uint64_t counter) {
    v1::NodeCommandRequest command;
    command.set_node("node-2");
    command.set_reason("restored from a backup");
    command.mutable_accept_disk()->set_disk_counter(counter);
    return command;
  }
  StatusOr<v1::NodeCommandAnswer> Command(const v1::NodeCommandRequest& command) {
    return world_.client().Command(world_.owner(), command);
  }
  v1::NodeStatus StatusOfTwo() {
    const auto status = world_.client().GetStatus(world_.owner());
    EXPECT_OK(status);
    for (const v1::NodeStatus& node : status->nodes()) {
      if (node.name() == "node-2") return node;
    }
    ADD_FAILURE() << "node-2 is not in the status";
    return {};
  }
  void RestartService() {
    ASSERT_OK(world_.RestartService());
    ASSERT_OK(world_.OpenDisk());
  }

  ServiceWorld world_;
  FakeNode node_{world_.ca()};
  FakeNode spare_{world_.ca()};
  Bytes key_;
};

TEST_F(NodeCommandTest, ASwappedTpmIsRefusedReboundAndServedTheSameDisk) {
  EXPECT_THAT(Release(spare_), HasFault("MACHINE_CHANGED"));
  ASSERT_OK_AND_ASSIGN(const v1::NodeCommandAnswer answer, Command(RebindTo(IdentityOf(spare_))));
  EXPECT_TRUE(answer.changed());
  EXPECT_EQ(answer.node().identity(), ToHex(IdentityOf(spare_)));
  EXPECT_EQ(answer.node().state(), "FORMATTED");
  EXPECT_EQ(answer.node().owner_acts(0).reason(), "the board was replaced");
  EXPECT_EQ(answer.node().owner_acts(0).owner(), "owner");

  ASSERT_OK_AND_ASSIGN(const TestRelease release, Release(spare_));
  EXPECT_EQ(release.order, "open");
  EXPECT_EQ(release.key, key_);
  EXPECT_THAT(Release(node_), HasFault("MACHINE_CHANGED"));
  EXPECT_THAT(world_.client().Report(AskOf(node_), "JOINED", {}), HasFault("AK_NOT_REGISTERED"));
}

// Written before it was answered.
TEST_F(NodeCommandTest, ACommandOutlivesTheService) {
  ASSERT_OK(Command(RebindTo(IdentityOf(spare_))));
  RestartService();
  EXPECT_OK(Release(spare_));
  ASSERT_OK(Command(Revoke()));
  RestartService();
  EXPECT_THAT(Release(spare_), HasFault("NODE_REVOKED"));
  EXPECT_EQ(StatusOfTwo().owner_acts_size(), 2);
}

// The AK is enrolled anew: an AK beside another EK than the one that the owner named gets nothing.
TEST_F(NodeCommandTest, TheNewMachineMustShowItsEk) {
  FakeNode thief(world_.ca());
  ASSERT_OK(Command(RebindTo(IdentityOf(spare_))));
  NodeAsk ask = AskOf(thief);
  ASSERT_OK_AND_ASSIGN(ask.endorsements, spare_.issuer().GetEndorsements());
  EXPECT_FALSE(world_.client().Release(ask).ok());
  EXPECT_TRUE(world_.service().FactsFor("node-2", {}).entry->ak_name.empty());
}

TEST_F(NodeCommandTest, TheOwnerSeesWhichMachineAskedInVain) {
  EXPECT_EQ(StatusOfTwo().refused_identity(), "");
  EXPECT_THAT(Release(spare_), HasFault("MACHINE_CHANGED"));
  EXPECT_EQ(StatusOfTwo().refused_identity(), ToHex(IdentityOf(spare_)));
  EXPECT_EQ(StatusOfTwo().refused_identity_kind(), "ek");
  EXPECT_NE(StatusOfTwo().refused_time(), "");
  RestartService();
  EXPECT_EQ(StatusOfTwo().refused_identity(), ToHex(IdentityOf(spare_)));
  ASSERT_OK(Command(RebindTo(IdentityOf(spare_))));
  EXPECT_EQ(StatusOfTwo().refused_identity(), "");
}

// What an owner is offered to bind is what was proven, not what anybody said.
TEST_F(NodeCommandTest, OnlyAProvenMachineIsShown) {
  // Somebody else's EK certificate, which is no secret.
  FakeNode thief(world_.ca());
  NodeAsk ask = AskOf(thief);
  ASSERT_OK_AND_ASSIGN(ask.endorsements, spare_.issuer().GetEndorsements());
  EXPECT_FALSE(world_.client().Release(ask).ok());
  EXPECT_EQ(StatusOfTwo().refused_identity(), "");
  // Another image.
  thief.Boot("kedge-changed");
  EXPECT_THAT(world_.client().Release(world_.AskOf(thief, "node-2")),
              HasFault("IDENTITY_MISMATCH"));
  EXPECT_EQ(StatusOfTwo().refused_identity(), "");
  // A TPM of another maker.
  const testing::TestTpmCa unknown("unknown maker");
  FakeNode stranger(unknown);
  EXPECT_THAT(Release(stranger), HasFault("EK_NOT_TRUSTED"));
  EXPECT_EQ(StatusOfTwo().refused_identity(), "");
}

TEST_F(NodeCommandTest, ARevokedMachineGetsNothingUnderAnyName) {
  const NodeAsk running = AskOf(node_);
  ASSERT_OK(world_.client().Release(running));
  ASSERT_OK_AND_ASSIGN(const v1::NodeCommandAnswer answer, Command(Revoke()));
  EXPECT_EQ(answer.node().state(), "REVOKED");
  EXPECT_THAT(world_.client().Release(running), HasFault("NODE_REVOKED"));
  EXPECT_THAT(world_.client().Report(running, "JOINED", {}), HasFault("NODE_REVOKED"));
  EXPECT_THAT(Release(node_, "node-3"), HasFault("NODE_REVOKED"));
  ASSERT_OK_AND_ASSIGN(const v1::NodeCommandAnswer again, Command(Revoke()));
  EXPECT_FALSE(again.changed());
  EXPECT_THAT(Command(RebindTo(IdentityOf(node_))), HasFault("IDENTITY_REVOKED"));
}

TEST_F(NodeCommandTest, ARevokedNamesDiskGoesToANewMachineOnly) {
  ASSERT_OK(Command(Revoke()));
  EXPECT_THAT(Release(spare_), HasFault("MACHINE_CHANGED"));
  EXPECT_EQ(StatusOfTwo().refused_identity(), ToHex(IdentityOf(spare_)));
  ASSERT_OK(Command(RebindTo(IdentityOf(spare_))));
  ASSERT_OK_AND_ASSIGN(const TestRelease release, Release(spare_));
  EXPECT_EQ(release.key, key_);
  EXPECT_THAT(Release(node_), HasFault("NODE_REVOKED"));
  EXPECT_THAT(Release(node_, "node-3"), HasFault("NODE_REVOKED"));
}

TEST_F(NodeCommandTest, OnlyOwnersOfTheManifestCommand) {
  const SigningKey stranger = *SigningKey::Generate(Curve::kP384);
  for (const v1::NodeCommandRequest& command :
       {RebindTo(IdentityOf(spare_)), Revoke(), AcceptDisk(0)}) {
    EXPECT_THAT(world_.client().Command(stranger, command), HasFault("NOT_OWNER"));
    v1::Request request;
    *request.mutable_node_command() = command;
    EXPECT_THAT(world_.client().Raw(request, {}, ProofType::kNone), HasFault("PROOF_TYPE"));
    EXPECT_FALSE(world_.client().Raw(request, {}, ProofType::kOwner).ok());
    // A node, with good evidence of its own.
    EXPECT_THAT(world_.client().Raw(request, {}, ProofType::kVtpm,
                                    [this](const ReportData& report) -> StatusOr<Bytes> {
                                      ASSIGN_OR_RETURN(const Evidence evidence,
                                                       node_.issuer().Issue(report));
                                      return EncodeEvidence(evidence);
                                    }),
                HasFault("PROOF_TYPE"));
  }
  EXPECT_OK(Release(node_));
  EXPECT_EQ(StatusOfTwo().owner_acts_size(), 0);
}

TEST_F(NodeCommandTest, AStaleDiskIsServedOnceTheOwnerAcceptsIt) {
  NodeAsk ask = AskOf(node_);
  ASSERT_OK(world_.client().Release(ask));
  ask.disk_counter = 1;
  ASSERT_OK(world_.client().Report(ask, "ADVANCED", kHeader));
  ask.disk_counter = 0;
  EXPECT_THAT(world_.client().Release(ask), HasFault("STALE_DISK"));
  ASSERT_OK_AND_ASSIGN(const v1::NodeCommandAnswer answer, Command(AcceptDisk(0)));
  EXPECT_TRUE(answer.node().disk_accepted());
  RestartService();
  ASSERT_OK_AND_ASSIGN(const TestRelease release, world_.client().Release(ask));
  EXPECT_EQ(release.key, key_);
  EXPECT_TRUE(release.disk_accepted);
}

TEST_F(NodeCommandTest, RefusedCommandsChangeNothingAndAreShown) {
  v1::NodeCommandRequest unknown = Revoke();
  unknown.set_node("node-9");
  EXPECT_THAT(Command(unknown), HasFault("NODE_UNKNOWN"));
  v1::NodeCommandRequest own = Revoke();
  own.set_node("node-1");
  ASSERT_OK(world_.client().Release(world_.AskOfCoordinator()));
  EXPECT_THAT(Command(own), HasFault("COORDINATOR_NODE"));
  v1::NodeCommandRequest silent = Revoke();
  silent.clear_reason();
  EXPECT_THAT(Command(silent), HasFault("REASON_MISSING"));
  EXPECT_THAT(Command(RebindTo(world_.CoordinatorId())), HasFault("IDENTITY_IN_USE"));
  EXPECT_OK(Release(node_));
  ASSERT_OK_AND_ASSIGN(const v1::StatusAnswer status, world_.client().GetStatus(world_.owner()));
  EXPECT_EQ(status.refusals_size(), 4);
}

TEST(NodeCommandDetachedTest, NothingIsCommandedBeforeTheRegistryIsOpen) {
  ServiceWorld world;
  v1::NodeCommandRequest command;
  command.set_node("node-2");
  command.set_reason("x");
  command.mutable_revoke();
  v1::Request request;
  *request.mutable_node_command() = command;
  EXPECT_THAT(world.AdmitDirectly(request, ProofType::kOwner), HasFault("AWAITING_INIT"));
  ASSERT_OK(world.Init());
  EXPECT_THAT(world.client().Command(world.owner(), command), HasFault("STORE_NOT_ATTACHED"));
}

}  // namespace
}  // namespace kedge::keyservice
