// Owners change the manifest of a running key service, from the outside: who may, what waits, what
// is on the disk when it is answered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "keyservice/core/manifest_update.h"
#include "keyservice/server/testing/service_world.h"
#include "proto/wire/binary.h"
#include "proto/wire/json.h"
#include "proto/wire/receipt.h"

namespace kedge::keyservice {
namespace {

using ::testing::ElementsAre;
using testing::FakeNode;
using testing::NodeAsk;
using testing::ServiceWorld;

const Bytes kHeader = Bytes(32, 0x4D);

std::string Text(ByteView bytes) { return std::string(AsText(bytes)); }

// A cluster with three owners, of whom `threshold` must approve an update.
class ManifestServiceTest : public ::testing::Test {
 protected:
  void Start(uint32_t threshold) {
    ASSERT_OK(world_.InitWith(World(1, threshold)));
    ASSERT_OK(world_.OpenDisk());
    current_ = world_.init().receipt;
  }
  Bytes World(uint64_t generation, uint32_t threshold, const std::string& variant = "1") {
    return world_.ManifestWith([&](ManifestTerms& terms) {
      terms.generation = generation;
      terms.owner_threshold = threshold;
      terms.owner_keys[0].name = "first";
      terms.owner_keys.push_back(testing::OwnerKeyEntry("second", second_.public_key()));
      terms.owner_keys.push_back(testing::OwnerKeyEntry("third", third_.public_key()));
      ReferenceValues added = terms.images[0];
      added.image_version = "added " + variant;
      terms.images.push_back(added);
    });
  }
  OwnerProof Approve(const SigningKey& owner, ByteView manifest) {
    return ApproveUpdate(TransitionHash(current_.latest), world_.Parse(manifest), owner).value();
  }
  struct Sent {
    std::vector<std::string> allow = {"COORDINATOR_UNKNOWN"};
    bool tested = true;
    bool dry_run = false;
    ProofType proof = ProofType::kNone;
  };
  StatusOr<v1::SetManifestAnswer> Set(const Bytes& manifest,
                                      const std::vector<OwnerProof>& approvals) {
    return Set(manifest, approvals, Sent());
  }
  StatusOr<v1::SetManifestAnswer> Set(const Bytes& manifest,
                                      const std::vector<OwnerProof>& approvals, const Sent& sent) {
    v1::Request request;
    request.mutable_set_manifest()->set_previous(Text(TransitionHash(current_.latest)));
    request.mutable_set_manifest()->set_generation(world_.Parse(manifest).generation());
    request.mutable_set_manifest()->set_manifest_digest(Text(Sha256(manifest)));
    v1::SetManifestPayload payload;
    payload.set_manifest(Text(manifest));
    payload.set_approvals(Text(PrintApprovals(approvals)));
    for (const std::string& code : sent.allow) payload.add_allow(code);
    payload.set_dry_run(sent.dry_run);
    if (sent.tested) {
      const SeedShareKey key = world_.Parse(manifest).seed_share_keys()[0];
      payload.add_tested_share_keys(Text(key.digest));
    }
    ASSIGN_OR_RETURN(const ExchangeResult result,
                     world_.client().Raw(request, wire::PrintBinary(payload), sent.proof));
    if (!result.box || result.box->kind != "set-manifest") return Internal("no answer in the box");
    v1::SetManifestAnswer answer;
    const std::string json = result.box->secret.Reveal([](ByteView b) { return Text(b); });
    RETURN_IF_ERROR(wire::ParseJson(json, {}, &answer));
    return answer;
  }
  // What an owner's workspace keeps of an answer.
  void Keep(const v1::SetManifestAnswer& answer) {
    ASSERT_OK_AND_ASSIGN(current_, wire::FromWire(answer.receipt()));
  }
  v1::StatusAnswer GetStatus() {
    const auto status = world_.client().GetStatus(world_.owner());
    EXPECT_OK(status);
    return status.value_or(v1::StatusAnswer());
  }
  StatusOr<ExchangeResult> Cancel(const SigningKey& owner, const Bytes& manifest) {
    return world_.client().Cancel(owner, Sha256(manifest));
  }
  void RestartService() {
    ASSERT_OK(world_.RestartService());
    ASSERT_OK(world_.OpenDisk());
  }

