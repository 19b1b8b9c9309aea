// release and report, from the outside: who gets which disk's key.
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "crypto/x509.h"
#include "keyservice/server/testing/certificate.h"
#include "keyservice/server/testing/service_world.h"

namespace kedge::keyservice {
namespace {

using testing::FakeNode;
using testing::NodeAsk;
using testing::ServiceWorld;
using testing::TestRelease;

const Bytes kHeader = Bytes(32, 0x4D);

class ReleaseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(world_.Init());
    ASSERT_OK(world_.OpenDisk());
  }
  StatusOr<TestRelease> Release(const NodeAsk& ask) { return world_.client().Release(ask); }
  // node-2, with a disk of its own.
  void Join(NodeAsk& ask) {
    ASSERT_OK(Release(ask));
    ASSERT_OK(world_.client().Report(ask, "FORMATTED", kHeader));
    ask.disk = "luks2";
    ask.header_digest = kHeader;
  }
  std::optional<NodeEntry> Entry(const std::string& name) {
    return world_.service().FactsFor(name, {}).entry;
  }

  ServiceWorld world_;
  FakeNode node_{world_.ca()};
};

TEST_F(ReleaseTest, FirstFormatThenOpenThenJoined) {
  NodeAsk ask = world_.AskOf(node_, "node-2");
  ASSERT_OK_AND_ASSIGN(const TestRelease first, Release(ask));
  EXPECT_EQ(first.order, "format");
  EXPECT_EQ(first.box_id, "node-2/state");
  EXPECT_EQ(first.key.size(), 32u);
  EXPECT_EQ(first.ca_pem, world_.init().ca_pem);
  EXPECT_EQ(Entry("node-2")->state, RegistryState::kFormatting);

  ASSERT_OK(world_.client().Report(ask, "FORMATTED", kHeader));
  EXPECT_EQ(Entry("node-2")->state, RegistryState::kFormatted);

  ask.disk = "luks2";
  ask.header_digest = kHeader;
  ASSERT_OK_AND_ASSIGN(const TestRelease second, Release(ask));
  EXPECT_EQ(second.order, "open");
  EXPECT_EQ(second.key, first.key);

  // From the real root, past the cap.
  ASSERT_OK(ServiceWorld::Cap(node_));
  for (const char* phase : {"leave-initrd", "sysinit", "ready"}) node_.EnterPhase(phase);
  ASSERT_OK(world_.client().Report(ask, "JOINED", {}));
  const NodeEntry entry = *Entry("node-2");
  EXPECT_EQ(entry.state, RegistryState::kJoined);
  EXPECT_TRUE(entry.last_seen->trusted);
  EXPECT_EQ(entry.last_seen->boot_phase, "ready");
}

TEST_F(ReleaseTest, EachNodeHasAKeyOfItsOwn) {
  FakeNode other(world_.ca());
  ASSERT_OK_AND_ASSIGN(const TestRelease two, Release(world_.AskOf(node_, "node-2")));
  ASSERT_OK_AND_ASSIGN(const TestRelease three, Release(world_.AskOf(other, "node-3")));
  ASSERT_OK_AND_ASSIGN(const TestRelease one, Release(world_.AskOfCoordinator()));
  EXPECT_NE(two.key, three.key);
  EXPECT_NE(two.key, one.key);
}

// The request asked for O=system:masters, CN=admin.
TEST_F(ReleaseTest, TheCertificateIsTheNodesWhateverItAskedFor) {
  ASSERT_OK_AND_ASSIGN(const TestRelease release, Release(world_.AskOf(node_, "node-2")));
  ASSERT_OK_AND_ASSIGN(const auto shown, testing::DescribeCertificate(release.certificate_pem));
  EXPECT_EQ(shown.subject, "O=system:nodes,CN=system:node:node-2");
  EXPECT_EQ(shown.not_before, world_.now() - absl::Hours(1));
  EXPECT_TRUE(testing::IsIssuedBy(release.certificate_pem, world_.init().ca_pem));
}

