// The program as its units run it: notification, the kernel's keyring across restarts, the state
// disk that appears later, the real TPM edge.
#include <absl/time/clock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "attestation/channel_grpc/client.h"
#include "attestation/issue/testing/fake_node.h"
#include "base/host/testing/fake_manager.h"
#include "base/status_matchers.h"
#include "crypto/system_random.h"
#include "keyservice/core/testing/test_cluster.h"
#include "keyservice/server/testing/control_plane.h"
#include "keyservice/server/testing/test_client.h"
#include "proto/wire/invitation.h"
#include "proto/wire/manifest.h"

namespace kedge::keyservice {
namespace {

using testing::ControlPlane;
using testing::NodeAsk;
using testing::ServiceProcess;
using testing::SwtpmNode;
using testing::TestRelease;

const Bytes kHeader = Bytes(32, 0x4D);

class ProcessIntegrationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!ControlPlane::HostAllows()) {
      std::cerr << "*** SKIPPED: needs root (mount namespace) and the kernel's keyring\n";
      GTEST_SKIP() << "needs root and the kernel's keyring";
    }
    ASSERT_OK_AND_ASSIGN(one_, ControlPlane::Make());
    ASSERT_OK_AND_ASSIGN(two_, SwtpmNode::Start(one_->folder() + "/two.json"));
    ASSERT_OK_AND_ASSIGN(spare_, SwtpmNode::Start(one_->folder() + "/spare.json"));
    ManifestTerms terms = testing::TestManifestTerms();
    terms.images = {testing::TestImage()};
    terms.tpm_roots = {{.name = "one", .certificate_pem = one_->machine().swtpm().root_pem()},
                       {.name = "two", .certificate_pem = two_->swtpm().root_pem()},
                       {.name = "spare", .certificate_pem = spare_->swtpm().root_pem()}};
    ASSERT_OK_AND_ASSIGN(const std::string manifest, wire::PrintManifest(terms));
    manifest_ = ToBytes(manifest);
    ASSERT_OK_AND_ASSIGN(const Endorsements endorsements,
                         one_->machine().issuer().GetEndorsements());
    ASSERT_OK_AND_ASSIGN(const VerifiedEk ek, VerifyEk(endorsements, terms.tpm_roots, absl::Now()));
    coordinator_id_ = ek.identity.value;
    roots_ = terms.tpm_roots;
    wire::Invitation invitation;
    invitation.node = "node-1";
    invitation.role = "control-plane";
    invitation.issue_time = absl::Now();
    ASSERT_OK_AND_ASSIGN(first_invitation_, wire::MakeInvitation(invitation, owner_));
  }
  void TearDown() override {
    if (HasFailure() && one_) std::cerr << "---- the service's own lines\n" << one_->Output();
  }

  void Boot(const std::string& disk_content) {
    ASSERT_OK(one_->Boot(disk_content, first_invitation_));
  }
  StatusOr<ExchangeResult> Run(const ClientExchange& exchange) {
    return RunExchange(one_->service().endpoint(), exchange, random_, absl::Seconds(60));
  }
  NodeAsk AskOfTwo() { return AskAsNodeTwo(*two_); }
  NodeAsk AskAsNodeTwo(SwtpmNode& machine) {
    wire::Invitation invitation;
    invitation.cluster_id = ToBytes(ByteView(init_.receipt.cluster_id));
    invitation.service_key_spki = init_.receipt.service_key_spki;
    invitation.endpoints = {"127.0.0.1:7443"};
    invitation.node = "node-2";
    invitation.role = "worker";
    invitation.issue_time = absl::Now();
    invitation.control_plane_images = {testing::TestImage()};
    invitation.tpm_roots = roots_;
    invitation.minimum_generation = 1;
    const Bytes file = ToBytes(wire::MakeInvitation(invitation, owner_).value());
    EXPECT_OK(machine.Boot());
    EXPECT_OK(machine.Measure(InitDataEvent(file)));
    EXPECT_OK(machine.Measure(ClusterIdEvent(init_.receipt.cluster_id)));
    return {.issuer = &machine.issuer(), .node = "node-2", .role = "worker", .invitation = file};
  }
  static NodeAsk WithDisk(NodeAsk ask) {
    ask.disk = "luks2";
    ask.header_digest = kHeader;
    return ask;
  }
  StatusOr<Bytes> Recover(const SecretBytes& seed) {
    testing::TestClient unpinned = client_;
    unpinned.pins = {};
    return unpinned.Recover(owner_, init_.receipt, manifest_, init_.shares[0].salt, seed,
                            coordinator_id_);
  }

  const SigningKey& owner_ = testing::TestOwnerKey();
  SystemRandom random_;
  std::unique_ptr<ControlPlane> one_;
  std::unique_ptr<SwtpmNode> two_;
  std::unique_ptr<SwtpmNode> spare_;  // a machine to replace node-2's
  std::vector<TpmRoot> roots_;
  Bytes manifest_;
  Bytes coordinator_id_;
  std::string first_invitation_;
  testing::TestInit init_;
  testing::TestClient client_{[this](const ClientExchange& exchange) { return Run(exchange); }};
};