  ServiceWorld world_;
  const SigningKey second_ = SigningKey::Generate(Curve::kP384).value();
  const SigningKey third_ = SigningKey::Generate(Curve::kP384).value();
  Receipt current_;
};

TEST_F(ManifestServiceTest, OneOwnerIsEnoughWhereTheManifestSaysSo) {
  ASSERT_NO_FATAL_FAILURE(Start(1));
  const Bytes next = World(2, 1);
  ASSERT_OK_AND_ASSIGN(const auto answer, Set(next, {Approve(second_, next)}));
  EXPECT_TRUE(answer.in_force());
  EXPECT_THAT(answer.progress().approved(), ElementsAre("second"));
  EXPECT_EQ(answer.receipt().latest().generation(), 2U);
  EXPECT_EQ(GetStatus().manifest_generation(), 2U);
  ASSERT_NO_FATAL_FAILURE(RestartService());
  const v1::StatusAnswer status = GetStatus();
  EXPECT_EQ(status.manifest_generation(), 2U);
  EXPECT_EQ(status.receipt().latest().manifest_digest(), Text(Sha256(next)));
  EXPECT_EQ(status.problem(), "");
}

TEST_F(ManifestServiceTest, TwoOfThreeThroughAPowerCutInBetween) {
  ASSERT_NO_FATAL_FAILURE(Start(2));
  const Bytes next = World(2, 2);
  ASSERT_OK_AND_ASSIGN(const auto waits, Set(next, {Approve(world_.owner(), next)}));
  EXPECT_FALSE(waits.in_force());
  EXPECT_EQ(waits.progress().needed(), 2U);
  EXPECT_THAT(waits.progress().missing(), ElementsAre("second", "third"));
  ASSERT_NO_FATAL_FAILURE(RestartService());
  v1::StatusAnswer status = GetStatus();
  EXPECT_EQ(status.manifest_generation(), 1U);
  EXPECT_THAT(status.pending_update().approved(), ElementsAre("first"));
  EXPECT_EQ(status.pending_update().manifest_digest(), ToHex(Sha256(next)));
  ASSERT_OK_AND_ASSIGN(const auto done, Set(next, {Approve(third_, next)}));
  EXPECT_TRUE(done.in_force());
  status = GetStatus();
  EXPECT_EQ(status.manifest_generation(), 2U);
  EXPECT_FALSE(status.has_pending_update());
}

TEST_F(ManifestServiceTest, NodesAreJudgedByTheManifestInForce) {
  ASSERT_NO_FATAL_FAILURE(Start(1));
  FakeNode node(world_.ca());
  ASSERT_OK(world_.client().Release(world_.AskOf(node, "node-2")));
  // node-2's image is dropped: the owner is told, and means it.
  const Bytes next = world_.ManifestWith([&](ManifestTerms& terms) {
    terms.generation = 2;
    for (ReferenceValues& image : terms.images) image.pcrs[4] = Bytes(32, 9);
  });
  const std::vector<OwnerProof> approvals = {Approve(second_, next)};
  Sent sent;
  sent.allow = {"COORDINATOR_UNKNOWN", "OWNER_KEY_REMOVED"};
  EXPECT_THAT(Set(next, approvals, sent), HasFault("NODES_NOT_ALLOWED"));
  EXPECT_EQ(GetStatus().manifest_generation(), 1U);
  sent.allow.push_back("NODES_NOT_ALLOWED");
  ASSERT_OK_AND_ASSIGN(const auto answer, Set(next, approvals, sent));
  EXPECT_TRUE(answer.in_force());
  node.Boot();
  NodeAsk ask = world_.AskOf(node, "node-2");
  EXPECT_FALSE(world_.client().Release(ask).ok()) << "its image is accepted no more";
  EXPECT_FALSE(world_.client().GetStatus(second_).ok()) << "an owner no more";
}

TEST_F(ManifestServiceTest, WithoutOwnersApprovalNothingChanges) {
  ASSERT_NO_FATAL_FAILURE(Start(1));
  const Bytes next = World(2, 1);
  const SigningKey stranger = SigningKey::Generate(Curve::kP384).value();
  EXPECT_THAT(Set(next, {}), HasFault("APPROVAL_MISSING"));
  EXPECT_THAT(Set(next, {Approve(stranger, next)}), HasFault("NOT_OWNER"));
  const Bytes other = World(2, 1, "2");
  EXPECT_THAT(Set(next, {Approve(second_, other)}), HasFault("NOT_OWNER"));
  const Bytes later = World(3, 1);
  EXPECT_THAT(Set(later, {Approve(second_, later)}), HasFault("UPDATE_NOT_NEXT"));
  Sent as_owner;
  as_owner.proof = ProofType::kOwner;
  EXPECT_THAT(Set(next, {Approve(second_, next)}, as_owner), HasFault("PROOF_TYPE"));
  EXPECT_EQ(GetStatus().manifest_generation(), 1U);
  EXPECT_FALSE(GetStatus().has_pending_update());
}

TEST_F(ManifestServiceTest, AnApprovalIsForOneStateOnly) {
  ASSERT_NO_FATAL_FAILURE(Start(1));
  const Bytes next = World(2, 1);
  const OwnerProof approval = Approve(second_, next);
  ASSERT_OK(Set(next, {approval}));
  EXPECT_THAT(Set(next, {approval}), HasFault("HISTORY_MOVED"));
}

TEST_F(ManifestServiceTest, WhoWouldBeLockedOutIsSaidFirst) {
  ASSERT_NO_FATAL_FAILURE(Start(2));
  const Bytes next = World(2, 2);
  const std::vector<OwnerProof> approvals = {Approve(second_, next)};
  Sent dry;
  dry.dry_run = true;
  dry.tested = false;
  dry.allow = {};
  ASSERT_OK_AND_ASSIGN(const auto judged, Set(next, approvals, dry));
  EXPECT_FALSE(judged.in_force());
  ASSERT_EQ(judged.risks_size(), 2);
  EXPECT_EQ(judged.risks(0).code(), "NO_SHARE_TESTED");
  EXPECT_EQ(judged.risks(1).code(), "COORDINATOR_UNKNOWN");
  EXPECT_FALSE(GetStatus().has_pending_update()) << "judged only";
  Sent untested;
  untested.tested = false;
  EXPECT_THAT(Set(next, approvals, untested), HasFault("NO_SHARE_TESTED"));
  EXPECT_FALSE(GetStatus().has_pending_update()) << "a refusal leaves nothing behind";
}

TEST_F(ManifestServiceTest, AnyOwnerTakesAPendingUpdateBack) {
  ASSERT_NO_FATAL_FAILURE(Start(2));
  const Bytes next = World(2, 2);
  ASSERT_OK(Set(next, {Approve(second_, next)}));
  const Bytes other = World(2, 2, "2");
  EXPECT_THAT(Set(other, {Approve(third_, other)}), HasFault("UPDATE_PENDING"));
  const SigningKey stranger = SigningKey::Generate(Curve::kP384).value();
  EXPECT_THAT(Cancel(stranger, next), HasFault("NOT_OWNER"));
  EXPECT_THAT(Cancel(third_, other), HasFault("NOTHING_PENDING"));
  EXPECT_TRUE(GetStatus().has_pending_update());
  ASSERT_OK(Cancel(third_, next));
  EXPECT_FALSE(GetStatus().has_pending_update());
  ASSERT_NO_FATAL_FAILURE(RestartService());
  EXPECT_FALSE(GetStatus().has_pending_update());
  ASSERT_OK_AND_ASSIGN(const auto waits, Set(other, {Approve(third_, other)}));
  EXPECT_THAT(waits.progress().approved(), ElementsAre("third"));
}

TEST_F(ManifestServiceTest, NothingIsChangedBeforeTheDiskIsOpen) {
  ASSERT_OK(world_.InitWith(World(1, 1)));
  current_ = world_.init().receipt;
  const Bytes next = World(2, 1);
  EXPECT_THAT(Set(next, {Approve(second_, next)}), HasFault("STORE_NOT_ATTACHED"));
}

// A total outage: the disk of before the update is an old copy, the newest one is taken.
TEST_F(ManifestServiceTest, AfterAnUpdateTheOldDiskIsARollback) {
  ASSERT_NO_FATAL_FAILURE(Start(1));
  world_.KeepDiskAs("old");
  const Bytes next = World(2, 1);
  ASSERT_OK_AND_ASSIGN(const auto answer, Set(next, {Approve(second_, next)}));
  ASSERT_NO_FATAL_FAILURE(Keep(answer));
  const auto recover = [&] {
    world_.Boot(StateDiskContent::kLuks2);
    testing::TestClient unpinned = world_.client();
    unpinned.pins = {};
    return unpinned.Recover(world_.owner(), current_, next, world_.init().shares[0].salt,
                            world_.Seed(), world_.CoordinatorId());
  };
  world_.KeepDiskAs("new");
  ASSERT_OK(recover());
  world_.PutDiskBack("old");
  EXPECT_THAT(world_.OpenDisk(), HasFault("ROLLBACK_DETECTED"));
  world_.PutDiskBack("new");
  ASSERT_OK(recover());
  EXPECT_OK(world_.OpenDisk());
  EXPECT_EQ(GetStatus().manifest_generation(), 2U);
}

}  // namespace
}  // namespace kedge::keyservice
