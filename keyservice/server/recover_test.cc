// Restarts, recovery and what a disk that was put back gives away.
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

// A cluster of node-1 and node-2, both formatted, that has run once.
class RecoverTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(world_.Init());
    const NodeAsk own = world_.AskOfCoordinator();
    ASSERT_OK_AND_ASSIGN(const TestRelease release, world_.client().Release(own));
    own_key_ = release.key;
    ASSERT_OK(world_.OpenDisk());
    ASSERT_OK(world_.client().Report(own, "FORMATTED", kHeader));
    const NodeAsk ask = world_.AskOf(node_, "node-2");
    ASSERT_OK_AND_ASSIGN(const TestRelease second, world_.client().Release(ask));
    node_key_ = second.key;
    ASSERT_OK(world_.client().Report(ask, "FORMATTED", kHeader));
  }
  NodeAsk OwnAsk() {
    NodeAsk ask = world_.AskOfCoordinator();
    ask.disk = "luks2";
    ask.header_digest = kHeader;
    return ask;
  }
  NodeAsk NodeTwo() {
    node_.Boot();
    NodeAsk ask = world_.AskOf(node_, "node-2");
    ask.disk = "luks2";
    ask.header_digest = kHeader;
    return ask;
  }
  testing::TestClient Unpinned() {
    testing::TestClient client = world_.client();
    client.pins = {};
    return client;
  }
  StatusOr<Bytes> RecoverWith(const SigningKey& owner, const Receipt& receipt,
                              const SecretBytes& seed) {
    return Unpinned().Recover(owner, receipt, world_.manifest(), world_.init().shares[0].salt, seed,
                              world_.CoordinatorId());
  }
  ServicePhase Phase() { return world_.service().Now().phase; }

  ServiceWorld world_;
  FakeNode node_{world_.ca()};
  Bytes own_key_;
  Bytes node_key_;
};

TEST_F(RecoverTest, ARestartFindsTheSeedInTheVault) {
  ASSERT_OK(world_.RestartService());
  EXPECT_EQ(Phase(), ServicePhase::kServing);
  ASSERT_OK(world_.OpenDisk());
  ASSERT_OK_AND_ASSIGN(const TestRelease release, world_.client().Release(NodeTwo()));
  EXPECT_EQ(release.order, "open");
  EXPECT_EQ(release.key, node_key_);
}

TEST_F(RecoverTest, APowerCutNeedsTheOwner) {
  world_.Boot(StateDiskContent::kLuks2);
  EXPECT_EQ(Phase(), ServicePhase::kAwaitingSeed);
  v1::Request release;
  release.mutable_release()->set_node("node-1");
  release.mutable_release()->set_role("control-plane");
  release.mutable_release()->set_volume("state");
  EXPECT_THAT(world_.AdmitDirectly(release, ProofType::kVtpm), HasFault("AWAITING_SEED"));
  EXPECT_THAT(Unpinned().Init(world_.owner(), world_.manifest(), world_.CoordinatorId()),
              HasFault("ALREADY_INITIALISED"));

  ASSERT_OK_AND_ASSIGN(const Bytes cluster_id, world_.Recover());
  EXPECT_TRUE(Equal(cluster_id, world_.init().receipt.cluster_id));
  EXPECT_EQ(Phase(), ServicePhase::kServing);
  ASSERT_OK_AND_ASSIGN(const TestRelease own, world_.client().Release(OwnAsk()));
  EXPECT_EQ(own.order, "open");
  EXPECT_EQ(own.key, own_key_);
  // The registry is still on the closed disk.
  const NodeAsk two = NodeTwo();
  EXPECT_THAT(world_.client().Release(two), HasFault("STORE_NOT_ATTACHED"));
  ASSERT_OK(world_.OpenDisk());
  ASSERT_OK_AND_ASSIGN(const TestRelease second, world_.client().Release(two));
  EXPECT_EQ(second.order, "open");
  EXPECT_EQ(second.key, node_key_);
  // The certificate authority is the one of before.
  EXPECT_EQ(second.ca_pem, world_.init().ca_pem);
  v1::Request recover;
  recover.mutable_recover()->set_coordinator_id(std::string(32, 'x'));
  recover.mutable_recover()->set_owner_time(absl::ToUnixSeconds(testing::kOwnersNow));
  EXPECT_THAT(world_.AdmitDirectly(recover, ProofType::kOwner), HasFault("NOTHING_TO_RECOVER"));
}