TEST_F(ProcessIntegrationTest, FromInitThroughRestartsToRecovery) {
  ASSERT_NO_FATAL_FAILURE(Boot("blank"));
  ASSERT_OK(one_->StartService("initrd"));
  ASSERT_OK(one_->service().WaitForStatus("AWAITING_INIT"));
  ASSERT_OK_AND_ASSIGN(init_, client_.Init(owner_, manifest_, coordinator_id_));
  EXPECT_FALSE(init_.trust_on_first_use);
  client_.pins = {.cluster_id = ToBytes(ByteView(init_.receipt.cluster_id)),
                  .service_key_spki = init_.receipt.service_key_spki,
                  .minimum_generation = 1};
  ASSERT_OK(one_->service().WaitForStatus("SERVING this node only"));
  EXPECT_THAT(client_.Release(AskOfTwo()), HasFault("STORE_NOT_ATTACHED"));

  // A crash before the disk is there: the seed is in the keyring, the records are in /run.
  one_->service().Kill();
  ASSERT_OK(one_->StartService("initrd"));
  ASSERT_OK(one_->service().WaitForStatus("SERVING this node only"));

  ASSERT_OK(one_->MountDisk());
  ASSERT_OK(one_->service().WaitForStatus("SERVING 0 registered nodes"));
  ASSERT_OK_AND_ASSIGN(const TestRelease first, client_.Release(AskOfTwo()));
  EXPECT_EQ(first.order, "format");
  ASSERT_OK(client_.Report(AskOfTwo(), "FORMATTED", kHeader));

  // Switch-root.
  ASSERT_OK_AND_ASSIGN(const int code, one_->service().Stop());
  EXPECT_EQ(code, 0);
  ASSERT_OK(one_->StartService("serve"));
  ASSERT_OK(one_->service().WaitForStatus("SERVING 1 registered nodes"));
  ASSERT_OK_AND_ASSIGN(const TestRelease second, client_.Release(WithDisk(AskOfTwo())));
  EXPECT_EQ(second.order, "open");
  EXPECT_EQ(second.key, first.key);

  // A power cut.
  one_->service().Kill();
  ASSERT_NO_FATAL_FAILURE(Boot("luks2"));
  ASSERT_OK(one_->StartService("initrd"));
  ASSERT_OK(one_->service().WaitForStatus("AWAITING_SEED"));
  ASSERT_OK_AND_ASSIGN(const SecretBytes wrong, random_.Secret(64));
  EXPECT_THAT(Recover(wrong), HasFault("WRONG_SEED"));
  ASSERT_OK_AND_ASSIGN(const SecretBytes seed,
                       OpenSeedShare(init_.shares[0], testing::TestSeedShareKey()));
  ASSERT_OK(Recover(seed));
  ASSERT_OK(one_->service().WaitForStatus("SERVING this node only"));
  ASSERT_OK(one_->MountDisk());
  ASSERT_OK(one_->service().WaitForStatus("SERVING "));
  ASSERT_OK_AND_ASSIGN(const TestRelease third, client_.Release(WithDisk(AskOfTwo())));
  EXPECT_EQ(third.key, first.key);
  ASSERT_OK_AND_ASSIGN(const v1::StatusAnswer status, client_.GetStatus(owner_));
  EXPECT_TRUE(status.store_attached());
  ASSERT_OK_AND_ASSIGN(const int last, one_->service().Stop());
  EXPECT_EQ(last, 0);
}

// A TPM is lost: the owner binds node-2 to the machine that was refused in its place, and the disk
// keeps its key. A machine that was revoked stays out, across restarts too.
TEST_F(ProcessIntegrationTest, ASwappedTpmIsServedOnceTheOwnerSaysSo) {
  ASSERT_NO_FATAL_FAILURE(Boot("blank"));
  ASSERT_OK(one_->StartService("initrd"));
  ASSERT_OK_AND_ASSIGN(init_, client_.Init(owner_, manifest_, coordinator_id_));
  client_.pins = {.cluster_id = ToBytes(ByteView(init_.receipt.cluster_id)),
                  .service_key_spki = init_.receipt.service_key_spki,
                  .minimum_generation = 1};
  ASSERT_OK(one_->MountDisk());
  ASSERT_OK(one_->service().WaitForStatus("SERVING 0 registered nodes"));
  const NodeAsk ask = AskOfTwo();
  ASSERT_OK_AND_ASSIGN(const TestRelease first, client_.Release(ask));
  ASSERT_OK(client_.Report(ask, "FORMATTED", kHeader));

  EXPECT_THAT(client_.Release(WithDisk(AskAsNodeTwo(*spare_))), HasFault("MACHINE_CHANGED"));
  ASSERT_OK_AND_ASSIGN(const v1::StatusAnswer status, client_.GetStatus(owner_));
  ASSERT_EQ(status.nodes_size(), 1);
  v1::NodeCommandRequest rebind;
  rebind.set_node("node-2");
  rebind.set_reason("the board was replaced");
  rebind.mutable_rebind()->set_identity_kind(status.nodes(0).refused_identity_kind());
  const auto identity = FromHex(status.nodes(0).refused_identity());
  ASSERT_TRUE(identity.has_value());
  rebind.mutable_rebind()->set_identity(std::string(AsText(*identity)));
  EXPECT_THAT(client_.Command(*SigningKey::Generate(Curve::kP384), rebind), HasFault("NOT_OWNER"));
  ASSERT_OK(client_.Command(owner_, rebind));

  // What was ordered is on the disk.
  one_->service().Kill();
  ASSERT_OK(one_->StartService("serve"));
  ASSERT_OK(one_->service().WaitForStatus("SERVING 1 registered nodes"));
  ASSERT_OK_AND_ASSIGN(const TestRelease second, client_.Release(WithDisk(AskAsNodeTwo(*spare_))));
  EXPECT_EQ(second.order, "open");
  EXPECT_EQ(second.key, first.key);
  EXPECT_THAT(client_.Release(WithDisk(AskOfTwo())), HasFault("MACHINE_CHANGED"));

  v1::NodeCommandRequest revoke;
  revoke.set_node("node-2");
  revoke.set_reason("stolen");
  revoke.mutable_revoke();
  ASSERT_OK(client_.Command(owner_, revoke));
  one_->service().Kill();
  ASSERT_OK(one_->StartService("serve"));
  ASSERT_OK(one_->service().WaitForStatus("SERVING 1 registered nodes"));
  EXPECT_THAT(client_.Release(WithDisk(AskAsNodeTwo(*spare_))), HasFault("NODE_REVOKED"));
}

