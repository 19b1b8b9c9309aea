// The key service over real gRPC with real software TPMs: its own machine and a second one.
#include <gtest/gtest.h>

#include <filesystem>

#include "attestation/channel_grpc/client.h"
#include "attestation/channel_grpc/server.h"
#include "attestation/issue/testing/fake_node.h"
#include "base/host/system_clock.h"
#include "base/status_matchers.h"
#include "crypto/system_random.h"
#include "keyservice/core/testing/test_cluster.h"
#include "keyservice/server/cluster_records.h"
#include "keyservice/server/key_service.h"
#include "keyservice/server/testing/memory_vault.h"
#include "keyservice/server/testing/swtpm_node.h"
#include "keyservice/server/testing/test_client.h"
#include "keyservice/store/directory_store.h"
#include "keyservice/store/testing/temporary_directory.h"
#include "proto/wire/manifest.h"

namespace kedge::keyservice {
namespace {

using testing::NodeAsk;
using testing::SwtpmNode;
using testing::TestRelease;

const Bytes kHeader = Bytes(32, 0x4D);

class ServiceIntegrationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(one_, SwtpmNode::Start(folder_.path() + "/one.json"));
    ASSERT_OK_AND_ASSIGN(two_, SwtpmNode::Start(folder_.path() + "/two.json"));
    ManifestTerms terms = testing::TestManifestTerms();
    terms.images = {testing::TestImage()};
    terms.tpm_roots = {{.name = "one", .certificate_pem = one_->swtpm().root_pem()},
                       {.name = "two", .certificate_pem = two_->swtpm().root_pem()}};
    roots_ = terms.tpm_roots;
    ASSERT_OK_AND_ASSIGN(const std::string manifest, wire::PrintManifest(terms));
    manifest_ = ToBytes(manifest);
    wire::Invitation invitation;
    invitation.node = "node-1";
    invitation.role = "control-plane";
    invitation.issue_time = absl::Now();
    ASSERT_OK_AND_ASSIGN(const std::string file, wire::MakeInvitation(invitation, owner_));
    first_invitation_ = ToBytes(file);
  }
  void TearDown() override {
    if (server_) server_->Shutdown();
  }

