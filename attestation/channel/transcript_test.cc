// The whole transcript against fixed vectors that a second implementation wrote
// (tests/testdata/channel/make_vectors.py), and what each formula must depend on.
#include "attestation/channel/transcript.h"

#include <gtest/gtest.h>

#include <deque>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "attestation/channel/client_session.h"
#include "attestation/channel/server_session.h"
#include "base/status_matchers.h"
#include "house/folders.h"

namespace kedge {
namespace {

using nlohmann::json;

// Hands out the bytes it was given, and fails when they run out.
class FixedRandom final : public Random {
 public:
  explicit FixedRandom(std::deque<Bytes> values) : values_(std::move(values)) {}
  Status Fill(std::span<uint8_t> out) override {
    if (values_.empty() || values_.front().size() != out.size()) {
      return Internal("the test's random values do not fit");
    }
    std::copy(values_.front().begin(), values_.front().end(), out.begin());
    values_.pop_front();
    return absl::OkStatus();
  }

 private:
  std::deque<Bytes> values_;
};

Bytes Reveal(const SecretBytes& secret) {
  return secret.Reveal([](ByteView bytes) { return ToBytes(bytes); });
}

class Vector : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    std::ifstream file(KEDGE_SOURCE_DIR "/tests/testdata/channel/exchange-v1.json");
    const json all = json::parse(file, nullptr, false);
    ASSERT_TRUE(all.is_array());
    ASSERT_EQ(all.size(), 2u);
    vector_ = all.at(static_cast<size_t>(GetParam()));
    type_ = vector_.at("proof_type") == "vtpm" ? ProofType::kVtpm : ProofType::kOwner;
    awaiting_ = Get("cluster_id").empty();
  }
  Bytes Get(const std::string& name) const {
    return FromHex(vector_.at(name).get<std::string>()).value();
  }
  std::string Hex(const std::string& name) const { return vector_.at(name).get<std::string>(); }
  SecretBytes GetSecret(const std::string& name) const {
    return SecretBytes::CopyOf(Get(name)).value();
  }
  std::shared_ptr<const SigningKey> IdentityKey() const {
    return std::make_shared<const SigningKey>(
        SigningKey::FromScalar(Curve::kP256, GetSecret("identity_scalar")).value());
  }
  ServerIdentity Identity() const {
    if (awaiting_) return {};
    return {.cluster_id = Get("cluster_id"),
            .key = IdentityKey(),
            .manifest_generation = vector_.at("generation").get<uint64_t>(),
            .manifest_digest = *ToArray<32>(Get("manifest_digest"))};
  }

  json vector_;
  ProofType type_ = ProofType::kNone;
  bool awaiting_ = false;
};
INSTANTIATE_TEST_SUITE_P(Exchange, Vector, ::testing::Values(0, 1));

TEST_P(Vector, FormulasGiveTheWrittenValues) {
  const Bytes ctx0 = EncodeCtx0({.service_id = kKeyServiceId,
                                 .cluster_id = Get("cluster_id"),
                                 .service_key_spki = Get("service_key_spki"),
                                 .state = Get("state"),
                                 .nonce_c = Get("nonce_c"),
                                 .epk_c = Get("epk_c"),
                                 .spki_c = Get("spki_c"),
                                 .nonce_s = Get("nonce_s"),
                                 .epk_s = Get("epk_s"),
                                 .spki_s = Get("spki_s")});
  EXPECT_EQ(ToHex(ctx0), Hex("ctx0"));
  EXPECT_EQ(ToHex(HelloSignatureMessage(ctx0)), Hex("sig_hello_message"));
  const SecretBytes z = GetSecret("z");
  ASSERT_OK_AND_ASSIGN(const SecretBytes hello_key, HelloKey(z, ctx0));
  EXPECT_EQ(ToHex(Reveal(hello_key)), Hex("k_h"));
  const Bytes ctx = EncodeCtx(ctx0, Get("request"));
  EXPECT_EQ(ToHex(ctx), Hex("ctx"));
  const Bytes proof_c = EncodeProof(type_, Get("proof"));
  EXPECT_EQ(ToHex(proof_c), Hex("proof_c"));
  EXPECT_EQ(ToHex(ClientReportData(type_, ctx, Get("payload_c"))), Hex("rd_c"));
  EXPECT_EQ(ToHex(OwnerProofMessage(ctx)), Hex("owner_message"));
  EXPECT_EQ(ToHex(ActivationMac(GetSecret("activation_secret"), ctx)), Hex("activation_mac"));
  ASSERT_OK_AND_ASSIGN(const BoxKeys keys, DeriveBoxKeys(z, ctx, proof_c));
  EXPECT_EQ(ToHex(Reveal(keys.down)), Hex("k_s"));
  EXPECT_EQ(ToHex(Reveal(keys.up)), Hex("k_u"));
  EXPECT_EQ(ToHex(Reveal(keys.done)), Hex("k_d"));
  EXPECT_EQ(ToHex(ServerReportData(ctx, proof_c, Get("payload_s"), Get("box"))), Hex("rd_s"));
  EXPECT_EQ(ToHex(IdentitySignatureMessage(ctx, proof_c, Get("payload_s"), Get("box"),
                                           Get("evidence_s"))),
            Hex("sig_id_message"));
  if (awaiting_) {
    EXPECT_EQ(ToHex(UploadDoneSignatureMessage(ctx, proof_c, Get("evidence_s"), Get("box_up"),
                                               Get("box_done"))),
              Hex("sig_done_message"));
  }
}

