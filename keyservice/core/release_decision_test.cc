#include "keyservice/core/release_decision.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "keyservice/core/testing/test_cluster.h"

namespace kedge {
namespace {

HardwareIdentity Machine(uint8_t id) { return {IdentityKind::kEk, Bytes(32, id)}; }

Appraisal Trusted() {
  Appraisal appraisal;
  appraisal.verdict.outcome = Outcome::kTrusted;
  appraisal.verdict.checks = {{"image", CheckResult::kPass, "", ""}};
  return appraisal;
}

Appraisal FailedAt(const std::string& check) {
  Appraisal appraisal;
  appraisal.verdict.checks = {{"evidence.level", CheckResult::kPass, "", ""},
                              {"firmware.pcr.0", CheckResult::kWarn, "", ""},
                              {check, CheckResult::kFail, "", ""}};
  return appraisal;
}

// node-2, a worker with everything in order.
class ReleaseDecisionTest : public ::testing::Test {
 protected:
  ReleaseDecisionTest() {
    cluster_.cluster_id.fill(0xC1);
    cluster_.service_key_spki = ToBytes("spki");
    UseManifest(testing::TestManifestTerms());
    cluster_.coordinator_node = "node-1";
    cluster_.coordinator = Machine(1);
    facts_ = {
        .node = "node-2",
        .role = "worker",
        .volume = "state",
        .appraisal = Trusted(),
        .identity = Machine(2),
        .invitation = {.file_digest = Sha256(AsBytes("file")),
                       .owner_key_digest = Sha256(testing::TestOwnerKey().public_key().spki()),
                       .cluster_id = ToBytes(ByteView(cluster_.cluster_id)),
                       .service_key_spki = cluster_.service_key_spki,
                       .node = "node-2",
                       .role = "worker",
                       .minimum_generation = 1}};
    registry_.attached = true;
  }

  void UseManifest(ManifestTerms terms) {
    cluster_.manifest = std::make_shared<const Manifest>(testing::MakeManifest(std::move(terms)));
  }
  void AsCoordinator() {
    facts_.node = facts_.invitation.node = "node-1";
    facts_.role = facts_.invitation.role = "control-plane";
    facts_.identity = Machine(1);
  }
  Status Authorise() const { return AuthoriseNode(facts_, cluster_, registry_); }

