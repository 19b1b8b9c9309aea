#include "keyservice/client/key_service_client.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "crypto/x509.h"
#include "keyservice/client/testing/scripted_service.h"
#include "keyservice/core/testing/test_cluster.h"
#include "proto/wire/receipt.h"

namespace kedge::client {
namespace {

using kedge::testing::FakeNode;
using kedge::testing::ManifestFor;
using kedge::testing::ScriptedService;
using kedge::testing::TestOwnerKey;
using kedge::testing::TestSeedShareKey;
using kedge::testing::TestTpmCa;

class FixedClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixSeconds(1'760'000'000); }
};

class ClientTest : public ::testing::Test {
 protected:
  StatusOr<ServicePolicy> InitrdPolicy() const {
    return PolicyOf(manifest_, BootPhase::kInitrdUncapped, {std::nullopt});
  }
  ServicePolicy InitPolicy() const {
    ServicePolicy policy = InitrdPolicy().value();
    policy.init_data = Sha256(AsBytes("invitation"));
    return policy;
  }
  ServicePolicy ServingPolicy() const {
    return PolicyOf(manifest_, BootPhase::kAny, {service_.receipt->cluster_id}).value();
  }
  // The whole of `kedge init`.
  StatusOr<InitOutcome> MakeCluster() {
    ASSIGN_OR_RETURN(const SeenService learnt, client_.Learn(InitPolicy(), {}));
    return client_.Init(manifest_, TestOwnerKey(), InitPolicy(), learnt);
  }
  StatusOr<RecoverOutcome> RecoverCluster(const InitOutcome& made,
                                          std::optional<uint64_t> accept = std::nullopt) {
    ServicePolicy policy = InitPolicy();
    policy.init_data = std::nullopt;
    ASSIGN_OR_RETURN(const SeenService learnt, client_.Learn(policy, {}));
    ASSIGN_OR_RETURN(const SecretBytes seed,
                     OpenSeedShare(made.seed_shares[0], TestSeedShareKey()));
    return client_.Recover(manifest_, made.receipt, made.seed_shares[0].salt, seed, TestOwnerKey(),
                           policy, learnt, accept);
  }

  void SetUp() override { ASSERT_OK(service_.node.Measure(InitDataEvent(AsBytes("invitation")))); }