TEST_F(RecoverTest, AWrongSeedChangesNothingAndTheRightOneThenWorks) {
  world_.Boot(StateDiskContent::kLuks2);
  ASSERT_OK_AND_ASSIGN(const SecretBytes wrong, world_.random().Secret(64));
  ASSERT_OK_AND_ASSIGN(const SecretBytes too_short, world_.random().Secret(16));
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(RecoverWith(world_.owner(), world_.init().receipt, wrong), HasFault("WRONG_SEED"));
    EXPECT_THAT(RecoverWith(world_.owner(), world_.init().receipt, too_short),
                HasFault("WRONG_SEED"));
    EXPECT_EQ(Phase(), ServicePhase::kAwaitingSeed);
  }
  ASSERT_OK_AND_ASSIGN(const auto kept, world_.vault().Load());
  EXPECT_FALSE(kept.has_value());
  EXPECT_OK(world_.Recover());
}

TEST_F(RecoverTest, OnlyAnOwnerMayRecover) {
  world_.Boot(StateDiskContent::kLuks2);
  const SigningKey stranger = *SigningKey::Generate(Curve::kP384);
  EXPECT_THAT(RecoverWith(stranger, world_.init().receipt, world_.Seed()), HasFault("NOT_OWNER"));
  EXPECT_EQ(Phase(), ServicePhase::kAwaitingSeed);
}

// The receipt is signed under the seed, so the sender cannot make one that fits its own wishes.
TEST_F(RecoverTest, AChangedReceiptIsRefused) {
  world_.Boot(StateDiskContent::kLuks2);
  Receipt receipt = world_.init().receipt;
  receipt.coordinator_node = "node-9";
  EXPECT_THAT(RecoverWith(world_.owner(), receipt, world_.Seed()),
              HasFault("RECEIPT_NOT_AUTHENTIC"));
  receipt = world_.init().receipt;
  receipt.coordinator_id[0] ^= 1;
  EXPECT_THAT(RecoverWith(world_.owner(), receipt, world_.Seed()),
              HasFault("COORDINATOR_MISMATCH"));
  receipt = world_.init().receipt;
  receipt.latest.signature[10] ^= 1;
  EXPECT_FALSE(RecoverWith(world_.owner(), receipt, world_.Seed()).ok());
  EXPECT_EQ(Phase(), ServicePhase::kAwaitingSeed);
}

TEST_F(RecoverTest, AnotherManifestIsRefused) {
  world_.Boot(StateDiskContent::kLuks2);
  const Bytes other = world_.ManifestWith([](ManifestTerms& terms) { terms.cluster = "other"; });
  EXPECT_THAT(
      Unpinned().Recover(world_.owner(), world_.init().receipt, other, world_.init().shares[0].salt,
                         world_.Seed(), world_.CoordinatorId()),
      HasFault("MALFORMED"));
  // With a receipt that names it, but that nobody signed.
  Receipt receipt = world_.init().receipt;
  receipt.latest.manifest_digest = Sha256(other);
  EXPECT_THAT(Unpinned().Recover(world_.owner(), receipt, other, world_.init().shares[0].salt,
                                 world_.Seed(), world_.CoordinatorId()),
              HasFault("RECEIPT_NOT_AUTHENTIC"));
}

// A whole cluster of a stranger's own: its seed, receipt, manifest and owner key all fit together,
// but it is not the owner who invited this machine.
TEST_F(RecoverTest, AStrangersClusterIsNotRecoveredHere) {
  const SigningKey stranger = *SigningKey::Generate(Curve::kP384);
  const Bytes manifest = world_.ManifestWith([&](ManifestTerms& terms) {
    terms.owner_keys.push_back(testing::OwnerKeyEntry("stranger", stranger.public_key()));
  });
  ASSERT_OK_AND_ASSIGN(const ClusterPtr cluster,
                       LiveCluster::Make(world_.Parse(manifest), "node-1",
                                         {IdentityKind::kEk, world_.CoordinatorId()}, world_.now(),
                                         world_.random()));
  world_.Boot(StateDiskContent::kLuks2);
  const auto recover = [&](const SigningKey& owner) {
    return Unpinned().Recover(owner, cluster->receipt(), manifest, cluster->keys().salt(),
                              cluster->keys().seed(), world_.CoordinatorId());
  };
  EXPECT_THAT(recover(stranger), HasFault("NOT_OWNER"));
  EXPECT_EQ(Phase(), ServicePhase::kAwaitingSeed);
  // The check above is what stops it: the same from the inviting owner is accepted.
  EXPECT_OK(recover(world_.owner()));
}