  ClusterFacts cluster_;
  NodeFacts facts_;
  RegistryFacts registry_;
};

TEST_F(ReleaseDecisionTest, ANodeInOrderIsAuthorised) { EXPECT_OK(Authorise()); }

TEST_F(ReleaseDecisionTest, NamesAreNames) {
  facts_.node = facts_.invitation.node = "../node-1";
  EXPECT_THAT(Authorise(), HasFault("MALFORMED"));
}

TEST_F(ReleaseDecisionTest, OnlyTheStateVolume) {
  facts_.volume = "other";
  EXPECT_THAT(Authorise(), HasFault("VOLUME_UNKNOWN"));
}

TEST_F(ReleaseDecisionTest, OnlyRolesOfTheManifest) {
  facts_.role = facts_.invitation.role = "admin";
  EXPECT_THAT(Authorise(), HasFault("ROLE_NOT_ALLOWED"));
  EXPECT_THAT(PolicyForNode("admin", {}, BootPhase::kInitrdUncapped, cluster_),
              HasFault("ROLE_NOT_ALLOWED"));
}

TEST_F(ReleaseDecisionTest, OnlyIdentityKindsOfTheManifest) {
  facts_.identity.kind = IdentityKind::kChip;
  EXPECT_THAT(Authorise(), HasFault("IDENTITY_KIND"));
}

TEST_F(ReleaseDecisionTest, ThePolicyDemandsEverything) {
  const Sha256Digest invitation = Sha256(AsBytes("file"));
  ASSERT_OK_AND_ASSIGN(const AppraisalPolicy policy,
                       PolicyForNode("worker", invitation, BootPhase::kInitrdUncapped, cluster_));
  EXPECT_EQ(policy.images.size(), 1u);
  EXPECT_EQ(policy.accepted_levels, std::vector{EvidenceLevel::kHostVtpm});
  EXPECT_EQ(policy.phase, BootPhase::kInitrdUncapped);
  EXPECT_EQ(policy.cluster_id, cluster_.cluster_id);
  EXPECT_EQ(policy.init_data, invitation);
}

TEST_F(ReleaseDecisionTest, AnInvitationIsTheOwnersForThisNodeAndCluster) {
  const InvitationTerms good = facts_.invitation;
  const auto refused = [&](auto change) {
    facts_.invitation = good;
    change(facts_.invitation);
    EXPECT_THAT(Authorise(), HasFault("INVITATION_NOT_ACCEPTED"));
  };
  refused([](InvitationTerms& i) { i.owner_key_digest[0] ^= 1; });
  refused([](InvitationTerms& i) { i.node = "node-3"; });
  refused([](InvitationTerms& i) { i.role = "control-plane"; });
  refused([](InvitationTerms& i) { i.cluster_id[0] ^= 1; });
  refused([](InvitationTerms& i) { i.service_key_spki[0] ^= 1; });
  refused([](InvitationTerms& i) { i.cluster_id.clear(); });
  refused([](InvitationTerms& i) { i.service_key_spki.clear(); });
  refused([](InvitationTerms& i) { i.minimum_generation = 2; });
  // No pins at all: for the first node only.
  refused([](InvitationTerms& i) {
    i.cluster_id.clear();
    i.service_key_spki.clear();
  });
}

TEST_F(ReleaseDecisionTest, TheCoordinatorMayComeWithoutPins) {
  AsCoordinator();
  facts_.invitation.cluster_id.clear();
  facts_.invitation.service_key_spki.clear();
  EXPECT_OK(Authorise());
  // Its name alone is not enough.
  facts_.identity = Machine(2);
  EXPECT_THAT(Authorise(), HasFault("INVITATION_NOT_ACCEPTED"));
}

TEST_F(ReleaseDecisionTest, AskingForAnotherNodesDiskIsNamed) {
  registry_.entry = NodeEntry{.name = "node-2", .role = "worker", .identity = Machine(7)};
  EXPECT_THAT(Authorise(), HasFault("IDENTITY_MISMATCH"));
  // … whatever else is wrong with it.
  facts_.appraisal = FailedAt("pcr.4");
  EXPECT_THAT(Authorise(), HasFault("IDENTITY_MISMATCH"));
}

TEST_F(ReleaseDecisionTest, AMachineThatHasANameKeepsIt) {
  registry_.name_of_identity = "node-7";
  EXPECT_THAT(Authorise(), HasFault("IDENTITY_IN_USE"));
}

TEST_F(ReleaseDecisionTest, ARevokedMachineGetsNothingWhateverItsName) {
  registry_.identity_revoked = true;
  EXPECT_THAT(Authorise(), HasFault("NODE_REVOKED"));
  registry_.entry = NodeEntry{.name = "node-2", .role = "worker", .identity = Machine(7)};
  EXPECT_THAT(Authorise(), HasFault("NODE_REVOKED"));
  registry_.name_of_identity = "node-7";
  EXPECT_THAT(Authorise(), HasFault("NODE_REVOKED"));
}

TEST_F(ReleaseDecisionTest, EvidenceDecides) {
  const std::pair<const char*, const char*> cases[] = {
      {"evidence.level", "EVIDENCE_LEVEL"},
      {"pcr.bank", "IMAGE_NOT_ALLOWED"},
      {"pcr.4", "IMAGE_NOT_ALLOWED"},
      {"pcr.9", "IMAGE_NOT_ALLOWED"},
      {"pcr.11", "IMAGE_NOT_ALLOWED"},
      {"pcr.12", "LOAD_OPTIONS_CHANGED"},
      {"pcr.13", "SYSTEM_EXTENSION"},
      {"image", "IMAGE_NOT_ALLOWED"},
      {"policy.images", "POLICY_NOT_COMPLETE"},
      {"boot.phase", "BOOT_PHASE"},
      {"boot.cap", "NODE_CAPPED"},
      {"pcr.14", "LOG_REPLAY"},
      {"pcr.15", "CLUSTER_ID_NOT_MEASURED"},
      {"event.order", "LOG_REPLAY"},
      {"event.init-data", "INVITATION_NOT_MEASURED"},
      {"event.cluster-id", "CLUSTER_ID_NOT_MEASURED"},
      {"something.new", "EVIDENCE_NOT_ACCEPTED"},
  };
  for (const auto& [check, code] : cases) {
    facts_.appraisal = FailedAt(check);
    EXPECT_THAT(Authorise(), HasFault(code)) << check;
  }
  // No check at all is no trust.
  facts_.appraisal = Appraisal{};
  EXPECT_THAT(Authorise(), HasFault("EVIDENCE_NOT_ACCEPTED"));
}

TEST_F(ReleaseDecisionTest, WithoutTheRegistryOnlyTheCoordinator) {
  registry_.attached = false;
  EXPECT_THAT(Authorise(), HasFault("STORE_NOT_ATTACHED"));
  EXPECT_TRUE(IsRetryable(Authorise()));
  AsCoordinator();
  EXPECT_OK(Authorise());
  facts_.identity = Machine(2);
  EXPECT_THAT(Authorise(), HasFault("STORE_NOT_ATTACHED"));
}

TEST_F(ReleaseDecisionTest, TheDiskDecidesLast) {
  NodeEntry entry{.name = "node-2", .role = "worker", .identity = Machine(2)};
  ASSERT_OK_AND_ASSIGN(
      ReleaseDecision first,
      DecideDisk(entry, {.content = StateDiskContent::kBlank, .header_digest = {}}));
  EXPECT_EQ(first.order, ReleaseOrder::kFormat);
  EXPECT_EQ(first.entry.state, RegistryState::kFormatting);

  entry.state = RegistryState::kJoined;
  entry.header_digest = Sha256(AsBytes("header"));
  const DiskReport own{.content = StateDiskContent::kLuks2, .header_digest = *entry.header_digest};
  ASSERT_OK_AND_ASSIGN(ReleaseDecision second, DecideDisk(entry, own));
  EXPECT_EQ(second.order, ReleaseOrder::kOpen);
  EXPECT_EQ(second.entry.state, RegistryState::kJoined);
  EXPECT_THAT(DecideDisk(entry, {.content = StateDiskContent::kBlank, .header_digest = {}}),
              HasFault("DISK_BLANK"));
  EXPECT_THAT(DecideDisk(entry, {.content = StateDiskContent::kLuks2,
                                 .header_digest = Sha256(AsBytes("other"))}),
              HasFault("DISK_MISMATCH"));
}

}  // namespace
}  // namespace kedge