TEST_F(ReleaseTest, AnotherMachineIsNotThatNode) {
  NodeAsk genuine = world_.AskOf(node_, "node-2");
  Join(genuine);
  FakeNode thief(world_.ca());
  NodeAsk ask = world_.AskOf(thief, "node-2");
  EXPECT_THAT(Release(ask), HasFault("IDENTITY_MISMATCH"));
  EXPECT_THAT(world_.client().Report(ask, "JOINED", {}), HasFault("AK_NOT_REGISTERED"));
  // With the genuine node's endorsements it cannot answer the challenge.
  ASSERT_OK_AND_ASSIGN(ask.endorsements, node_.issuer().GetEndorsements());
  EXPECT_FALSE(Release(ask).ok());
  EXPECT_OK(Release(genuine));
}

// A challenge answered by a machine that has another EK: nothing is registered.
TEST_F(ReleaseTest, AnAkBesideAnotherEkIsNotEnrolled) {
  FakeNode other(world_.ca());
  NodeAsk ask = world_.AskOf(node_, "node-2");
  ASSERT_OK_AND_ASSIGN(ask.endorsements, other.issuer().GetEndorsements());
  EXPECT_FALSE(Release(ask).ok());
  EXPECT_FALSE(Entry("node-2").has_value());
}

// What C2b proves is checked by the channel: a wrong answer ends the exchange before the registry.
TEST_F(ReleaseTest, AWrongAnswerToTheChallengeRegistersNothing) {
  class WrongAnswer final : public Issuer {
   public:
    explicit WrongAnswer(Issuer& real) : real_(real) {}
    StatusOr<Evidence> Issue(const ReportData& r) override { return real_.Issue(r); }
    StatusOr<Endorsements> GetEndorsements() override { return real_.GetEndorsements(); }
    StatusOr<SecretBytes> ActivateCredential(const CredentialBlob&) override {
      return SecretBytes::CopyOf(Bytes(32, 0));
    }

   private:
    Issuer& real_;
  };
  WrongAnswer issuer(node_.issuer());
  NodeAsk ask = world_.AskOf(node_, "node-2");
  ask.issuer = &issuer;
  EXPECT_THAT(Release(ask), HasFault("ACTIVATION_FAILED"));
  EXPECT_FALSE(Entry("node-2").has_value());
}

TEST_F(ReleaseTest, ATpmOfAnUnknownMakerIsNotTrusted) {
  const testing::TestTpmCa unknown("unknown maker");
  FakeNode node(unknown);
  EXPECT_THAT(Release(world_.AskOf(node, "node-2")), HasFault("EK_NOT_TRUSTED"));
}

TEST_F(ReleaseTest, AMachineKeepsItsName) {
  NodeAsk ask = world_.AskOf(node_, "node-2");
  Join(ask);
  node_.Boot();
  EXPECT_THAT(Release(world_.AskOf(node_, "node-3")), HasFault("IDENTITY_IN_USE"));
}

TEST_F(ReleaseTest, AnotherImageIsRefusedAndTheOwnerSees) {
  NodeAsk ask = world_.AskOf(node_, "node-2");
  Join(ask);
  node_.Boot("kedge-changed");
  ask = world_.AskOf(node_, "node-2");
  ask.disk = "luks2";
  ask.header_digest = kHeader;
  EXPECT_THAT(Release(ask), HasFault("IMAGE_NOT_ALLOWED"));
  const NodeEntry entry = *Entry("node-2");
  EXPECT_FALSE(entry.last_seen->trusted);
  EXPECT_FALSE(entry.last_seen->failure.empty());
  EXPECT_EQ(entry.state, RegistryState::kFormatted);
}

TEST_F(ReleaseTest, TheClusterIdMustBeMeasured) {
  NodeAsk ask = world_.AskOf(node_, "node-2");
  node_.Boot();
  ASSERT_OK(node_.Measure(InitDataEvent(ask.invitation)));
  EXPECT_THAT(Release(ask), HasFault("CLUSTER_ID_NOT_MEASURED"));
  ASSERT_OK(node_.Measure(ClusterIdEvent(ClusterId{0x66})));
  EXPECT_THAT(Release(ask), HasFault("CLUSTER_ID_NOT_MEASURED"));
}

