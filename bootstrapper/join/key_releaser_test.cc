// The node's exchanges against a real server over gRPC; both ends attest with behavioural TPMs.
#include "bootstrapper/join/key_releaser.h"

#include <gtest/gtest.h>

#include <mutex>

#include "attestation/channel_grpc/client.h"
#include "attestation/channel_grpc/server.h"
#include "attestation/issue/testing/fake_node.h"
#include "attestation/parse/evidence.h"
#include "base/status_matchers.h"
#include "crypto/system_random.h"
#include "crypto/x509.h"
#include "proto/kedge.pb.h"
#include "proto/wire/invitation.h"

namespace kedge {
namespace {

using ::kedge::testing::FakeNode;
using ::kedge::testing::TestImage;
using ::kedge::testing::TestTpmCa;
using ::testing::HasSubstr;

constexpr char kServiceImage[] = "kedge-service";

// What the test's service is and does, and what it saw.
struct Service {
  Bytes cluster_id = Bytes(32, 0xC1);
  std::shared_ptr<const SigningKey> key =
      std::make_shared<const SigningKey>(SigningKey::Generate(Curve::kP256).value());
  Issuer* issuer = nullptr;  // attests for the service
  bool awaiting_init = false;
  bool enrol = false;
  Status refusal;
  std::string disk_order = "format";
  std::string box_id = "node-2/state";
  uint64_t disk_counter = 7;
  uint64_t next_disk_counter = 8;
  bool disk_accepted = false;
  SystemRandom random;

  std::mutex mutex;  // held by a running exchange, from its first message until it is gone
  int admitted = 0;
  int activated = 0;
  v1::Request request;
  v1::NodePayload payload;
};

class TestExchange final : public ServerExchange {
 public:
  explicit TestExchange(Service& service) : service_(service), running_(service.mutex) {}

  ServerIdentity Identity() override {
    if (service_.awaiting_init) return {};
    return {.cluster_id = service_.cluster_id, .key = service_.key, .manifest_generation = 1};
  }

  StatusOr<std::optional<Challenge>> Admit(const ClientRequest& request) override {
    ++service_.admitted;
    EXPECT_TRUE(service_.request.ParseFromString(std::string(AsText(request.request))));
    EXPECT_TRUE(service_.payload.ParseFromString(std::string(AsText(request.payload))));
    RETURN_IF_ERROR(service_.refusal);
    ASSIGN_OR_RETURN(const Evidence evidence, ParseEvidence(request.proof));
    ASSIGN_OR_RETURN(const Claims claims, VerifyEvidence(evidence, request.expected_report_data));
    if (!service_.enrol) return std::nullopt;
    Challenge challenge;
    ASSIGN_OR_RETURN(challenge.secret, service_.random.Secret(32));
    ASSIGN_OR_RETURN(challenge.credential,
                     MakeCredential(AsBytes(service_.payload.ek_public()), claims.ak_name,
                                    challenge.secret, service_.random));
    return challenge;
  }

  Status Activated() override {
    ++service_.activated;
    return absl::OkStatus();
  }

  StatusOr<ServerAnswer> Answer() override {
    if (!service_.request.has_release()) return ServerAnswer{};
    v1::ReleaseAnswer answer;
    answer.set_disk_order(service_.disk_order);
    answer.set_node_certificate_pem("certificate");
    answer.set_ca_certificate_pem("ca");
    answer.set_manifest_digest(std::string(32, 'm'));
    answer.set_manifest_generation(7);
    answer.set_disk_counter(service_.disk_counter);
    answer.set_next_disk_counter(service_.next_disk_counter);
    answer.set_disk_accepted(service_.disk_accepted);
    ServerAnswer out;
    out.payload = ToBytes(answer.SerializeAsString());
    ASSIGN_OR_RETURN(SecretBytes dek, SecretBytes::CopyOf(Bytes(32, 0xDE)));
    out.box =
        BoxContent{.kind = "dek", .id = service_.box_id, .generation = 3, .secret = std::move(dek)};
    return out;
  }