// Both sessions with the vector's random values: every message, byte for byte; signatures, which
// are randomised, are verified over the written messages.
TEST_P(Vector, SessionsSendTheWrittenMessages) {
  FixedRandom client_random({Get("nonce_c"), Get("esk_c")});
  FixedRandom server_random({Get("nonce_s"), Get("esk_s")});
  const VerifyKey identity_key = IdentityKey()->public_key();
  const ClientPins pins{.cluster_id = Get("cluster_id"),
                        .service_key_spki = Get("service_key_spki"),
                        .minimum_generation = 0};
  ASSERT_OK_AND_ASSIGN(ClientSession client,
                       ClientSession::Start(pins, type_, Get("spki_c"), client_random));
  ASSERT_OK_AND_ASSIGN(ServerSession server, ServerSession::Start(Identity(), Get("spki_s"),
                                                                  Get("spki_c"), server_random));

  EXPECT_EQ(ToHex(client.hello().nonce), Hex("nonce_c"));
  EXPECT_EQ(ToHex(client.hello().ephemeral_key), Hex("epk_c"));
  ASSERT_OK_AND_ASSIGN(const HelloS1 s1, server.OnHello(client.hello()));
  EXPECT_EQ(ToHex(s1.nonce), Hex("nonce_s"));
  EXPECT_EQ(ToHex(s1.ephemeral_key), Hex("epk_s"));
  EXPECT_EQ(ToHex(s1.state), Hex("state"));
  EXPECT_EQ(ToHex(s1.cluster_id), Hex("cluster_id"));
  EXPECT_EQ(ToHex(s1.service_key_spki), Hex("service_key_spki"));
  if (!awaiting_) {
    EXPECT_OK(identity_key.Verify(Get("sig_hello_message"), s1.sig_hello));
  }
  ASSERT_OK(client.OnHello(s1, Get("spki_s")));

  ASSERT_OK_AND_ASSIGN(const ClientSession::ToProve to_prove,
                       client.SetRequest(Get("request"), Get("payload_c")));
  EXPECT_EQ(ToHex(to_prove.report_data), Hex("rd_c"));
  EXPECT_EQ(ToHex(to_prove.owner_message), Hex("owner_message"));
  ASSERT_OK_AND_ASSIGN(const ProofC2 c2, client.SealProof(Get("proof")));
  EXPECT_EQ(ToHex(c2.sealed), Hex("hello"));
  ASSERT_OK_AND_ASSIGN(const ClientRequest request, server.OnProof(c2));
  EXPECT_EQ(request.proof_type, type_);
  EXPECT_EQ(ToHex(request.request), Hex("request"));
  EXPECT_EQ(ToHex(request.proof), Hex("proof"));
  EXPECT_EQ(ToHex(request.payload), Hex("payload_c"));
  EXPECT_EQ(ToHex(request.expected_report_data), Hex("rd_c"));
  EXPECT_EQ(ToHex(request.owner_proof_message), Hex("owner_message"));
  EXPECT_EQ(ToHex(request.context), Hex("ctx"));

  if (type_ == ProofType::kVtpm) {
    Challenge challenge{.credential = {.id_object = Bytes(4, 1), .encrypted_secret = Bytes(4, 2)},
                        .secret = GetSecret("activation_secret")};
    ASSERT_OK_AND_ASSIGN(const ChallengeS1b s1b, server.SendChallenge(std::move(challenge)));
    ASSERT_OK(client.OnChallenge(s1b));
    ASSERT_OK_AND_ASSIGN(const ActivationC2b c2b, client.Activate(GetSecret("activation_secret")));
    EXPECT_EQ(ToHex(c2b.hmac), Hex("activation_mac"));
    ASSERT_OK(server.OnActivation(c2b));
  }

  ServerAnswer answer;
  answer.payload = Get("payload_s");
  answer.expects_upload = awaiting_;
  if (!awaiting_) {
    answer.box = BoxContent{.kind = vector_.at("box_kind"),
                            .id = vector_.at("box_id"),
                            .generation = vector_.at("box_generation"),
                            .secret = GetSecret("box_secret")};
  }
  ASSERT_OK_AND_ASSIGN(const ReportData rd_s, server.SetAnswer(std::move(answer)));
  EXPECT_EQ(ToHex(rd_s), Hex("rd_s"));
  ASSERT_OK_AND_ASSIGN(const AnswerS2 s2, server.Prove(Get("evidence_s")));
  EXPECT_EQ(ToHex(s2.box), Hex("box"));
  EXPECT_EQ(s2.sig_id.empty(), awaiting_);
  if (!awaiting_) {
    EXPECT_OK(identity_key.Verify(Get("sig_id_message"), s2.sig_id));
  }
  ASSERT_OK_AND_ASSIGN(const ServerProof proof, client.OnAnswer(s2, awaiting_));
  EXPECT_EQ(ToHex(proof.expected_report_data), Hex("rd_s"));

  if (!awaiting_) {
    ASSERT_OK_AND_ASSIGN(const auto box, client.OpenBoxOfVerifiedServer());
    ASSERT_TRUE(box.has_value());
    EXPECT_EQ(ToHex(Reveal(box->secret)), Hex("box_secret"));
    EXPECT_EQ(box->generation, 7u);
    return;
  }
  ASSERT_OK_AND_ASSIGN(const UploadC3 c3,
                       client.SealUploadToVerifiedServer(GetSecret("upload_secret")));
  EXPECT_EQ(ToHex(c3.box_up), Hex("box_up"));
  ASSERT_OK_AND_ASSIGN(const SecretBytes uploaded, server.OnUpload(c3));
  EXPECT_EQ(ToHex(Reveal(uploaded)), Hex("upload_secret"));
  ASSERT_OK_AND_ASSIGN(const DoneS3 s3,
                       server.Finish({.result = Get("upload_result"), .key = IdentityKey()}));
  EXPECT_EQ(ToHex(s3.box_done), Hex("box_done"));
  EXPECT_EQ(ToHex(s3.service_key_spki), Hex("done_spki"));
  EXPECT_OK(identity_key.Verify(Get("sig_done_message"), s3.sig_done));
  ASSERT_OK_AND_ASSIGN(const ClientSession::Done done, client.OnDone(s3));
  EXPECT_EQ(ToHex(done.result), Hex("upload_result"));
}