TEST_F(RecoverTest, ADiskThatWasPutBackIsDetected) {
  // The owner's receipt is of generation 2; the disk's history ends at generation 1.
  ASSERT_OK_AND_ASSIGN(const KeyTree keys,
                       KeyTree::Create(world_.Seed(), world_.init().shares[0].salt));
  const Bytes newer = world_.ManifestWith([](ManifestTerms& terms) { terms.generation = 2; });
  Receipt receipt = world_.init().receipt;
  ASSERT_OK_AND_ASSIGN(receipt.latest,
                       SignTransition(2, Sha256(newer), TransitionHash(receipt.latest),
                                      keys.TransactionKey().value()));
  ASSERT_OK_AND_ASSIGN(receipt, SignReceipt(receipt, keys.IdentityKey().value()));

  world_.Boot(StateDiskContent::kLuks2);
  ASSERT_OK(Unpinned().Recover(world_.owner(), receipt, newer, world_.init().shares[0].salt,
                               world_.Seed(), world_.CoordinatorId()));
  ASSERT_OK(world_.client().Release(OwnAsk()));
  EXPECT_THAT(world_.OpenDisk(), HasFault("ROLLBACK_DETECTED"));
  // Nobody gets anything any more, not even the node itself, and the owner sees why.
  EXPECT_THAT(world_.client().Release(OwnAsk()), HasFault("ROLLBACK_DETECTED"));
  EXPECT_THAT(world_.client().Release(NodeTwo()), HasFault("ROLLBACK_DETECTED"));
  ASSERT_OK_AND_ASSIGN(const v1::StatusAnswer status, world_.client().GetStatus(world_.owner()));
  EXPECT_EQ(status.problem(), "ROLLBACK_DETECTED");
}

TEST_F(RecoverTest, AnEmptyDiskInItsPlaceIsDetected) {
  world_.Boot(StateDiskContent::kLuks2);
  ASSERT_OK(world_.Recover());
  world_.WipeDisk();
  EXPECT_THAT(world_.OpenDisk(), HasFault("ROLLBACK_DETECTED"));
  EXPECT_THAT(world_.client().Release(NodeTwo()), HasFault("ROLLBACK_DETECTED"));
}

TEST_F(RecoverTest, AnotherClustersRecordsAreNotTaken) {
  ServiceWorld other;
  ASSERT_OK(other.Init());
  ASSERT_OK(other.OpenDisk());
  world_.Boot(StateDiskContent::kLuks2);
  ASSERT_OK(world_.Recover());
  world_.WipeDisk();
  other.CopyDiskTo(world_);
  EXPECT_FALSE(world_.OpenDisk().ok());
  EXPECT_FALSE(world_.client().Release(NodeTwo()).ok());
}

// An older state of the same disk, same generation: names bound since then are free again. What
// tells it apart is the disk's counter (a later issue); here the registry must at least be whole.
TEST_F(RecoverTest, ADamagedRecordStopsEverything) {
  world_.Boot(StateDiskContent::kLuks2);
  ASSERT_OK(world_.Recover());
  world_.DamageDisk("node@node-2");
  EXPECT_THAT(world_.OpenDisk(), HasFault("STORE_CORRUPT"));
  EXPECT_THAT(world_.client().Release(NodeTwo()), HasFault("STORE_CORRUPT"));
}