TEST_F(ReleaseTest, TheInvitationMustBeTheMeasuredOne) {
  NodeAsk ask = world_.AskOf(node_, "node-2");
  ask.invitation = world_.InvitationFor("node-2", "worker");
  // The same content signed again is another file (ECDSA signatures differ).
  EXPECT_THAT(Release(ask), HasFault("INVITATION_NOT_MEASURED"));
}

TEST_F(ReleaseTest, TheInvitationMustBeTheOwners) {
  const SigningKey stranger = *SigningKey::Generate(Curve::kP384);
  const Bytes invitation = world_.InvitationFor("node-2", "worker", stranger);
  ASSERT_OK(node_.Measure(InitDataEvent(invitation)));
  ASSERT_OK(node_.Measure(ClusterIdEvent(world_.init().receipt.cluster_id)));
  EXPECT_THAT(Release({.issuer = &node_.issuer(),
                       .node = "node-2",
                       .role = "worker",
                       .invitation = invitation}),
              HasFault("INVITATION_NOT_ACCEPTED"));
}

TEST_F(ReleaseTest, TheInvitationMustNameThisNodeAndRole) {
  NodeAsk ask = world_.AskOf(node_, "node-2");
  ask.node = "node-3";
  EXPECT_THAT(Release(ask), HasFault("INVITATION_NOT_ACCEPTED"));
  ask.node = "node-2";
  ask.role = "control-plane";
  EXPECT_THAT(Release(ask), HasFault("INVITATION_NOT_ACCEPTED"));
}

TEST_F(ReleaseTest, ACappedNodeGetsNothing) {
  NodeAsk ask = world_.AskOf(node_, "node-2");
  ASSERT_OK(ServiceWorld::Cap(node_));
  EXPECT_THAT(Release(ask), HasFault("NODE_CAPPED"));
}

TEST_F(ReleaseTest, AfterTheInitrdANodeGetsNothing) {
  NodeAsk ask = world_.AskOf(node_, "node-2");
  node_.EnterPhase("leave-initrd");
  EXPECT_THAT(Release(ask), HasFault("BOOT_PHASE"));
  EXPECT_THAT(world_.client().Report(ask, "FORMATTED", kHeader), HasFault("AK_NOT_REGISTERED"));
}

TEST_F(ReleaseTest, EvidenceOfAnotherExchangeIsRefused) {
  NodeAsk ask = world_.AskOf(node_, "node-2");
  class Replay final : public Issuer {
   public:
    explicit Replay(Issuer& real) : real_(real) {}
    StatusOr<Evidence> Issue(const ReportData& r) override {
      if (!first_) {
        ASSIGN_OR_RETURN(first_, real_.Issue(r));
      }
      return *first_;
    }
    StatusOr<Endorsements> GetEndorsements() override { return real_.GetEndorsements(); }
    StatusOr<SecretBytes> ActivateCredential(const CredentialBlob& b) override {
      return real_.ActivateCredential(b);
    }

   private:
    Issuer& real_;
    std::optional<Evidence> first_;
  };
  Replay issuer(node_.issuer());
  ask.issuer = &issuer;
  ASSERT_OK(Release(ask));
  EXPECT_THAT(Release(ask), HasFault("NONCE"));
}

TEST_F(ReleaseTest, ABlankDiskOfAFormattedNodeFailsClosed) {
  NodeAsk ask = world_.AskOf(node_, "node-2");
  Join(ask);
  ask.disk = "blank";
  EXPECT_THAT(Release(ask), HasFault("DISK_BLANK"));
  ask.disk = "foreign";
  EXPECT_THAT(Release(ask), HasFault("DISK_FOREIGN"));
  ask.disk = "luks2";
  ask.header_digest = Bytes(32, 0x11);
  EXPECT_THAT(Release(ask), HasFault("DISK_MISMATCH"));
  EXPECT_EQ(Entry("node-2")->state, RegistryState::kFormatted);
}