  TestTpmCa ca_;
  ScriptedService service_{ca_};
  const Manifest manifest_ = ManifestFor(ca_);
  FixedClock clock_;
  SystemRandom random_;
  KeyServiceClient client_{[this](const ClientExchange& e) { return service_.Run(e); }, clock_,
                           random_};
};

// ---- init ----

TEST_F(ClientTest, InitMakesAClusterThatFitsTogether) {
  ASSERT_OK_AND_ASSIGN(const InitOutcome made, MakeCluster());
  EXPECT_TRUE(made.service.ak_bound);
  EXPECT_TRUE(made.service.appraisal.verdict.trusted());
  EXPECT_EQ(made.receipt.cluster_id, service_.receipt->cluster_id);
  EXPECT_EQ(made.receipt.coordinator_id, made.service.ek.identity.value);
  ASSERT_EQ(made.seed_shares.size(), 1U);
  EXPECT_OK(
      CheckShare(made.seed_shares[0], TestSeedShareKey(), made.receipt, made.ca_certificate_pem));
  EXPECT_EQ(service_.uploaded, ToBytes(ByteView(manifest_.digest())));
  ASSERT_EQ(service_.proofs.size(), 2U);
  EXPECT_EQ(service_.proofs[0], ProofType::kNone) << "nothing is proved before the check";
  EXPECT_EQ(service_.proofs[1], ProofType::kOwner);
}

TEST_F(ClientTest, InitUploadsNothingToAnotherImage) {
  service_.node.Boot("somebody else's image");
  ASSERT_OK(service_.node.Measure(InitDataEvent(AsBytes("invitation"))));
  EXPECT_THAT(MakeCluster(), HasFault("SERVICE_NOT_TRUSTED"));
  EXPECT_EQ(service_.exchanges, 1) << "the owner key signed nothing";
}

TEST_F(ClientTest, InitUploadsNothingToAMachineWithAnotherInvitation) {
  service_.node.Boot();
  ASSERT_OK(service_.node.Measure(InitDataEvent(AsBytes("the host's invitation"))));
  EXPECT_THAT(MakeCluster(), HasFault("SERVICE_NOT_TRUSTED"));
  EXPECT_FALSE(service_.uploaded.has_value());
}

TEST_F(ClientTest, InitUploadsNothingAfterTheInitrd) {
  service_.node.EnterPhase("leave-initrd");
  EXPECT_THAT(MakeCluster(), HasFault("SERVICE_NOT_TRUSTED"));
  EXPECT_FALSE(service_.uploaded.has_value());
}

TEST_F(ClientTest, InitUploadsNothingUnderAnotherTpmRoot) {
  const TestTpmCa other("another root");
  FakeNode stranger(other);
  service_.change_proof = [&](v1::CoordinatorProof& proof) {
    const Endorsements endorsements = stranger.issuer().GetEndorsements().value();
    proof.set_ek_public(std::string(AsText(endorsements.ek_public)));
    proof.set_ek_certificate(std::string(AsText(endorsements.ek_certificate)));
  };
  EXPECT_THAT(MakeCluster(), HasFault("EK_NOT_TRUSTED"));
  EXPECT_FALSE(service_.uploaded.has_value());
}

// A software TPM of the attacker's signs the quote; the EK certificate is a genuine machine's.
TEST_F(ClientTest, InitUploadsNothingWhereAkAndEkAreTwoTpms) {
  FakeNode genuine(ca_);
  service_.change_proof = [&](v1::CoordinatorProof& proof) {
    const Endorsements endorsements = genuine.issuer().GetEndorsements().value();
    proof.set_ek_public(std::string(AsText(endorsements.ek_public)));
    proof.set_ek_certificate(std::string(AsText(endorsements.ek_certificate)));
  };
  EXPECT_THAT(MakeCluster(), HasFault("AK_NOT_BOUND"));
  EXPECT_FALSE(service_.uploaded.has_value());
}

TEST_F(ClientTest, InitNeedsTheActivationOfThisVeryExchange) {
  for (const std::string& hmac : {std::string(), std::string(32, '\x01')}) {
    service_.change_proof = [&](v1::CoordinatorProof& proof) { proof.set_activation_hmac(hmac); };
    EXPECT_THAT(MakeCluster(), HasFault("AK_NOT_BOUND"));
  }
  std::string earlier;
  service_.change_proof = [&](v1::CoordinatorProof& proof) {
    if (earlier.empty()) earlier = proof.activation_hmac();
  };
  ASSERT_OK_AND_ASSIGN(const SeenService learnt, client_.Learn(InitPolicy(), {}));
  ASSERT_OK(client_.Prove(InitPolicy(), {}, learnt));
  ASSERT_FALSE(earlier.empty());
  service_.change_proof = [&](v1::CoordinatorProof& proof) { proof.set_activation_hmac(earlier); };
  EXPECT_THAT(client_.Init(manifest_, TestOwnerKey(), InitPolicy(), learnt),
              HasFault("AK_NOT_BOUND"));
  EXPECT_FALSE(service_.uploaded.has_value());
}

TEST_F(ClientTest, InitNoticesAnotherMachineBehindTheEndpoint) {
  ScriptedService other(ca_);
  ASSERT_OK(other.node.Measure(InitDataEvent(AsBytes("invitation"))));
  ASSERT_OK_AND_ASSIGN(const SeenService learnt, client_.Learn(InitPolicy(), {}));
  KeyServiceClient diverted([&](const ClientExchange& e) { return other.Run(e); }, clock_, random_);
  // Its TPM cannot activate a credential that was made for the first machine.
  EXPECT_THAT(diverted.Init(manifest_, TestOwnerKey(), InitPolicy(), learnt),
              HasFault("AK_NOT_BOUND"));
  EXPECT_FALSE(other.uploaded.has_value());
}

TEST_F(ClientTest, InitRefusesAServiceThatIsElsewhere) {
  service_.phase = "AWAITING_SEED";
  EXPECT_THAT(MakeCluster(), HasFault("AWAITING_SEED"));
  service_.phase = "SERVING";
  EXPECT_THAT(MakeCluster(), HasFault("ALREADY_INITIALISED"));
  service_.phase = "PARTYING";
  EXPECT_THAT(MakeCluster(), HasFault("MALFORMED"));
  EXPECT_FALSE(service_.uploaded.has_value());
}

struct Lie {
  const char* name;
  void (*tell)(v1::InitResult&);
};
void PrintTo(const Lie& lie, std::ostream* out) { *out << lie.name; }
class InitLies : public ClientTest, public ::testing::WithParamInterface<Lie> {};

TEST_P(InitLies, AreNoticed) {
  service_.change_init = GetParam().tell;
  EXPECT_FALSE(MakeCluster().ok());
}

INSTANTIATE_TEST_SUITE_P(
    Fields, InitLies,
    ::testing::Values(
        Lie{"OtherClusterId", [](v1::InitResult& r) { r.mutable_cluster_id()->at(0) ^= 1; }},
        Lie{"OtherClusterIdInReceipt",
            [](v1::InitResult& r) { r.mutable_receipt()->mutable_cluster_id()->at(0) ^= 1; }},
        Lie{"OtherServiceKey",
            [](v1::InitResult& r) {
              r.set_service_key_spki(std::string(
                  AsText(SigningKey::Generate(Curve::kP256).value().public_key().spki())));
            }},
        Lie{"OtherManifest",
            [](v1::InitResult& r) {
              r.mutable_receipt()->mutable_latest()->mutable_manifest_digest()->at(0) ^= 1;
            }},
        Lie{"OtherGeneration",
            [](v1::InitResult& r) { r.mutable_receipt()->mutable_latest()->set_generation(9); }},
        Lie{"OtherMachine",
            [](v1::InitResult& r) { r.mutable_receipt()->mutable_coordinator_id()->at(0) ^= 1; }},
        Lie{"NoShares", [](v1::InitResult& r) { r.clear_seed_shares(); }},
        Lie{"ShareForAStranger",
            [](v1::InitResult& r) {
              r.mutable_seed_shares(0)->mutable_owner_key_digest()->at(0) ^= 1;
            }},
        Lie{"OneShareTooMany", [](v1::InitResult& r) { *r.add_seed_shares() = r.seed_shares(0); }},
        Lie{"NoCa", [](v1::InitResult& r) { r.clear_ca_certificate_pem(); }},
        Lie{"NoReceipt", [](v1::InitResult& r) { r.clear_receipt(); }}),
    [](const auto& tested) { return tested.param.name; });

// A service that signs its lies.
TEST_F(ClientTest, SignedReceiptsAreStillComparedWithWhatTheOwnerKnows) {
  const std::vector<void (*)(Receipt&)> lies = {
      [](Receipt& r) { r.cluster_id[0] = static_cast<uint8_t>(r.cluster_id[0] ^ 1); },
      [](Receipt& r) { r.latest.manifest_digest = Sha256(AsBytes("another manifest")); },
      [](Receipt& r) { r.latest.generation = 9; },
      [](Receipt& r) { r.coordinator_id = Bytes(32, 1); }};
  for (size_t i = 0; i < lies.size(); ++i) {
    ScriptedService liar(ca_);
    ASSERT_OK(liar.node.Measure(InitDataEvent(AsBytes("invitation"))));
    liar.change_receipt = lies[i];
    KeyServiceClient client([&](const ClientExchange& e) { return liar.Run(e); }, clock_, random_);
    ASSERT_OK_AND_ASSIGN(const SeenService learnt, client.Learn(InitPolicy(), {}));
    EXPECT_THAT(client.Init(manifest_, TestOwnerKey(), InitPolicy(), learnt),
                HasFault("ANSWER_NOT_CONSISTENT"))
        << i;
  }
}

// ---- the owner's backup ----

TEST_F(ClientTest, AShareOfAnotherSeedIsNoticed) {
  ASSERT_OK_AND_ASSIGN(InitOutcome made, MakeCluster());
  const KeyTree other = KeyTree::Generate(random_).value();
  const SeedShare wrong = MakeSeedShares(other, manifest_).value()[0];
  EXPECT_THAT(CheckShare(wrong, TestSeedShareKey(), made.receipt, made.ca_certificate_pem),
              HasFault("ANSWER_NOT_CONSISTENT"));
  SeedShare salted = made.seed_shares[0];
  salted.salt[0] = static_cast<uint8_t>(salted.salt[0] ^ 1);
  EXPECT_THAT(CheckShare(salted, TestSeedShareKey(), made.receipt, made.ca_certificate_pem),
              HasFault("ANSWER_NOT_CONSISTENT"));
  const std::string other_ca =
      CaCertificate(other.RootCaKey().value(), "x",
                    {absl::FromUnixSeconds(0), absl::FromUnixSeconds(4'000'000'000)})
          .value();
  EXPECT_THAT(CheckShare(made.seed_shares[0], TestSeedShareKey(), made.receipt, other_ca),
              HasFault("ANSWER_NOT_CONSISTENT"));
}

// ---- recover ----

TEST_F(ClientTest, RecoverHandsTheSeedToTheCoordinator) {
  ASSERT_OK_AND_ASSIGN(const InitOutcome made, MakeCluster());
  service_.PowerCut();
  ASSERT_OK_AND_ASSIGN(const RecoverOutcome outcome, RecoverCluster(made));
  const SeenService& recovered = outcome.service;
  EXPECT_EQ(recovered.ek.identity, made.service.ek.identity);
  EXPECT_EQ(service_.phase, "SERVING");
  EXPECT_EQ(service_.uploaded->size(), 64U);
}

TEST_F(ClientTest, RecoverKeepsTheSeedFromAnotherImage) {
  ASSERT_OK_AND_ASSIGN(const InitOutcome made, MakeCluster());
  service_.PowerCut();
  service_.node.Boot("somebody else's image");
  EXPECT_THAT(RecoverCluster(made), HasFault("SERVICE_NOT_TRUSTED"));
  EXPECT_FALSE(service_.uploaded.has_value());
}

TEST_F(ClientTest, RecoverKeepsTheSeedFromAnotherMachine) {
  ASSERT_OK_AND_ASSIGN(InitOutcome made, MakeCluster());
  service_.PowerCut();
  made.receipt.coordinator_id[0] = static_cast<uint8_t>(made.receipt.coordinator_id[0] ^ 1);
  EXPECT_THAT(RecoverCluster(made), HasFault("COORDINATOR_MISMATCH"));
  EXPECT_FALSE(service_.uploaded.has_value());
}

TEST_F(ClientTest, RecoverKeepsTheSeedWhereAkAndEkAreTwoTpms) {
  ASSERT_OK_AND_ASSIGN(const InitOutcome made, MakeCluster());
  service_.PowerCut();
  service_.change_proof = [](v1::CoordinatorProof& proof) { proof.clear_activation_hmac(); };
  EXPECT_THAT(RecoverCluster(made), HasFault("AK_NOT_BOUND"));
  EXPECT_FALSE(service_.uploaded.has_value());
}

TEST_F(ClientTest, RecoverReportsAWrongSeed) {
  ASSERT_OK_AND_ASSIGN(InitOutcome made, MakeCluster());
  service_.PowerCut();
  made.seed_shares = MakeSeedShares(KeyTree::Generate(random_).value(), manifest_).value();
  EXPECT_THAT(RecoverCluster(made), HasFault("WRONG_SEED"));
  EXPECT_EQ(service_.phase, "AWAITING_SEED");
}

TEST_F(ClientTest, RecoverNoticesAnotherCluster) {
  ASSERT_OK_AND_ASSIGN(const InitOutcome made, MakeCluster());
  service_.PowerCut();
  service_.change_recover = [](v1::RecoverResult& r) { r.mutable_cluster_id()->at(0) ^= 1; };
  EXPECT_THAT(RecoverCluster(made), HasFault("ANSWER_NOT_CONSISTENT"));
}

// A service that shows "recovered" under a key of its own.
TEST_F(ClientTest, RecoverDemandsTheClustersOwnIdentityKey) {
  ASSERT_OK_AND_ASSIGN(InitOutcome made, MakeCluster());
  service_.PowerCut();
  made.receipt.service_key_spki = SigningKey::Generate(Curve::kP256).value().public_key().spki();
  EXPECT_THAT(RecoverCluster(made), HasFault("UPLOAD_SIGNER_MISMATCH"));
}

// ---- verify ----

TEST_F(ClientTest, AnOutsiderSeesTheClustersIdAndKey) {
  ASSERT_OK_AND_ASSIGN(const InitOutcome made, MakeCluster());
  ServicePolicy policy = ServingPolicy();
  policy.cluster_ids.clear();
  ASSERT_OK_AND_ASSIGN(const SeenService learnt, client_.Learn(policy, {}));
  EXPECT_FALSE(learnt.ak_bound);
  ASSERT_OK_AND_ASSIGN(const SeenService seen, client_.Prove(policy, {}, learnt));
  EXPECT_TRUE(seen.ak_bound);
  EXPECT_TRUE(seen.appraisal.verdict.trusted()) << seen.appraisal.verdict.FirstFailure();
  EXPECT_EQ(seen.cluster_id, ToBytes(ByteView(made.receipt.cluster_id)));
  EXPECT_EQ(seen.service_key_spki, made.receipt.service_key_spki);
}

TEST_F(ClientTest, AnOutsiderSeesWhatIsWrong) {
  ASSERT_OK(MakeCluster());
  ServicePolicy policy = ServingPolicy();
  policy.images[0].pcrs[4] = Bytes(32, 0xEE);
  ASSERT_OK_AND_ASSIGN(const SeenService seen, client_.Learn(policy, {}));
  EXPECT_FALSE(seen.appraisal.verdict.trusted());
  EXPECT_NE(seen.appraisal.verdict.FirstFailure().find("pcr.4"), std::string::npos);
  EXPECT_THAT(RequireTrusted(seen), HasFault("SERVICE_NOT_TRUSTED"));
}

TEST_F(ClientTest, AnOutsiderRefusesAnotherCluster) {
  ASSERT_OK(MakeCluster());
  EXPECT_THAT(
      client_.Learn(ServingPolicy(),
                    {.cluster_id = Bytes(32, 1), .service_key_spki = {}, .minimum_generation = 0}),
      HasFault("CLUSTER_MISMATCH"));
}

// ---- status ----

constexpr char kStatus[] = R"({"phase": "SERVING", "cluster": "test", "node": "node-1",
  "store_attached": true, "manifest_generation": "1",
  "nodes": [{"name": "node-2", "role": "worker", "state": "JOINED", "evidence_level": "host-vtpm",
             "host_controlled": true, "verdict": "trusted"}],
  "refusals": [{"code": "IDENTITY_MISMATCH", "node": "evil\u001b[2J", "reason": "r", "count": 3}]})";

TEST_F(ClientTest, StatusComesFromThePinnedService) {
  ASSERT_OK_AND_ASSIGN(const InitOutcome made, MakeCluster());
  service_.status_json = kStatus;
  ASSERT_OK_AND_ASSIGN(const ServiceStatus status,
                       client_.GetStatus(PinsOf(made.receipt), TestOwnerKey(), ServingPolicy()));
  EXPECT_EQ(status.phase, "SERVING");
  ASSERT_EQ(status.nodes.size(), 1U);
  EXPECT_EQ(status.nodes[0].name, "node-2");
  EXPECT_TRUE(status.nodes[0].host_controlled);
  ASSERT_EQ(status.refusals.size(), 1U);
  EXPECT_EQ(status.refusals[0].count, 3U);
  EXPECT_EQ(status.refusals[0].node, "evil?[2J") << "no control characters reach a terminal";
  EXPECT_EQ(service_.proofs.back(), ProofType::kOwner);
}

TEST_F(ClientTest, StatusBringsAReceiptOfTheClusterAndNoOther) {
  ASSERT_OK_AND_ASSIGN(const InitOutcome made, MakeCluster());
  Receipt newer = made.receipt;
  newer.coordinator_disk_counter = 9;
  const auto status_with = [this](const Receipt& receipt) {
    service_.status_json =
        R"({"phase": "SERVING", "receipt": )" + wire::PrintReceipt(receipt).value() + "}";
  };
  status_with(SignReceipt(newer, *service_.identity).value());
  ASSERT_OK_AND_ASSIGN(const ServiceStatus status,
                       client_.GetStatus(PinsOf(made.receipt), TestOwnerKey(), ServingPolicy()));
  EXPECT_EQ(status.receipt->coordinator_disk_counter, 9U);
  status_with(newer);
  EXPECT_THAT(client_.GetStatus(PinsOf(made.receipt), TestOwnerKey(), ServingPolicy()),
              HasFault("RECEIPT_NOT_AUTHENTIC"));
  status_with(SignReceipt(newer, SigningKey::Generate(Curve::kP256).value()).value());
  EXPECT_THAT(client_.GetStatus(PinsOf(made.receipt), TestOwnerKey(), ServingPolicy()),
              HasFault("RECEIPT_NOT_AUTHENTIC"));
}

TEST_F(ClientTest, RecoverSendsWhatTheOwnerAccepts) {
  ASSERT_OK_AND_ASSIGN(const InitOutcome made, MakeCluster());
  service_.PowerCut();
  ASSERT_OK(RecoverCluster(made));
  EXPECT_FALSE(service_.requests.back().recover().has_accept_disk_counter());
  service_.PowerCut();
  ASSERT_OK(RecoverCluster(made, 0));
  EXPECT_TRUE(service_.requests.back().recover().has_accept_disk_counter());
}

TEST_F(ClientTest, StatusIsRefusedFromAServiceWithoutThePinnedKey) {
  ASSERT_OK_AND_ASSIGN(InitOutcome made, MakeCluster());
  service_.status_json = kStatus;
  Receipt other = made.receipt;
  other.service_key_spki = SigningKey::Generate(Curve::kP256).value().public_key().spki();
  EXPECT_THAT(client_.GetStatus(PinsOf(other), TestOwnerKey(), ServingPolicy()),
              HasFault("SERVICE_KEY_MISMATCH"));
  service_.PowerCut();
  EXPECT_THAT(client_.GetStatus(PinsOf(made.receipt), TestOwnerKey(), ServingPolicy()),
              HasFault("NOT_SERVING"));
}

TEST_F(ClientTest, StatusIsRefusedWhereTheServiceForgotNewerManifests) {
  ASSERT_OK_AND_ASSIGN(InitOutcome made, MakeCluster());
  made.receipt.latest.generation = 5;
  EXPECT_THAT(client_.GetStatus(PinsOf(made.receipt), TestOwnerKey(), ServingPolicy()),
              HasFault("ROLLBACK_DETECTED"));
}

TEST_F(ClientTest, StatusThatIsNotStrictJsonIsRefused) {
  ASSERT_OK_AND_ASSIGN(const InitOutcome made, MakeCluster());
  for (const char* json : {"", "[]", R"({"phase": "SERVING", "phase": "x"})", R"({"new": 1})"}) {
    service_.status_json = json[0] == '\0' ? " " : json;
    EXPECT_THAT(client_.GetStatus(PinsOf(made.receipt), TestOwnerKey(), ServingPolicy()),
                HasFault("MALFORMED"))
        << json;
  }
}

TEST_F(ClientTest, RefusalsKeepTheirCode) {
  service_.refuse = Refused("NOT_OWNER", "the reason stays with the owner");
  const auto seen = client_.Learn(InitPolicy(), {});
  EXPECT_THAT(seen, HasFault("NOT_OWNER"));
  EXPECT_EQ(MessageOf(seen.status()).find("stays with the owner"), std::string::npos);
}

TEST(PolicyOf, NeedsControlPlanes) {
  const TestTpmCa ca;
  ManifestTerms terms = kedge::testing::TestManifestTerms(ca.root_pem());
  terms.roles.erase(terms.roles.begin());
  terms.images[0].roles = {"worker"};
  const Manifest manifest = Manifest::Create(terms, {}).value();
  EXPECT_THAT(PolicyOf(manifest, BootPhase::kAny, {}), HasFault("ROLE_NOT_ALLOWED"));
}

TEST_F(ClientTest, AMachineOfAnotherKindOfIdentityIsNotTheService) {
  ServicePolicy policy = InitPolicy();
  policy.identity_kinds = {IdentityKind::kChip};
  EXPECT_THAT(client_.Learn(policy, {}), HasFault("IDENTITY_KIND"));
  policy.identity_kinds.clear();
  EXPECT_THAT(client_.Learn(policy, {}), HasFault("IDENTITY_KIND"));
}

// ---- node commands ----

TEST_F(ClientTest, ACommandIsSignedByTheOwnerAndItsAnswerIsChecked) {
  ASSERT_OK_AND_ASSIGN(const InitOutcome made, MakeCluster());
  const NodeCommand command{.node = "node-2",
                            .reason = "new board",
                            .action = RebindCommand{.identity = {IdentityKind::kEk, Bytes(32, 7)}}};
  const auto order = [&] {
    return client_.CommandNode(command, PinsOf(made.receipt), TestOwnerKey(), ServingPolicy());
  };
  service_.command_json = R"({"node": {"name": "node-2", "state": "JOINED"}, "changed": true})";
  ASSERT_OK_AND_ASSIGN(const NodeCommandResult result, order());
  EXPECT_TRUE(result.changed);
  EXPECT_EQ(result.node.state, "JOINED");
  EXPECT_EQ(service_.proofs.back(), ProofType::kOwner);
  const v1::NodeCommandRequest& sent = service_.requests.back().node_command();
  EXPECT_EQ(sent.node(), "node-2");
  EXPECT_EQ(sent.reason(), "new board");
  EXPECT_EQ(sent.rebind().identity_kind(), "ek");
  EXPECT_EQ(sent.rebind().identity(), std::string(32, 7));

  service_.command_json = R"({"node": {"name": "node-3"}, "changed": true})";
  EXPECT_THAT(order(), HasFault("ANSWER_NOT_CONSISTENT"));
  service_.command_json = "{}";
  EXPECT_THAT(order(), HasFault("ANSWER_NOT_CONSISTENT"));
  service_.command_json = R"({"surprise": 1})";
  EXPECT_THAT(order(), HasFault("MALFORMED"));
}

// An order goes only to the cluster whose key is pinned.
TEST_F(ClientTest, ACommandIsSentToNobodyElse) {
  ASSERT_OK_AND_ASSIGN(const InitOutcome made, MakeCluster());
  const NodeCommand command{.node = "node-2", .reason = "x", .action = RevokeCommand{}};
  const size_t before = service_.requests.size();
  EXPECT_FALSE(client_.CommandNode(command, {}, TestOwnerKey(), ServingPolicy()).ok());
  ClientPins other = PinsOf(made.receipt);
  other.service_key_spki = SigningKey::Generate(Curve::kP256)->public_key().spki();
  EXPECT_FALSE(client_.CommandNode(command, other, TestOwnerKey(), ServingPolicy()).ok());
  EXPECT_EQ(service_.requests.size(), before);
  service_.node.tpm().ExtendData(4, AsBytes("something else ran"));
  EXPECT_THAT(client_.CommandNode(command, PinsOf(made.receipt), TestOwnerKey(), ServingPolicy()),
              HasFault("SERVICE_NOT_TRUSTED"));
}

}  // namespace
}  // namespace kedge::client