// The coordinator's own disk, counted from outage to outage by the owner's receipt.
class CoordinatorDiskTest : public RecoverTest {
 protected:
  // A whole boot: recovered, released, opened, advanced and acknowledged.
  void BootAt(uint64_t counter) {
    world_.Boot(StateDiskContent::kLuks2);
    ASSERT_OK(RecoverWith(world_.owner(), receipt_, world_.Seed()));
    ASSERT_OK_AND_ASSIGN(const TestRelease release, ReleaseAt(counter));
    EXPECT_EQ(release.disk_counter, counter);
    EXPECT_EQ(release.next_disk_counter, counter + 1);
    ASSERT_OK(world_.OpenDisk());
    ASSERT_OK(Advanced(counter + 1));
    receipt_ = Newest();
    EXPECT_EQ(receipt_.coordinator_disk_counter, counter + 1);
  }
  StatusOr<TestRelease> ReleaseAt(uint64_t counter) {
    NodeAsk ask = OwnAsk();
    ask.disk_counter = counter;
    return world_.client().Release(ask);
  }
  Status Advanced(uint64_t counter) {
    NodeAsk ask = OwnAsk();
    ask.disk_counter = counter;
    return world_.client().Report(ask, "ADVANCED", kHeader);
  }
  StatusOr<Bytes> RecoverAccepting(uint64_t counter) {
    return Unpinned().Recover(world_.owner(), receipt_, world_.manifest(),
                              world_.init().shares[0].salt, world_.Seed(), world_.CoordinatorId(),
                              counter);
  }
  // As `kedge status` brings it.
  Receipt Newest() {
    const auto receipt = world_.service().NewestReceipt();
    EXPECT_OK(receipt);
    const VerifyKey key = VerifyKey::FromSpki((*receipt)->service_key_spki).value();
    EXPECT_OK(VerifyReceipt(**receipt, key));
    return **receipt;
  }
  void SetUp() override {
    RecoverTest::SetUp();
    receipt_ = world_.init().receipt;
    BootAt(0);
    world_.KeepDiskAs("at-1");
    BootAt(1);
    BootAt(2);
  }

  Receipt receipt_;
};

TEST_F(CoordinatorDiskTest, AnOlderCopyGetsNoKeyAndTheOwnerSeesBothCounters) {
  world_.Boot(StateDiskContent::kLuks2);
  ASSERT_OK(RecoverWith(world_.owner(), receipt_, world_.Seed()));
  EXPECT_THAT(ReleaseAt(1), HasFault("STALE_DISK"));
  EXPECT_THAT(ReleaseAt(2), HasFault("STALE_DISK"));
  ASSERT_OK_AND_ASSIGN(const v1::StatusAnswer status, world_.client().GetStatus(world_.owner()));
  const v1::RefusalRecord& refusal = *status.refusals().rbegin();
  EXPECT_EQ(refusal.code(), "STALE_DISK");
  EXPECT_THAT(refusal.reason(),
              ::testing::HasSubstr("at counter 2, expected at least 3 by the owner's receipt"));
  EXPECT_EQ(status.receipt().coordinator_disk_counter(), 3u);
  EXPECT_OK(ReleaseAt(3));
}

TEST_F(CoordinatorDiskTest, AnOlderReceiptIsALowerFloor) {
  receipt_ = world_.init().receipt;
  BootAt(3);
}

// Cut off after the disk was advanced and before it was acknowledged, again and again.
TEST_F(CoordinatorDiskTest, BootsThatWereCutOffAreNoRollBack) {
  for (uint64_t counter = 3; counter < 6; ++counter) {
    world_.Boot(StateDiskContent::kLuks2);
    ASSERT_OK(RecoverWith(world_.owner(), receipt_, world_.Seed()));
    ASSERT_OK(ReleaseAt(counter));
    if (counter == 4) {
      ASSERT_OK(world_.OpenDisk());
    }
  }
  BootAt(6);
}

// Acknowledged while the registry is on its way from the disk.
TEST_F(CoordinatorDiskTest, AnAcknowledgementBeforeTheStoreMovedIsCarriedOver) {
  world_.Boot(StateDiskContent::kLuks2);
  ASSERT_OK(RecoverWith(world_.owner(), receipt_, world_.Seed()));
  ASSERT_OK(ReleaseAt(3));
  ASSERT_OK(Advanced(4));
  EXPECT_EQ(Newest().coordinator_disk_counter, 3u) << "not on the disk yet";
  ASSERT_OK(world_.OpenDisk());
  EXPECT_EQ(Newest().coordinator_disk_counter, 4u);
  // The service of the real root finds its old grant in /run, and the acknowledgement on the disk.
  ASSERT_OK(world_.RestartService());
  ASSERT_OK(world_.OpenDisk());
  EXPECT_EQ(Newest().coordinator_disk_counter, 4u);
}