// Nothing that the program wrote holds the seed: not its records, not its log (S11).
TEST_F(ProcessIntegrationTest, TheSeedIsInNoFile) {
  ASSERT_NO_FATAL_FAILURE(Boot("blank"));
  ASSERT_OK(one_->StartService("initrd"));
  ASSERT_OK_AND_ASSIGN(init_, client_.Init(owner_, manifest_, coordinator_id_));
  ASSERT_OK(one_->MountDisk());
  ASSERT_OK(one_->service().WaitForStatus("SERVING 0 registered nodes"));
  ASSERT_OK(one_->service().Stop());
  ASSERT_OK_AND_ASSIGN(const SecretBytes seed,
                       OpenSeedShare(init_.shares[0], testing::TestSeedShareKey()));
  const Bytes plain = seed.Reveal([](ByteView bytes) { return ToBytes(bytes); });
  const std::string needles[] = {std::string(AsText(plain)), ToHex(plain),
                                 ToBase64(ByteView(plain).first(48))};
  size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(one_->folder())) {
    if (!entry.is_regular_file()) continue;
    ++files;
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(in), {}};
    for (const std::string& needle : needles) {
      EXPECT_EQ(content.find(needle), std::string::npos) << entry.path();
    }
  }
  EXPECT_GE(files, 8u);
}

// What the units run once the service has ended, in each state that their manager can be in.
TEST_F(ProcessIntegrationTest, OnlyAShutdownRevokesTheSeed) {
  ASSERT_NO_FATAL_FAILURE(Boot("blank"));
  ASSERT_OK(one_->StartService("initrd"));
  ASSERT_OK_AND_ASSIGN(init_, client_.Init(owner_, manifest_, coordinator_id_));
  ASSERT_OK(one_->service().Stop());
  const auto run_shutdown_stage = [this](const std::string& manager) {
    return ServiceProcess::RunToEnd(
        {"--stage=shutdown", "--manager=" + manager, "--seed-key=" + one_->seed_key()},
        one_->folder());
  };
  const auto seed_is_there = [this] {
    const auto seed = one_->keyring().Load();
    return seed.ok() && seed->has_value();
  };
  {
    testing::FakeManager manager(one_->folder() + "/manager", {.state = "running"});
    ASSERT_OK_AND_ASSIGN(const int code, run_shutdown_stage(one_->folder() + "/manager"));
    EXPECT_EQ(code, 0);
    EXPECT_TRUE(seed_is_there()) << "a restart or the switch to the real root";
  }
  ASSERT_OK_AND_ASSIGN(const int unanswered, run_shutdown_stage(one_->folder() + "/nobody"));
  EXPECT_EQ(unanswered, 5);
  EXPECT_TRUE(seed_is_there()) << "nobody said that the machine goes down";
  {
    testing::FakeManager manager(one_->folder() + "/manager", {.state = "stopping"});
    ASSERT_OK_AND_ASSIGN(const int code, run_shutdown_stage(one_->folder() + "/manager"));
    EXPECT_EQ(code, 0);
    EXPECT_FALSE(seed_is_there());
  }
}

TEST_F(ProcessIntegrationTest, AForeignDiskStopsItBeforeItListens) {
  ASSERT_NO_FATAL_FAILURE(Boot("foreign"));
  EXPECT_THAT(one_->StartService("initrd"), HasCode(StatusCode::kAborted));
  EXPECT_NE(one_->Output().find("DISK_FOREIGN"), std::string::npos);
}

}  // namespace
}  // namespace kedge::keyservice