  StatusOr<Bytes> IssueEvidence(const ReportData& report_data) override {
    ASSIGN_OR_RETURN(const Evidence evidence, service_.issuer->Issue(report_data));
    return EncodeEvidence(evidence);
  }

  StatusOr<UploadResult> Upload(SecretBytes) override { return Internal("no upload here"); }

 private:
  Service& service_;
  const std::unique_lock<std::mutex> running_;
};

class KeyReleaserTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(InitTlsForChannel());
    service_node_.Boot(kServiceImage);
    node_.Boot("kedge-node");
    const ClusterId id = *ToArray<32>(service_.cluster_id);
    ASSERT_OK(service_node_.Measure(InitDataEvent(AsBytes("the service's own"))));
    ASSERT_OK(service_node_.Measure(ClusterIdEvent(id)));
    ASSERT_OK(node_.Measure(InitDataEvent(AsBytes("ours"))));
    ASSERT_OK(node_.Measure(ClusterIdEvent(id)));
    service_.issuer = &service_node_.issuer();

    ASSERT_OK_AND_ASSIGN(const SigningKey owner, SigningKey::Generate(Curve::kP384));
    wire::Invitation invitation;
    invitation.cluster_id = service_.cluster_id;
    invitation.service_key_spki = service_.key->public_key().spki();
    invitation.endpoints = {"127.0.0.1:1"};
    invitation.node = "node-2";
    invitation.role = "worker";
    invitation.issue_time = absl::FromUnixSeconds(1'760'000'000);
    invitation.minimum_generation = 1;
    ReferenceValues image = TestImage(kServiceImage);
    image.roles = {"control-plane"};
    invitation.control_plane_images = {image};
    invitation.tpm_roots = {{.name = "test", .certificate_pem = ca_.root_pem()}};
    ASSERT_OK_AND_ASSIGN(invitation_, wire::MakeInvitation(invitation, owner));

    ExchangeServer::Options options;
    options.listen = {"127.0.0.1:0"};
    auto server = ExchangeServer::Start(
        options, [this] { return std::make_unique<TestExchange>(service_); },
        [](const ExchangeEvent&) {}, random_);
    ASSERT_OK(server);
    server_ = *std::move(server);
    address_ = {.endpoint = "127.0.0.1:" + std::to_string(server_->port()),
                .cluster_id = service_.cluster_id,
                .service_key_spki = service_.key->public_key().spki(),
                .minimum_generation = 1};
  }
  void TearDown() override {
    if (server_) server_->Shutdown();
  }

  // What the call does. The service sees all that the test set before it, and has ended its side
  // when this returns: the client goes on at the last message, not at the end of a thread.
  template <typename Call>
  auto Settled(Call call) {
    { const std::lock_guard before(service_.mutex); }
    auto result = call();
    const std::lock_guard after(service_.mutex);
    return result;
  }

  StatusOr<Release> GetRelease() {
    ReleaseAsk ask{.node = "node-2",
                   .role = "worker",
                   .invitation = ToBytes(invitation_),
                   .disk_content = DiskContent::kLuks2};
    ask.header_digest.fill(0x4D);
    ask.disk_counter = 5;
    return Settled([&] { return releaser_.GetRelease(address_, ask); });
  }