// The newest header over the file system of an older copy.
TEST_F(CoordinatorDiskTest, AnOlderRegistryStopsEverything) {
  world_.Boot(StateDiskContent::kLuks2);
  ASSERT_OK(RecoverWith(world_.owner(), receipt_, world_.Seed()));
  ASSERT_OK(ReleaseAt(3));
  world_.PutDiskBack("at-1");
  EXPECT_THAT(world_.OpenDisk(), HasFault("STALE_DISK"));
  EXPECT_THAT(world_.client().Release(NodeTwo()), HasFault("STALE_DISK"));
  ASSERT_OK_AND_ASSIGN(const v1::StatusAnswer status, world_.client().GetStatus(world_.owner()));
  EXPECT_EQ(status.problem(), "STALE_DISK");
}

TEST_F(CoordinatorDiskTest, AnOlderRegistryIsNotRecoveredWithTheDiskOpen) {
  world_.PutDiskBack("at-1");
  world_.Boot(StateDiskContent::kLuks2);
  ASSERT_OK(world_.OpenDisk());
  EXPECT_THAT(RecoverWith(world_.owner(), receipt_, world_.Seed()), HasFault("STALE_DISK"));
  EXPECT_EQ(Phase(), ServicePhase::kAwaitingSeed);
}

TEST_F(CoordinatorDiskTest, TheOwnerAcceptsTheOlderCopy) {
  world_.PutDiskBack("at-1");
  world_.Boot(StateDiskContent::kLuks2);
  ASSERT_OK(RecoverAccepting(1));
  EXPECT_THAT(ReleaseAt(0), HasFault("STALE_DISK"));
  EXPECT_THAT(ReleaseAt(4), HasFault("STALE_DISK")) << "of the lost copy";
  ASSERT_OK_AND_ASSIGN(const TestRelease release, ReleaseAt(1));
  EXPECT_TRUE(release.disk_accepted);
  EXPECT_EQ(release.next_disk_counter, 5u) << "4 may be on the lost copy";
  ASSERT_OK(world_.OpenDisk());
  EXPECT_FALSE(IsFresher(Newest(), receipt_)) << "an owner's receipt never goes back";
  ASSERT_OK(Advanced(5));
  EXPECT_TRUE(IsFresher(Newest(), receipt_));
  receipt_ = Newest();
  BootAt(5);
}

// The service of the real root: the disk is open, the seed was lost with the keyring.
TEST_F(RecoverTest, RecoversWithTheDiskOpen) {
  world_.Boot(StateDiskContent::kLuks2);
  ASSERT_OK(world_.OpenDisk());
  EXPECT_EQ(Phase(), ServicePhase::kAwaitingSeed);
  ASSERT_OK_AND_ASSIGN(const SecretBytes wrong, world_.random().Secret(64));
  EXPECT_THAT(RecoverWith(world_.owner(), world_.init().receipt, wrong), HasFault("WRONG_SEED"));
  ASSERT_OK(world_.Recover());
  ASSERT_OK_AND_ASSIGN(const TestRelease release, world_.client().Release(NodeTwo()));
  EXPECT_EQ(release.key, node_key_);
}

// The power went after the format and before the report: the records on the disk prove the format.
TEST(RecoverFirstBootTest, ADiskThatHoldsTheRecordsIsFormatted) {
  ServiceWorld world;
  ASSERT_OK(world.Init());
  NodeAsk ask = world.AskOfCoordinator();
  ASSERT_OK(world.client().Release(ask));
  ASSERT_OK(world.OpenDisk());
  world.Boot(StateDiskContent::kLuks2);
  ASSERT_OK(world.Recover());
  ASSERT_OK(world.OpenDisk());
  EXPECT_EQ(world.service().FactsFor("node-1", {}).entry->state, RegistryState::kFormatted);
  ask = world.AskOfCoordinator();
  EXPECT_THAT(world.client().Release(ask), HasFault("DISK_BLANK"));
}

TEST(StartTest, ForeignDisksAndLostRecordsStopTheService) {
  ServiceWorld world;
  EXPECT_THAT(world.TryBoot(StateDiskContent::kForeign), HasFault("DISK_FOREIGN"));
  world.Boot(StateDiskContent::kBlank);
  ASSERT_OK(world.Init());
  world.LoseRun();
  EXPECT_THAT(world.RestartService(), HasFault("SEED_WITHOUT_RECORDS"));
}

}  // namespace
}  // namespace kedge::keyservice