TEST_F(ReleaseTest, ANewNodesDiskMustBeBlankAndItsNameIsBoundAnyway) {
  NodeAsk ask = world_.AskOf(node_, "node-2");
  ask.disk = "luks2";
  ask.header_digest = kHeader;
  EXPECT_THAT(Release(ask), HasFault("DISK_NOT_BLANK"));
  EXPECT_EQ(Entry("node-2")->state, RegistryState::kEnrolled);
  FakeNode other(world_.ca());
  EXPECT_THAT(Release(world_.AskOf(other, "node-2")), HasFault("IDENTITY_MISMATCH"));
}

// The disk's counter, from the format on.
TEST_F(ReleaseTest, TheDiskIsCountedFromBootToBoot) {
  NodeAsk ask = world_.AskOf(node_, "node-2");
  ASSERT_OK_AND_ASSIGN(TestRelease release, Release(ask));
  EXPECT_EQ(release.disk_counter, 0u);
  EXPECT_EQ(release.next_disk_counter, 1u);
  ask.disk_counter = 1;
  ASSERT_OK(world_.client().Report(ask, "FORMATTED", kHeader));
  ask.disk = "luks2";
  ask.header_digest = kHeader;
  for (uint64_t counter = 1; counter < 4; ++counter) {
    ask.disk_counter = counter;
    ASSERT_OK_AND_ASSIGN(release, Release(ask));
    EXPECT_EQ(release.disk_counter, counter);
    EXPECT_EQ(release.next_disk_counter, counter + 1);
    // Durable before the key left: a service that restarts knows what is pending.
    ASSERT_OK(world_.RestartService());
    ASSERT_OK(world_.OpenDisk());
    EXPECT_EQ(Entry("node-2")->next_disk_counter, counter + 1);
    ask.disk_counter = counter + 1;
    EXPECT_OK(Release(ask)) << "cut off after the disk was advanced";
    ASSERT_OK(world_.client().Report(ask, "ADVANCED", kHeader));
    EXPECT_EQ(Entry("node-2")->disk_counter, counter + 1);
    EXPECT_EQ(Entry("node-2")->next_disk_counter, 0u);
  }
}

TEST_F(ReleaseTest, AnOldCopyOfTheDiskGetsNoKeyAndTheOwnerSeesBothCounters) {
  NodeAsk ask = world_.AskOf(node_, "node-2");
  Join(ask);
  ASSERT_OK(Release(ask));
  ask.disk_counter = 1;
  ASSERT_OK(world_.client().Report(ask, "ADVANCED", kHeader));
  ask.disk_counter = 0;
  EXPECT_THAT(Release(ask), HasFault("STALE_DISK"));
  ASSERT_OK_AND_ASSIGN(const v1::StatusAnswer status, world_.client().GetStatus(world_.owner()));
  const v1::RefusalRecord& refusal = *status.refusals().rbegin();
  EXPECT_EQ(refusal.code(), "STALE_DISK");
  EXPECT_EQ(refusal.node(), "node-2");
  EXPECT_THAT(refusal.reason(), ::testing::HasSubstr("at counter 0, expected 1"));
  // The way out.
  v1::NodeCommandRequest accept;
  accept.set_node("node-2");
  accept.mutable_accept_disk()->set_disk_counter(0);
  ASSERT_OK(world_.client().Command(world_.owner(), accept));
  ASSERT_OK(world_.RestartService());
  ASSERT_OK(world_.OpenDisk());
  ASSERT_OK_AND_ASSIGN(const TestRelease release, Release(ask));
  EXPECT_TRUE(release.disk_accepted);
  EXPECT_EQ(release.next_disk_counter, 2u);
  ask.disk_counter = 2;
  ASSERT_OK(world_.client().Report(ask, "ADVANCED", kHeader));
  EXPECT_FALSE(Entry("node-2")->disk_accepted);
}

