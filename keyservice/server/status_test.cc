// Who sees what: owners the reasons, everybody else a code and an id (S25).
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "keyservice/server/testing/service_world.h"

namespace kedge::keyservice {
namespace {

using testing::FakeNode;
using testing::NodeAsk;
using testing::ServiceWorld;

class StatusTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(world_.Init());
    ASSERT_OK(world_.OpenDisk());
  }
  StatusOr<v1::StatusAnswer> AsOwner() { return world_.client().GetStatus(world_.owner()); }

  ServiceWorld world_;
  FakeNode node_{world_.ca()};
};

TEST_F(StatusTest, TheOwnerSeesNodes) {
  ASSERT_OK(world_.client().Release(world_.AskOf(node_, "node-2")));
  ASSERT_OK_AND_ASSIGN(const v1::StatusAnswer status, AsOwner());
  EXPECT_EQ(status.phase(), "SERVING");
  EXPECT_EQ(status.node(), "node-1");
  EXPECT_EQ(status.cluster(), "test");
  EXPECT_EQ(status.cluster_id(), ToHex(world_.init().receipt.cluster_id));
  EXPECT_EQ(status.manifest_generation(), 1u);
  EXPECT_TRUE(status.store_attached());
  EXPECT_EQ(status.problem(), "");
  ASSERT_EQ(status.nodes_size(), 1);
  const v1::NodeStatus& node = status.nodes(0);
  EXPECT_EQ(node.name(), "node-2");
  EXPECT_EQ(node.role(), "worker");
  EXPECT_EQ(node.state(), "FORMATTING");
  EXPECT_EQ(node.image(), "kedge-test 1");
  EXPECT_EQ(node.verdict(), "trusted");
  EXPECT_EQ(node.evidence_level(), "host-vtpm");
  EXPECT_TRUE(node.host_controlled());
  EXPECT_EQ(node.identity_kind(), "ek");
  EXPECT_EQ(node.identity().size(), 64u);
  EXPECT_EQ(node.boot_phase(), "enter-initrd");
  EXPECT_EQ(node.pcr15().size(), 64u);
  EXPECT_EQ(node.disk(), "formatting");
}

TEST_F(StatusTest, AStrangerSeesNothing) {
  const SigningKey stranger = *SigningKey::Generate(Curve::kP384);
  EXPECT_THAT(world_.client().GetStatus(stranger), HasFault("NOT_OWNER"));
  v1::Request request;
  request.mutable_status();
  EXPECT_THAT(world_.client().Raw(request, {}, ProofType::kNone), HasFault("PROOF_TYPE"));
  EXPECT_FALSE(world_.client().Raw(request, {}, ProofType::kOwner).ok());
}

// The refused node is told a code and an id; the owner finds the reason under that id.
TEST_F(StatusTest, ReasonsAreForTheOwner) {
  NodeAsk ask = world_.AskOf(node_, "node-2");
  ASSERT_OK(world_.client().Release(ask));
  node_.Boot("kedge-changed");
  ask = world_.AskOf(node_, "node-2");
  const auto refused = world_.client().Release(ask);
  ASSERT_THAT(refused, HasFault("IMAGE_NOT_ALLOWED"));
  const std::string id = world_.last_correlation_id();
  const std::string told = MessageOf(refused.status());
  EXPECT_NE(told.find(id), std::string::npos) << told;
  EXPECT_EQ(told.find("pcr"), std::string::npos) << told;
  EXPECT_EQ(told.find("expected"), std::string::npos) << told;

  ASSERT_OK_AND_ASSIGN(const v1::StatusAnswer status, AsOwner());
  ASSERT_EQ(status.refusals_size(), 1);
  EXPECT_EQ(status.refusals(0).correlation_id(), id);
  EXPECT_EQ(status.refusals(0).node(), "node-2");
  EXPECT_EQ(status.refusals(0).code(), "IMAGE_NOT_ALLOWED");
  EXPECT_NE(status.refusals(0).reason().find("pcr.4"), std::string::npos)
      << status.refusals(0).reason();
  EXPECT_EQ(status.nodes(0).verdict(), "refused");
}

TEST_F(StatusTest, RefusalsOfKnownNodesOutliveTheService) {
  NodeAsk ask = world_.AskOf(node_, "node-2");
  ASSERT_OK(world_.client().Release(ask));
  ASSERT_OK(ServiceWorld::Cap(node_));
  ASSERT_THAT(world_.client().Release(ask), HasFault("NODE_CAPPED"));
  ASSERT_OK(world_.RestartService());
  ASSERT_OK(world_.OpenDisk());
  ASSERT_OK_AND_ASSIGN(const v1::StatusAnswer status, AsOwner());
  ASSERT_EQ(status.refusals_size(), 1);
  EXPECT_EQ(status.refusals(0).code(), "NODE_CAPPED");
}

// A stranger who calls itself node-2 does not change what is shown of node-2.
TEST_F(StatusTest, ANameAloneSaysNothingAboutTheNode) {
  ASSERT_OK(world_.client().Release(world_.AskOf(node_, "node-2")));
  FakeNode stranger(world_.ca());
  stranger.Boot("kedge-changed");
  EXPECT_FALSE(world_.client().Release(world_.AskOf(stranger, "node-2")).ok());
  ASSERT_OK_AND_ASSIGN(const v1::StatusAnswer status, AsOwner());
  EXPECT_EQ(status.nodes(0).verdict(), "trusted");
}

TEST_F(StatusTest, WhileAwaitingOnlyWhoeverInvitedTheMachine) {
  world_.Boot(StateDiskContent::kLuks2);
  world_.client().pins = {};
  ASSERT_OK_AND_ASSIGN(const SecretBytes wrong, world_.random().Secret(64));
  ASSERT_THAT(world_.client().Recover(world_.owner(), world_.init().receipt, world_.manifest(),
                                      world_.init().shares[0].salt, wrong, world_.CoordinatorId()),
              HasFault("WRONG_SEED"));
  ASSERT_OK_AND_ASSIGN(const v1::StatusAnswer status, AsOwner());
  EXPECT_EQ(status.phase(), "AWAITING_SEED");
  EXPECT_EQ(status.cluster_id(), "");
  ASSERT_EQ(status.refusals_size(), 1);
  EXPECT_EQ(status.refusals(0).code(), "WRONG_SEED");
  EXPECT_THAT(world_.client().GetStatus(*SigningKey::Generate(Curve::kP384)),
              HasFault("NOT_OWNER"));
}

TEST_F(StatusTest, WithoutAnInvitationNobodyIsAnOwnerYet) {
  ServiceWorld world({.invited = false});
  EXPECT_THAT(world.client().GetStatus(world.owner()), HasFault("NOT_OWNER"));
}

}  // namespace
}  // namespace kedge::keyservice