  // Power on of node-1.
  void Boot(StateDiskContent disk) {
    if (server_) server_->Shutdown();
    server_.reset();
    service_.reset();
    store_.reset();
    ASSERT_OK(vault_.Revoke());
    std::filesystem::remove_all(folder_.path() + "/run");
    ASSERT_OK(one_->Boot());
    ASSERT_OK(one_->Measure(InitDataEvent(first_invitation_)));
    ASSERT_OK_AND_ASSIGN(auto detached, DirectoryStore::Open(folder_.path() + "/run"));
    store_ = std::make_unique<AttachableStore>(std::move(detached), kCommitKey);
    ASSERT_OK_AND_ASSIGN(auto invitation, wire::OpenInvitation(first_invitation_));
    ASSERT_OK_AND_ASSIGN(service_, KeyService::Start({.issuer = one_->issuer(),
                                                      .rtc = clock_,
                                                      .build_time = absl::UnixEpoch(),
                                                      .random = random_,
                                                      .vault = vault_,
                                                      .store = *store_,
                                                      .invitation = std::move(invitation),
                                                      .disk = disk}));
    ASSERT_OK_AND_ASSIGN(
        server_, ExchangeServer::Start(
                     {.listen = {"127.0.0.1:0"}}, [this] { return service_->NewExchange(); },
                     [this](const ExchangeEvent& event) { service_->Record(event); }, random_));
  }
  void OpenDisk() {
    ASSERT_OK_AND_ASSIGN(auto disk, DirectoryStore::Open(folder_.path() + "/disk"));
    ASSERT_OK(service_->AttachStore(std::move(disk)));
  }
  StatusOr<ExchangeResult> Run(const ClientExchange& exchange) {
    return RunExchange("127.0.0.1:" + std::to_string(server_->port()), exchange, random_,
                       absl::Seconds(60));
  }
  Bytes CoordinatorId() {
    return VerifyEk(one_->issuer().GetEndorsements().value(), roots_, absl::Now())->identity.value;
  }
  void Init() {
    ASSERT_OK_AND_ASSIGN(init_, client_.Init(owner_, manifest_, CoordinatorId()));
    client_.pins = {.cluster_id = ToBytes(ByteView(init_.receipt.cluster_id)),
                    .service_key_spki = init_.receipt.service_key_spki,
                    .minimum_generation = 1};
  }
  NodeAsk AskOfOne() {
    EXPECT_OK(one_->Measure(ClusterIdEvent(init_.receipt.cluster_id)));
    return {.issuer = &one_->issuer(),
            .node = "node-1",
            .role = "control-plane",
            .invitation = first_invitation_};
  }
  Bytes Invitation(const std::string& node, const std::string& role) {
    wire::Invitation invitation;
    invitation.cluster_id = ToBytes(ByteView(init_.receipt.cluster_id));
    invitation.service_key_spki = init_.receipt.service_key_spki;
    invitation.endpoints = {"127.0.0.1:7443"};
    invitation.node = node;
    invitation.role = role;
    invitation.issue_time = absl::Now();
    invitation.control_plane_images = {testing::TestImage()};
    invitation.tpm_roots = roots_;
    invitation.minimum_generation = 1;
    return ToBytes(wire::MakeInvitation(invitation, owner_).value());
  }
  // Reboots node-2's machine into what the arguments say.
  NodeAsk AskOfTwo(const std::string& node = "node-2", const std::string& role = "worker",
                   const std::string& image = "kedge-test",
                   std::optional<ClusterId> cluster = std::nullopt) {
    EXPECT_OK(two_->Boot(image));
    const Bytes invitation = Invitation(node, role);
    EXPECT_OK(two_->Measure(InitDataEvent(invitation)));
    EXPECT_OK(two_->Measure(ClusterIdEvent(cluster.value_or(init_.receipt.cluster_id))));
    return {.issuer = &two_->issuer(), .node = node, .role = role, .invitation = invitation};
  }
  static NodeAsk WithDisk(NodeAsk ask) {
    ask.disk = "luks2";
    ask.header_digest = kHeader;
    return ask;
  }

  const testing::TemporaryDirectory folder_;
  const SigningKey& owner_ = testing::TestOwnerKey();
  SystemRandom random_;
  SystemClock clock_;
  testing::MemoryVault vault_;
  std::unique_ptr<SwtpmNode> one_;
  std::unique_ptr<SwtpmNode> two_;
  std::vector<TpmRoot> roots_;
  Bytes manifest_;
  Bytes first_invitation_;
  std::unique_ptr<AttachableStore> store_;
  std::unique_ptr<KeyService> service_;
  std::unique_ptr<ExchangeServer> server_;
  testing::TestInit init_;
  testing::TestClient client_{[this](const ClientExchange& exchange) { return Run(exchange); }};
};