TEST_F(ReleaseTest, ATpmThatCountsLessIsAWarningForTheOwner) {
  NodeAsk ask = world_.AskOf(node_, "node-2");
  Join(ask);
  ASSERT_OK(Release(ask));
  ask.disk_counter = 1;
  ask.tpm_counter_behind = true;
  ASSERT_OK(world_.client().Report(ask, "ADVANCED", kHeader));
  const auto warning = [this] {
    const auto status = world_.client().GetStatus(world_.owner());
    EXPECT_OK(status);
    return status->nodes(0).warning();
  };
  EXPECT_EQ(warning(), "TPM counter behind: vTPM replaced or rolled back");
  ASSERT_OK(Release(ask)) << "never a refusal";
  ask.disk_counter = 2;
  ask.tpm_counter_behind = false;
  ASSERT_OK(world_.client().Report(ask, "ADVANCED", kHeader));
  EXPECT_EQ(warning(), "");
}

TEST_F(ReleaseTest, ReportsComeInOrder) {
  NodeAsk ask = world_.AskOf(node_, "node-2");
  EXPECT_THAT(world_.client().Report(ask, "FORMATTED", kHeader), HasFault("AK_NOT_REGISTERED"));
  ASSERT_OK(Release(ask));
  EXPECT_THAT(world_.client().Report(ask, "JOINED", {}), HasFault("NOT_FORMATTED"));
  EXPECT_THAT(world_.client().Report(ask, "ADVANCED", kHeader), HasFault("NOT_FORMATTED"));
  ASSERT_OK(world_.client().Report(ask, "FORMATTED", kHeader));
  EXPECT_OK(world_.client().Report(ask, "FORMATTED", kHeader));
  EXPECT_THAT(world_.client().Report(ask, "FORMATTED", Bytes(32, 1)), HasFault("DISK_MISMATCH"));
  ask.disk_counter = 5;
  EXPECT_THAT(world_.client().Report(ask, "ADVANCED", kHeader), HasFault("DISK_COUNTER"));
  EXPECT_THAT(world_.client().Report(ask, "SLEEPING", {}), HasFault("MALFORMED"));
}

TEST_F(ReleaseTest, AnOwnersProofIsNoEvidence) {
  v1::Request request;
  request.mutable_release()->set_node("node-2");
  request.mutable_release()->set_role("worker");
  request.mutable_release()->set_volume("state");
  v1::NodePayload payload;
  payload.set_invitation("x");
  payload.set_certificate_request("x");
  payload.mutable_disk()->set_content("blank");
  const std::string bytes = payload.SerializeAsString();
  EXPECT_THAT(world_.client().Raw(request, ToBytes(bytes), ProofType::kOwner),
              HasFault("PROOF_TYPE"));
  EXPECT_THAT(world_.client().Raw(request, ToBytes(bytes), ProofType::kNone),
              HasFault("PROOF_TYPE"));
}

TEST_F(ReleaseTest, TheRegistryIsOnTheDiskBeforeTheKeyLeaves) {
  NodeAsk ask = world_.AskOf(node_, "node-2");
  ASSERT_OK(Release(ask));
  ASSERT_OK(world_.RestartService());
  ASSERT_OK(world_.OpenDisk());
  EXPECT_EQ(Entry("node-2")->state, RegistryState::kFormatting);
  ASSERT_OK_AND_ASSIGN(const TestRelease again, Release(ask));
  EXPECT_EQ(again.order, "format");
}

// Before the disk with the registry is open, nobody knows which names are taken.
TEST(ReleaseDetachedTest, OnlyTheServicesOwnNode) {
  ServiceWorld world;
  ASSERT_OK(world.Init());
  FakeNode node(world.ca());
  const NodeAsk other = world.AskOf(node, "node-2");
  EXPECT_THAT(world.client().Release(other), HasFault("STORE_NOT_ATTACHED"));
  const NodeAsk own = world.AskOfCoordinator();
  ASSERT_OK_AND_ASSIGN(const TestRelease release, world.client().Release(own));
  EXPECT_EQ(release.order, "format");
  ASSERT_OK(world.OpenDisk());
  EXPECT_OK(world.client().Report(own, "FORMATTED", kHeader));
  EXPECT_OK(world.client().Release(other));
}

}  // namespace
}  // namespace kedge::keyservice