// Moving a byte across a field boundary, or changing any field, changes CTX0: nothing is left out
// and nothing can be shifted.
TEST(Transcript, Ctx0DependsOnEveryFieldAndItsBoundaries) {
  const Bytes field(32, 7), other(32, 8), longer(33, 7), shorter(31, 7);
  const HelloContext base{.service_id = kKeyServiceId,
                          .cluster_id = field,
                          .service_key_spki = field,
                          .state = field,
                          .nonce_c = field,
                          .epk_c = field,
                          .spki_c = field,
                          .nonce_s = field,
                          .epk_s = field,
                          .spki_s = field};
  std::set<Bytes> seen = {EncodeCtx0(base)};
  size_t variants = 1;
  const auto expect_new = [&](const HelloContext& changed) {
    EXPECT_TRUE(seen.insert(EncodeCtx0(changed)).second);
    ++variants;
  };
  for (ByteView HelloContext::*member :
       {&HelloContext::cluster_id, &HelloContext::service_key_spki, &HelloContext::state,
        &HelloContext::nonce_c, &HelloContext::epk_c, &HelloContext::spki_c, &HelloContext::nonce_s,
        &HelloContext::epk_s, &HelloContext::spki_s}) {
    HelloContext changed = base;
    changed.*member = other;
    expect_new(changed);
  }
  HelloContext changed = base;
  changed.service_id = "kedge.v1.OtherService";
  expect_new(changed);
  changed = base;
  changed.nonce_c = longer;
  changed.epk_c = shorter;
  expect_new(changed);
  EXPECT_EQ(seen.size(), variants);
}

TEST(Transcript, EveryProofDependsOnTheRequest) {
  const Bytes ctx0(10, 1);
  const Bytes status = EncodeCtx(ctx0, AsBytes("status")), init = EncodeCtx(ctx0, AsBytes("init"));
  EXPECT_NE(OwnerProofMessage(status), OwnerProofMessage(init));
  EXPECT_NE(ClientReportData(ProofType::kVtpm, status, {}),
            ClientReportData(ProofType::kVtpm, init, {}));
  EXPECT_NE(ServerReportData(status, {}, {}, {}), ServerReportData(init, {}, {}, {}));
}

TEST(Transcript, ReportDataOfClientAndServerNeverCoincide) {
  const Bytes ctx(10, 1), empty;
  std::set<ReportData> seen;
  for (const ProofType type : {ProofType::kNone, ProofType::kVtpm, ProofType::kOwner}) {
    seen.insert(ClientReportData(type, ctx, empty));
    seen.insert(ServerReportData(ctx, EncodeProof(type, empty), empty, empty));
  }
  EXPECT_EQ(seen.size(), 6u);
}

}  // namespace
}  // namespace kedge