TEST_F(ServiceIntegrationTest, TheLifeOfTwoNodes) {
  Boot(StateDiskContent::kBlank);
  ASSERT_NO_FATAL_FAILURE(Init());
  const NodeAsk one = AskOfOne();
  ASSERT_OK_AND_ASSIGN(const TestRelease first, client_.Release(one));
  EXPECT_EQ(first.order, "format");
  ASSERT_NO_FATAL_FAILURE(OpenDisk());
  ASSERT_OK(client_.Report(one, "FORMATTED", kHeader));
  ASSERT_OK(client_.Report(one, "JOINED", {}));

  const NodeAsk two = AskOfTwo();
  ASSERT_OK_AND_ASSIGN(const TestRelease second, client_.Release(two));
  EXPECT_EQ(second.order, "format");
  EXPECT_NE(second.key, first.key);
  ASSERT_OK(client_.Report(two, "FORMATTED", kHeader));
  ASSERT_OK_AND_ASSIGN(const TestRelease again, client_.Release(WithDisk(AskOfTwo())));
  EXPECT_EQ(again.order, "open");
  EXPECT_EQ(again.key, second.key);

  // Refusals, each of a machine that was good a moment ago.
  EXPECT_THAT(client_.Release(AskOfTwo("node-1", "control-plane")), HasFault("IDENTITY_MISMATCH"));
  EXPECT_THAT(client_.Release(WithDisk(AskOfTwo("node-2", "worker", "kedge-test", ClusterId{9}))),
              HasFault("CLUSTER_ID_NOT_MEASURED"));
  const auto changed = client_.Release(WithDisk(AskOfTwo("node-2", "worker", "kedge-changed")));
  ASSERT_THAT(changed, HasFault("IMAGE_NOT_ALLOWED"));
  EXPECT_EQ(MessageOf(changed.status()).find("pcr"), std::string::npos);
  EXPECT_THAT(client_.Release(AskOfTwo()), HasFault("DISK_BLANK"));
  const NodeAsk capped = WithDisk(AskOfTwo());
  ASSERT_OK(two_->Measure(NodeEvent("worker", {}, {})));
  ASSERT_OK(two_->Measure(CapEvent()));
  EXPECT_THAT(client_.Release(capped), HasFault("NODE_CAPPED"));

  // Only the owner learns why.
  ASSERT_OK_AND_ASSIGN(const v1::StatusAnswer status, client_.GetStatus(owner_));
  ASSERT_EQ(status.nodes_size(), 2);
  EXPECT_EQ(status.nodes(0).state(), "JOINED");
  EXPECT_EQ(status.nodes(1).verdict(), "refused");
  std::string codes;
  for (const v1::RefusalRecord& refusal : status.refusals()) codes += refusal.code() + " ";
  for (const char* code : {"IDENTITY_MISMATCH", "CLUSTER_ID_NOT_MEASURED", "IMAGE_NOT_ALLOWED",
                           "DISK_BLANK", "NODE_CAPPED"}) {
    EXPECT_NE(codes.find(code), std::string::npos) << code << " not in " << codes;
  }
  EXPECT_THAT(client_.GetStatus(*SigningKey::Generate(Curve::kP384)), HasFault("NOT_OWNER"));

  // A total outage.
  Boot(StateDiskContent::kLuks2);
  testing::TestClient unpinned = client_;
  unpinned.pins = {};
  const auto recover = [&](const SecretBytes& seed) {
    return unpinned.Recover(owner_, init_.receipt, manifest_, init_.shares[0].salt, seed,
                            CoordinatorId());
  };
  ASSERT_OK_AND_ASSIGN(const SecretBytes wrong, random_.Secret(64));
  EXPECT_THAT(recover(wrong), HasFault("WRONG_SEED"));
  ASSERT_OK_AND_ASSIGN(const SecretBytes seed,
                       OpenSeedShare(init_.shares[0], testing::TestSeedShareKey()));
  ASSERT_OK(recover(seed));
  EXPECT_THAT(client_.Release(WithDisk(AskOfTwo())), HasFault("STORE_NOT_ATTACHED"));
  ASSERT_OK_AND_ASSIGN(const TestRelease back, client_.Release(WithDisk(AskOfOne())));
  EXPECT_EQ(back.order, "open");
  EXPECT_EQ(back.key, first.key);
  ASSERT_NO_FATAL_FAILURE(OpenDisk());
  ASSERT_OK_AND_ASSIGN(const TestRelease two_back, client_.Release(WithDisk(AskOfTwo())));
  EXPECT_EQ(two_back.order, "open");
  EXPECT_EQ(two_back.key, second.key);
}

}  // namespace
}  // namespace kedge::keyservice
