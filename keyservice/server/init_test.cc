// init and verify, from the outside.
#include <gtest/gtest.h>

#include <barrier>
#include <thread>

#include "attestation/verify/verify.h"
#include "base/status_matchers.h"
#include "crypto/x509.h"
#include "keyservice/core/key_tree.h"
#include "keyservice/server/testing/service_world.h"

namespace kedge::keyservice {
namespace {

using testing::FakeNode;
using testing::ServiceWorld;
using testing::TestInit;

class InitTest : public ::testing::Test {
 protected:
  StatusOr<TestInit> Init(const SigningKey& owner) {
    return world_.client().Init(owner, world_.manifest(), world_.CoordinatorId());
  }
  void ExpectStillWaiting() {
    EXPECT_EQ(world_.service().Now().phase, ServicePhase::kAwaitingInit);
    ASSERT_OK_AND_ASSIGN(const auto seed, world_.vault().Load());
    EXPECT_FALSE(seed.has_value());
  }

  ServiceWorld world_;
};

TEST_F(InitTest, TheOwnerGetsAClusterThatVerifies) {
  ASSERT_OK(world_.Init());
  const TestInit& init = world_.init();
  EXPECT_FALSE(init.trust_on_first_use);
  ASSERT_EQ(init.shares.size(), 1u);

  // Everything follows from the seed that only the owner's share holds.
  ASSERT_OK_AND_ASSIGN(const KeyTree keys, KeyTree::Create(world_.Seed(), init.shares[0].salt));
  EXPECT_EQ(keys.seed().size(), kNewSeedSize);
  ASSERT_OK_AND_ASSIGN(const SigningKey identity, keys.IdentityKey());
  EXPECT_OK(VerifyReceipt(init.receipt, identity.public_key()));
  EXPECT_EQ(init.service_key_spki, identity.public_key().spki());
  ASSERT_OK_AND_ASSIGN(const SigningKey transaction, keys.TransactionKey());
  EXPECT_OK(VerifyHistory(std::vector{init.receipt.latest}, transaction.public_key()));
  EXPECT_EQ(init.receipt.latest.manifest_digest, Sha256(world_.manifest()));
  EXPECT_EQ(init.receipt.cluster_id, keys.ComputeClusterId(init.receipt.measurement_salt).value());
  EXPECT_EQ(init.receipt.coordinator_node, "node-1");
  EXPECT_EQ(init.receipt.coordinator_id, world_.CoordinatorId());
  ASSERT_OK_AND_ASSIGN(const SigningKey ca, keys.RootCaKey());
  EXPECT_EQ(SpkiOfCertificate(init.ca_pem).value(), ca.public_key().spki());

  // The seed crosses a restart in the vault, and nowhere else.
  ASSERT_OK_AND_ASSIGN(const auto kept, world_.vault().Load());
  ASSERT_TRUE(kept.has_value());
  EXPECT_TRUE(kept->EqualsConstantTime(keys.seed()));
}

TEST_F(InitTest, EverySeedIsNew) {
  ASSERT_OK(world_.Init());
  ServiceWorld other;
  ASSERT_OK(other.Init());
  EXPECT_FALSE(world_.Seed().EqualsConstantTime(other.Seed()));
  EXPECT_NE(world_.init().receipt.cluster_id, other.init().receipt.cluster_id);
}

TEST_F(InitTest, OnlyOnce) {
  ASSERT_OK(world_.Init());
  const auto identity = world_.service().Now().cluster->facts().service_key_spki;
  EXPECT_THAT(world_.Init(), HasFault("ALREADY_INITIALISED"));
  EXPECT_EQ(world_.service().Now().cluster->facts().service_key_spki, identity);
}

TEST_F(InitTest, OfTwoAtOnceOneWins) {
  StatusOr<TestInit> results[2] = {Internal("not run"), Internal("not run")};
  // Both have seen a server without a cluster before either makes one.
  std::barrier both(2);
  world_.client().before_upload = [&both] { both.arrive_and_wait(); };
  const Bytes id = world_.CoordinatorId();
  std::thread threads[2];
  for (int i = 0; i < 2; ++i) {
    threads[i] = std::thread(
        [&, i] { results[i] = world_.client().Init(world_.owner(), world_.manifest(), id); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_NE(results[0].ok(), results[1].ok());
  const auto& lost = results[0].ok() ? results[1] : results[0];
  EXPECT_THAT(lost, HasFault("ALREADY_INITIALISED"));
}

TEST_F(InitTest, AStrangerIsRefused) {
  const SigningKey stranger = *SigningKey::Generate(Curve::kP384);
  EXPECT_THAT(Init(stranger), HasFault("NOT_OWNER"));
  ExpectStillWaiting();
}

// A manifest that names the stranger makes it no owner of this machine.
TEST_F(InitTest, OnlyTheOwnerWhoInvitedThisMachine) {
  const SigningKey stranger = *SigningKey::Generate(Curve::kP384);
  const Bytes manifest = world_.ManifestWith([&stranger](ManifestTerms& terms) {
    terms.owner_keys.push_back(testing::OwnerKeyEntry("stranger", stranger.public_key()));
  });
  EXPECT_THAT(world_.client().Init(stranger, manifest, world_.CoordinatorId()),
              HasFault("NOT_OWNER"));
  ExpectStillWaiting();
  // … and the invited owner must be one by the manifest too.
  const Bytes without = world_.ManifestWith([&stranger](ManifestTerms& terms) {
    terms.owner_keys = {testing::OwnerKeyEntry("stranger", stranger.public_key())};
  });
  EXPECT_THAT(world_.client().Init(world_.owner(), without, world_.CoordinatorId()),
              HasFault("NOT_OWNER"));
  ExpectStillWaiting();
}

TEST_F(InitTest, WithoutAnInvitationItIsTrustOnFirstUseAndSaidSo) {
  ServiceWorld world({.invited = false});
  ASSERT_OK(world.Init());
  EXPECT_TRUE(world.init().trust_on_first_use);
}

TEST_F(InitTest, OnlyTheMachineThatWasMeant) {
  EXPECT_THAT(world_.client().Init(world_.owner(), world_.manifest(), Bytes(32, 7)),
              HasFault("COORDINATOR_MISMATCH"));
  ExpectStillWaiting();
}

TEST_F(InitTest, OnlyATpmOfTheManifestsRoots) {
  const testing::TestTpmCa other("another maker");
  const Bytes manifest = world_.ManifestWith([&other](ManifestTerms& terms) {
    terms.tpm_roots = {{.name = "other", .certificate_pem = other.root_pem()}};
  });
  EXPECT_THAT(world_.client().Init(world_.owner(), manifest, world_.CoordinatorId()),
              HasFault("EK_NOT_TRUSTED"));
  ExpectStillWaiting();
}

TEST_F(InitTest, TheManifestIsRead) {
  EXPECT_THAT(world_.client().Init(world_.owner(), AsBytes("{}"), world_.CoordinatorId()),
              HasFault("MALFORMED"));
  ExpectStillWaiting();
}

TEST_F(InitTest, ItTakesTheConfirmation) {
  EXPECT_THAT(
      world_.client().Init(world_.owner(), world_.manifest(), world_.CoordinatorId(), Bytes(32, 1)),
      HasFault("MALFORMED"));
  ExpectStillWaiting();
}

TEST_F(InitTest, WithoutAPlaceForTheSeedThereIsNoCluster) {
  world_.vault().FailWith(MakeFault(StatusCode::kUnavailable, "KEYRING_UNAVAILABLE",
                                    Advice::kAskOperator, "no keyring"));
  EXPECT_THAT(world_.Init(), HasFault("KEYRING_UNAVAILABLE"));
  world_.vault().FailWith(absl::OkStatus());
  ExpectStillWaiting();
  // What the attempt left behind is in nobody's way.
  EXPECT_OK(world_.Init());
}

TEST_F(InitTest, NothingElseIsAnsweredBefore) {
  v1::Request request;
  request.mutable_release()->set_node("node-2");
  request.mutable_release()->set_role("worker");
  request.mutable_release()->set_volume("state");
  EXPECT_THAT(world_.AdmitDirectly(request, ProofType::kVtpm), HasFault("AWAITING_INIT"));
  request.mutable_report()->set_node("node-2");
  request.mutable_report()->set_role("worker");
  request.mutable_report()->set_state("JOINED");
  EXPECT_THAT(world_.AdmitDirectly(request, ProofType::kVtpm), HasFault("AWAITING_INIT"));
  request.mutable_recover()->set_coordinator_id(std::string(32, 'x'));
  request.mutable_recover()->set_owner_time(absl::ToUnixSeconds(testing::kOwnersNow));
  EXPECT_THAT(world_.AdmitDirectly(request, ProofType::kOwner), HasFault("NOTHING_TO_RECOVER"));
}

TEST_F(InitTest, TheProofMustBeAnOwners) {
  v1::Request request;
  request.mutable_init()->set_manifest_digest(std::string(AsText(Sha256(world_.manifest()))));
  request.mutable_init()->set_coordinator_id(std::string(32, 'x'));
  request.mutable_init()->set_owner_time(absl::ToUnixSeconds(testing::kOwnersNow));
  v1::InitPayload payload;
  payload.set_manifest(std::string(AsText(world_.manifest())));
  const Bytes bytes = ToBytes(payload.SerializeAsString());
  EXPECT_THAT(world_.AdmitDirectly(request, ProofType::kNone, bytes), HasFault("PROOF_TYPE"));
  EXPECT_THAT(world_.AdmitDirectly(request, ProofType::kVtpm, bytes), HasFault("PROOF_TYPE"));
  EXPECT_THAT(world_.AdmitDirectly(request, ProofType::kOwner, bytes), HasFault("MALFORMED"));
  ExpectStillWaiting();
}

TEST_F(InitTest, AnybodyMayVerify) {
  ASSERT_OK_AND_ASSIGN(const v1::CoordinatorProof before, world_.client().Verify());
  EXPECT_EQ(before.phase(), "AWAITING_INIT");
  EXPECT_EQ(before.node(), "node-1");
  EXPECT_TRUE(before.manifest().empty());
  EXPECT_TRUE(before.activation_hmac().empty());
  ASSERT_OK(world_.Init());
  ASSERT_OK_AND_ASSIGN(const v1::CoordinatorProof after, world_.client().Verify());
  EXPECT_EQ(after.phase(), "SERVING");
  EXPECT_EQ(ToBytes(after.manifest()), world_.manifest());
  EXPECT_EQ(after.ca_certificate_pem(), world_.init().ca_pem);
}

// The AK of the evidence lives beside the EK: shown by activating a credential, in this exchange.
TEST_F(InitTest, TheServerProvesItsAk) {
  ASSERT_OK_AND_ASSIGN(const Endorsements endorsements,
                       world_.coordinator().issuer().GetEndorsements());
  ASSERT_OK_AND_ASSIGN(const Bytes ak, world_.coordinator().tpm().AttestationKeyPublic());
  ASSERT_OK_AND_ASSIGN(const Bytes ak_name, NameOf(ak));
  ASSERT_OK_AND_ASSIGN(const SecretBytes secret, world_.random().Secret(32));
  ASSERT_OK_AND_ASSIGN(const CredentialBlob credential,
                       MakeCredential(endorsements.ek_public, ak_name, secret, world_.random()));
  EXPECT_OK(world_.client().Verify(credential, secret));
  // For another AK this TPM does not activate it.
  ASSERT_OK_AND_ASSIGN(
      const CredentialBlob other,
      MakeCredential(endorsements.ek_public, Bytes(34, 0), secret, world_.random()));
  EXPECT_FALSE(world_.client().Verify(other, secret).ok());
}

// The manifest says per role which kinds of hardware identity count; this machine has an EK.
TEST(InitIdentityTest, TheServicesOwnMachineHasAnAcceptedKindOfIdentity) {
  ServiceWorld world;
  const Bytes manifest = world.ManifestWith([](ManifestTerms& terms) {
    for (RolePolicy& role : terms.roles) {
      if (role.role == kRoleControlPlane) role.identity_kinds = {IdentityKind::kChip};
    }
  });
  EXPECT_THAT(world.client().Init(world.owner(), manifest, world.CoordinatorId()),
              HasFault("IDENTITY_KIND"));
  EXPECT_EQ(world.service().Now().phase, ServicePhase::kAwaitingInit);
}

TEST(InitIdentityTest, ANodesRoleDecidesWhichIdentityCounts) {
  ServiceWorld world;
  const Bytes manifest = world.ManifestWith([](ManifestTerms& terms) {
    for (RolePolicy& role : terms.roles) {
      if (role.role == kRoleWorker) role.identity_kinds = {IdentityKind::kHostData};
    }
  });
  ASSERT_OK(world.InitWith(manifest));
  ASSERT_OK(world.OpenDisk());
  FakeNode node(world.ca());
  EXPECT_THAT(world.client().Release(world.AskOf(node, "node-2", "worker")),
              HasFault("IDENTITY_KIND"));
  node.Boot();
  EXPECT_OK(world.client().Release(world.AskOf(node, "node-3", "control-plane")));
}

}  // namespace
}  // namespace kedge::keyservice