  SystemRandom random_;
  TestTpmCa ca_;
  FakeNode service_node_{ca_};
  FakeNode node_{ca_};
  Service service_;
  std::string invitation_;
  std::unique_ptr<ExchangeServer> server_;
  KeyServiceAddress address_;
  ExchangeKeyReleaser releaser_{node_.issuer(), random_, absl::Seconds(20)};
};

TEST_F(KeyReleaserTest, ReleaseFromARemoteService) {
  ASSERT_OK_AND_ASSIGN(const Release release, GetRelease());
  EXPECT_TRUE(release.dek.EqualsConstantTime(SecretBytes::CopyOf(Bytes(32, 0xDE)).value()));
  EXPECT_EQ(release.dek_generation, 3u);
  EXPECT_EQ(release.order, DiskOrder::kFormat);
  EXPECT_EQ(release.node_certificate_pem, "certificate");
  EXPECT_EQ(release.ca_certificate_pem, "ca");
  EXPECT_EQ(release.manifest_digest[0], 'm');
  EXPECT_EQ(release.manifest_generation, 7u);
  EXPECT_EQ(release.counters.acknowledged, 7u);
  EXPECT_EQ(release.counters.next, 8u);
  EXPECT_FALSE(release.disk_accepted);

  EXPECT_EQ(service_.request.release().node(), "node-2");
  EXPECT_EQ(service_.request.release().role(), "worker");
  EXPECT_EQ(service_.request.release().volume(), "state");
  EXPECT_EQ(service_.payload.invitation(), invitation_);
  EXPECT_EQ(service_.payload.disk().content(), "luks2");
  EXPECT_EQ(service_.payload.disk().header_digest(), std::string(32, 0x4D));
  EXPECT_EQ(service_.payload.disk().disk_counter(), 5u);
  EXPECT_EQ(service_.activated, 0);
}

TEST_F(KeyReleaserTest, CertificateRequestIsForTheKeyThatComesBack) {
  ASSERT_OK_AND_ASSIGN(const Release release, GetRelease());
  ASSERT_OK_AND_ASSIGN(const SigningKey key, SigningKey::FromPem(release.node_key_pem));
  ASSERT_OK_AND_ASSIGN(const SigningKey ca, SigningKey::Generate(Curve::kP384));
  const Validity validity{.not_before = absl::FromUnixSeconds(1'700'000'000),
                          .not_after = absl::FromUnixSeconds(2'000'000'000)};
  ASSERT_OK_AND_ASSIGN(const std::string ca_pem, CaCertificate(ca, "CA", validity));
  ASSERT_OK_AND_ASSIGN(
      const std::string certificate,
      IssueNodeCertificate(ca, ca_pem, AsBytes(service_.payload.certificate_request()),
                           {.organisation = "system:nodes",
                            .common_name = "system:node:node-2",
                            .validity = validity,
                            .serial = Bytes(16, 1)}));
  ASSERT_OK_AND_ASSIGN(const Bytes spki, SpkiOfCertificate(certificate));
  EXPECT_EQ(spki, key.public_key().spki());
}

TEST_F(KeyReleaserTest, EnrolmentRoundIsAnsweredByTheTpm) {
  service_.enrol = true;
  EXPECT_OK(GetRelease());
  EXPECT_EQ(service_.activated, 1);
}

TEST_F(KeyReleaserTest, OpenOrderIsUnderstood) {
  service_.disk_order = "open";
  ASSERT_OK_AND_ASSIGN(const Release release, GetRelease());
  EXPECT_EQ(release.order, DiskOrder::kOpen);
}

TEST_F(KeyReleaserTest, UnknownOrderIsNoOrder) {
  service_.disk_order = "";
  EXPECT_THAT(GetRelease(), HasFault("MALFORMED"));
}

TEST_F(KeyReleaserTest, OwnersAcceptanceIsUnderstood) {
  service_.disk_accepted = true;
  service_.next_disk_counter = 12;
  ASSERT_OK_AND_ASSIGN(const Release release, GetRelease());
  EXPECT_TRUE(release.disk_accepted);
  EXPECT_EQ(release.counters.next, 12u);
}

// A service that does not count would have every copy of the disk opened.
TEST_F(KeyReleaserTest, AnswerWithoutTheNextCounterIsNotTaken) {
  service_.next_disk_counter = 0;
  EXPECT_THAT(GetRelease(), HasFault("MALFORMED"));
  service_.next_disk_counter = 7;
  EXPECT_THAT(GetRelease(), HasFault("MALFORMED"));
}

TEST_F(KeyReleaserTest, KeyOfAnotherNodeIsNotTaken) {
  service_.box_id = "node-3/state";
  EXPECT_THAT(GetRelease(), HasFault("MALFORMED"));
}

TEST_F(KeyReleaserTest, ServiceWithAnotherImageIsRefused) {
  FakeNode other(ca_);
  other.Boot("some-other-image");
  ASSERT_OK(other.Measure(ClusterIdEvent(*ToArray<32>(service_.cluster_id))));
  service_.issuer = &other.issuer();
  EXPECT_THAT(GetRelease(), HasFault("SERVER_NOT_TRUSTED"));
}

TEST_F(KeyReleaserTest, ServiceThatDidNotMeasureTheClusterIsRefused) {
  FakeNode other(ca_);
  other.Boot(kServiceImage);
  service_.issuer = &other.issuer();
  EXPECT_THAT(GetRelease(), HasFault("SERVER_NOT_TRUSTED"));
}

TEST_F(KeyReleaserTest, ServiceWithoutThePinnedKeyLearnsNothing) {
  address_.service_key_spki = SigningKey::Generate(Curve::kP256)->public_key().spki();
  EXPECT_THAT(GetRelease(), ::testing::Not(IsOk()));
  EXPECT_EQ(service_.admitted, 0) << "refused before the sealed request";
}

TEST_F(KeyReleaserTest, OwnServiceMustBeOfThisTpm) {
  address_.same_machine = true;
  EXPECT_THAT(GetRelease(), HasFault("SERVER_NOT_TRUSTED")) << "a service behind another TPM";
  service_.issuer = &node_.issuer();
  EXPECT_OK(GetRelease());
}

TEST_F(KeyReleaserTest, Discover) {
  ASSERT_OK_AND_ASSIGN(const ServiceIdentity identity,
                       Settled([&] { return releaser_.Discover(address_.endpoint); }));
  EXPECT_EQ(identity.cluster_id, service_.cluster_id);
  EXPECT_EQ(identity.service_key_spki, service_.key->public_key().spki());
}

TEST_F(KeyReleaserTest, DiscoverOfAServiceWithoutAClusterIsEmpty) {
  service_.awaiting_init = true;
  ASSERT_OK_AND_ASSIGN(const ServiceIdentity identity,
                       Settled([&] { return releaser_.Discover(address_.endpoint); }));
  EXPECT_TRUE(identity.cluster_id.empty());
}

TEST_F(KeyReleaserTest, Report) {
  ReportAsk ask{
      .node = "node-2", .role = "worker", .invitation = ToBytes(invitation_), .state = "FORMATTED"};
  ask.header_digest.fill(0x4D);
  ask.disk_counter = 9;
  ask.tpm_counter_behind = true;
  ASSERT_OK(Settled([&] { return releaser_.Report(address_, ask); }));
  EXPECT_EQ(service_.request.report().disk_counter(), 9u);
  EXPECT_TRUE(service_.request.report().tpm_counter_behind());
  EXPECT_EQ(service_.request.report().state(), "FORMATTED");
  EXPECT_EQ(service_.request.report().header_digest(), std::string(32, 0x4D));
  EXPECT_EQ(service_.payload.invitation(), invitation_);
}

TEST_F(KeyReleaserTest, RefusalCarriesCodeAndCorrelationId) {
  service_.refusal = Refused("IDENTITY_MISMATCH", "the reason stays with the owner");
  const Status status = GetRelease().status();
  EXPECT_THAT(status, HasFault("IDENTITY_MISMATCH"));
  EXPECT_EQ(CorrelationIdIn(MessageOf(status)).size(), 16u) << MessageOf(status);
  EXPECT_THAT(MessageOf(status), ::testing::Not(HasSubstr("stays with the owner")));
  EXPECT_FALSE(IsRetryable(status));
}

TEST_F(KeyReleaserTest, NobodyThereIsWorthAnotherTry) {
  server_->Shutdown();
  server_.reset();
  const Status status = GetRelease().status();
  EXPECT_TRUE(IsRetryable(status)) << status;
}

}  // namespace
}  // namespace kedge
