// Hostile forms: wrong lengths, wrong order, keys of low order, wrong pins, wrong service.
#include <gtest/gtest.h>

#include <functional>
#include <thread>
#include <vector>

#include "attestation/channel/sealed_content.h"
#include "attestation/channel/testing/session_walk.h"
#include "base/status_matchers.h"
#include "crypto/aead.h"

namespace kedge::testing {
namespace {

class FormAttack : public ::testing::Test {
 protected:
  ChannelWorld world_;
};

// Each field of each message one byte short, one byte long, and empty (where that is wrong).
std::vector<Bytes> WrongLengths(const Bytes& right, bool empty_is_wrong = true) {
  Bytes shorter = right, longer = right;
  shorter.pop_back();
  longer.push_back(0);
  std::vector<Bytes> out = {shorter, longer};
  if (empty_is_wrong) out.emplace_back();
  return out;
}

TEST_F(FormAttack, C1WithWrongLengths_IsRefused) {
  for (Bytes HelloC1::*field : {&HelloC1::nonce, &HelloC1::ephemeral_key}) {
    SessionWalk walk = SessionWalk::Release(world_);
    for (const Bytes& wrong : WrongLengths(walk.c1.*field)) {
      SessionWalk attacked = SessionWalk::Release(world_);
      attacked.c1.*field = wrong;
      EXPECT_THAT(attacked.server.OnHello(attacked.c1), HasFault("MALFORMED"));
    }
  }
}

TEST_F(FormAttack, S1WithWrongLengths_IsRefused) {
  for (Bytes HelloS1::*field : {&HelloS1::nonce, &HelloS1::ephemeral_key, &HelloS1::state,
                                &HelloS1::cluster_id, &HelloS1::service_key_spki}) {
    SessionWalk walk = SessionWalk::Release(world_);
    walk.MakeS1();
    for (const Bytes& wrong : WrongLengths(walk.s1.*field)) {
      SessionWalk attacked = SessionWalk::Release(world_);
      attacked.MakeS1();
      attacked.s1.*field = wrong;
      EXPECT_THAT(attacked.DeliverS1(), HasFault("MALFORMED"));
    }
  }
  for (const size_t size : {size_t{0}, kMinP256Signature - 1, kMaxP256Signature + 1}) {
    SessionWalk attacked = SessionWalk::Release(world_);
    attacked.MakeS1();
    attacked.s1.sig_hello = Bytes(size, 0x30);
    EXPECT_THAT(attacked.DeliverS1(), HasFault("MALFORMED"));
  }
}

// A byte moved from one field to its neighbour, the total unchanged.
TEST_F(FormAttack, FieldsShiftedAgainstEachOther_AreRefused) {
  SessionWalk c1 = SessionWalk::Release(world_);
  c1.c1.ephemeral_key.insert(c1.c1.ephemeral_key.begin(), c1.c1.nonce.back());
  c1.c1.nonce.pop_back();
  EXPECT_THAT(c1.server.OnHello(c1.c1), HasFault("MALFORMED"));

  SessionWalk s1 = SessionWalk::Release(world_);
  s1.MakeS1();
  s1.s1.ephemeral_key.insert(s1.s1.ephemeral_key.begin(), s1.s1.nonce.back());
  s1.s1.nonce.pop_back();
  EXPECT_THAT(s1.DeliverS1(), HasFault("MALFORMED"));

  // Payload to box: both may have any length, so the signature and the evidence must tell.
  SessionWalk s2 = SessionWalk::Release(world_);
  s2.MakeS2();
  s2.s2.box.insert(s2.s2.box.begin(), s2.s2.payload.back());
  s2.s2.payload.pop_back();
  EXPECT_NE(ServerReportData({}, {}, s2.s2.payload, s2.s2.box), s2.report_data_s);
  EXPECT_THAT(s2.client.OnAnswer(s2.s2, false), HasFault("BAD_SIGNATURE"));
}

TEST_F(FormAttack, AnOverlongC2_IsRefusedBeforeItIsOpened) {
  SessionWalk walk = SessionWalk::Release(world_);
  walk.MakeC2();
  EXPECT_THAT(walk.server.OnProof({.sealed = Bytes(kMaxHello + 1)}), HasFault("MALFORMED"));
  SessionWalk empty = SessionWalk::Release(world_);
  empty.MakeC2();
  EXPECT_THAT(empty.server.OnProof({.sealed = Bytes(kGcmTagSize)}), HasFault("MALFORMED"));
}

TEST_F(FormAttack, S2WithWrongLengths_IsRefused) {
  const std::vector<std::function<void(AnswerS2&)>> changes = {
      [](AnswerS2& s2) { s2.evidence.clear(); },
      [](AnswerS2& s2) { s2.evidence = Bytes(kMaxEvidenceSize + 1); },
      [](AnswerS2& s2) { s2.payload = Bytes(kMaxPayload + 1); },
      [](AnswerS2& s2) { s2.box = Bytes(kMaxBox + 1); },
      [](AnswerS2& s2) { s2.sig_id.clear(); },
      [](AnswerS2& s2) { s2.sig_id = Bytes(kMaxP256Signature + 1); },
  };
  for (const auto& change : changes) {
    SessionWalk walk = SessionWalk::Release(world_);
    walk.MakeS2();
    change(walk.s2);
    EXPECT_THAT(walk.client.OnAnswer(walk.s2, false), HasFault("MALFORMED"));
  }
}

TEST_F(FormAttack, ASignedS2FromAServerWithoutAKey_IsRefused) {
  SessionWalk walk = SessionWalk::Init(world_);
  walk.MakeS2();
  walk.s2.sig_id = Bytes(70, 1);
  EXPECT_THAT(walk.client.OnAnswer(walk.s2, true), HasFault("MALFORMED"));
}

TEST_F(FormAttack, TurningTheSecretsDirection_IsRefused) {
  SessionWalk down = SessionWalk::Release(world_);
  down.MakeS2();
  down.s2.expects_upload = true;
  EXPECT_THAT(down.client.OnAnswer(down.s2, false), HasFault("MALFORMED"));
  SessionWalk up = SessionWalk::Init(world_);
  up.MakeS2();
  up.s2.expects_upload = false;
  EXPECT_THAT(up.client.OnAnswer(up.s2, true), HasFault("MALFORMED"));
  SessionWalk both = SessionWalk::Init(world_);
  both.MakeS2();
  both.s2.box = Bytes(40, 1);
  EXPECT_THAT(both.client.OnAnswer(both.s2, true), HasFault("MALFORMED"));
}

TEST_F(FormAttack, C2bC3AndS3WithWrongLengths_AreRefused) {
  for (const size_t size : {size_t{0}, size_t{31}, size_t{33}}) {
    SessionWalk walk = SessionWalk::Release(world_);
    walk.MakeC2();
    ASSERT_OK(walk.server.OnProof(walk.c2));
    ASSERT_OK(walk.server.SendChallenge(
        {.credential = {.id_object = {1}, .encrypted_secret = {2}}, .secret = Secret("s")}));
    EXPECT_THAT(walk.server.OnActivation({.hmac = Bytes(size)}), HasFault("MALFORMED"));
  }
  for (const size_t size : {size_t{0}, kGcmTagSize, kMaxBoxedSecret + kGcmTagSize + 1}) {
    SessionWalk walk = SessionWalk::Init(world_);
    walk.MakeS2();
    EXPECT_THAT(walk.server.OnUpload({.box_up = Bytes(size)}), HasFault("MALFORMED"));
  }
  const std::vector<std::function<void(DoneS3&)>> changes = {
      [](DoneS3& s3) { s3.box_done = Bytes(kGcmTagSize); },
      [](DoneS3& s3) { s3.box_done = Bytes(kMaxBox + 1); },
      [](DoneS3& s3) { s3.sig_done.clear(); },
      [](DoneS3& s3) { s3.sig_done = Bytes(kMaxP256Signature + 1); },
      [](DoneS3& s3) { s3.service_key_spki.clear(); },
      [](DoneS3& s3) { s3.service_key_spki.pop_back(); },
      [](DoneS3& s3) { s3.service_key_spki = Bytes(kP256SpkiSize, 1); },
  };
  for (const auto& change : changes) {
    SessionWalk walk = SessionWalk::Init(world_);
    walk.MakeS3();
    change(walk.s3);
    EXPECT_THAT(walk.client.OnDone(walk.s3), HasFault("MALFORMED"));
  }
}

TEST_F(FormAttack, AChallengeWithWrongLengths_IsRefused) {
  for (const size_t size : {size_t{0}, kMaxCredentialPart + 1}) {
    SessionWalk walk = SessionWalk::Release(world_);
    walk.MakeC2();
    EXPECT_THAT(walk.client.OnChallenge({.id_object = Bytes(size), .encrypted_secret = {2}}),
                HasFault("MALFORMED"));
    SessionWalk other = SessionWalk::Release(world_);
    other.MakeC2();
    EXPECT_THAT(other.client.OnChallenge({.id_object = {1}, .encrypted_secret = Bytes(size)}),
                HasFault("MALFORMED"));
  }
}

TEST_F(FormAttack, MessagesOutOfOrder_EndTheSession) {
  SessionWalk c2_first = SessionWalk::Release(world_);
  EXPECT_THAT(c2_first.server.OnProof({.sealed = Bytes(100)}), HasFault("MALFORMED"));
  // The session is over, also for the message that would have been right.
  EXPECT_THAT(c2_first.server.OnHello(c2_first.c1), HasFault("MALFORMED"));

  SessionWalk twice = SessionWalk::Release(world_);
  twice.MakeS1();
  EXPECT_THAT(twice.server.OnHello(twice.c1), HasFault("MALFORMED"));

  SessionWalk c2_twice = SessionWalk::Release(world_);
  c2_twice.MakeC2();
  ASSERT_OK(c2_twice.server.OnProof(c2_twice.c2));
  EXPECT_THAT(c2_twice.server.OnProof(c2_twice.c2), HasFault("MALFORMED"));

  SessionWalk c2b = SessionWalk::Release(world_);
  c2b.MakeC2();
  ASSERT_OK(c2b.server.OnProof(c2b.c2));
  EXPECT_THAT(c2b.server.OnActivation({.hmac = Bytes(32)}), HasFault("MALFORMED"));

  SessionWalk c3 = SessionWalk::Release(world_);
  c3.MakeS2();
  EXPECT_THAT(c3.server.OnUpload({.box_up = Bytes(100)}), HasFault("MALFORMED"));

  SessionWalk s2_first = SessionWalk::Release(world_);
  EXPECT_THAT(s2_first.client.OnAnswer({}, false), HasFault("MALFORMED"));

  SessionWalk s1_twice = SessionWalk::Release(world_);
  s1_twice.MakeS1();
  ASSERT_OK(s1_twice.DeliverS1());
  EXPECT_THAT(s1_twice.DeliverS1(), HasFault("MALFORMED"));

  SessionWalk s3_early = SessionWalk::Init(world_);
  s3_early.MakeC2();
  EXPECT_THAT(s3_early.client.OnDone({}), HasFault("MALFORMED"));
}

TEST_F(FormAttack, ABoxCannotBeOpenedBeforeS2WasChecked) {
  SessionWalk walk = SessionWalk::Release(world_);
  walk.MakeS2();
  EXPECT_THAT(walk.client.OpenBoxOfVerifiedServer(), HasFault("MALFORMED"));
}

TEST_F(FormAttack, C2BeforeC1OnTheStream_IsRefusedWithACode) {
  MemoryLink link({.own_spki = world_.node_tls, .peer_spki = world_.service_tls});
  ASSERT_OK(link.client().Write(ProofC2{.sealed = Bytes(100)}));
  link.CloseUp();
  WorldServer server(world_);
  EXPECT_THAT(DriveServer(server, link.server(),
                          {.own_spki = world_.service_tls, .peer_spki = world_.node_tls},
                          world_.random, kTestCorrelationId),
              HasFault("MALFORMED"));
  ASSERT_OK_AND_ASSIGN(const ServerMessage message, link.client().Read());
  ASSERT_TRUE(std::holds_alternative<Refusal>(message));
  EXPECT_EQ(std::get<Refusal>(message).code, "MALFORMED");
}

TEST_F(FormAttack, AnyMessageOfTheWrongKind_IsRefusedByTheClient) {
  const std::vector<ServerMessage> wrong = {ChallengeS1b{}, AnswerS2{}, DoneS3{}};
  for (const ServerMessage& message : wrong) {
    MemoryLink link({.own_spki = world_.node_tls, .peer_spki = world_.service_tls});
    ASSERT_OK(link.server().Write(message));
    EXPECT_THAT(DriveClient(world_.Release(), link.client(), world_.node_tls, world_.random),
                HasFault("MALFORMED"));
  }
}

// RFC 7748 section 6.1; the list is every u-coordinate of order 1, 2, 4 or 8, canonical or not.
TEST_F(FormAttack, EphemeralKeysOfLowOrder_AreRefusedByBothSides) {
  std::vector<Bytes> points;
  for (const char* hex : {
           "0000000000000000000000000000000000000000000000000000000000000000",
           "0100000000000000000000000000000000000000000000000000000000000000",
           "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
           "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
           "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
           "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
           "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
       }) {
    points.push_back(FromHex(hex).value());
    points.push_back(points.back());
    points.back().back() |= 0x80;  // the ignored top bit
  }
  for (const Bytes& point : points) {
    SessionWalk to_server = SessionWalk::Release(world_);
    to_server.c1.ephemeral_key = point;
    EXPECT_THAT(to_server.server.OnHello(to_server.c1), HasFault("LOW_ORDER_KEY"));

    SessionWalk to_client = SessionWalk::Init(world_);
    to_client.MakeS1();
    to_client.s1.ephemeral_key = point;
    EXPECT_THAT(to_client.DeliverS1(), HasFault("LOW_ORDER_KEY"));
  }
}

TEST_F(FormAttack, AnotherServiceIdInTheTranscript_IsRefusedByBothSides) {
  SessionWalk walk = SessionWalk::Release(world_);
  walk.MakeS1();
  const Bytes other_ctx0 = EncodeCtx0({.service_id = "kedge.v1.OtherService",
                                       .cluster_id = walk.s1.cluster_id,
                                       .service_key_spki = walk.s1.service_key_spki,
                                       .state = walk.s1.state,
                                       .nonce_c = walk.c1.nonce,
                                       .epk_c = walk.c1.ephemeral_key,
                                       .spki_c = world_.node_tls,
                                       .nonce_s = walk.s1.nonce,
                                       .epk_s = walk.s1.ephemeral_key,
                                       .spki_s = world_.service_tls});
  ASSERT_OK_AND_ASSIGN(walk.s1.sig_hello, world_.identity->Sign(HelloSignatureMessage(other_ctx0)));
  EXPECT_THAT(walk.DeliverS1(), HasFault("BAD_SIGNATURE"));

  // A client of another service that knows its own ephemeral key.
  ASSERT_OK_AND_ASSIGN(const X25519KeyPair own, X25519KeyPair::Generate(world_.random));
  ServerSession server = Must(
      ServerSession::Start(world_.Awaiting(), world_.service_tls, world_.node_tls, world_.random));
  const HelloC1 c1{.nonce = Bytes(32, 5), .ephemeral_key = ToBytes(own.public_key())};
  ASSERT_OK_AND_ASSIGN(const HelloS1 s1, server.OnHello(c1));
  ASSERT_OK_AND_ASSIGN(const SecretBytes z, own.Agree(*ToArray<32>(s1.ephemeral_key)));
  ASSERT_OK_AND_ASSIGN(SecretBytes key,
                       HelloKey(z, EncodeCtx0({.service_id = "kedge.v1.OtherService",
                                               .cluster_id = {},
                                               .service_key_spki = {},
                                               .state = s1.state,
                                               .nonce_c = c1.nonce,
                                               .epk_c = c1.ephemeral_key,
                                               .spki_c = world_.node_tls,
                                               .nonce_s = s1.nonce,
                                               .epk_s = s1.ephemeral_key,
                                               .spki_s = world_.service_tls})));
  ASSERT_OK_AND_ASSIGN(const Bytes plaintext, EncodeHelloContent({}));
  ASSERT_OK_AND_ASSIGN(const Bytes sealed,
                       SealOnce(std::move(key), HelloAad(), ByteView(plaintext)));
  EXPECT_THAT(server.OnProof({.sealed = sealed}), HasFault("BOX_NOT_AUTHENTIC"));
}

// ---- Pins ---------------------------------------------------------------------------------------

TEST_F(FormAttack, AnotherClusterId_IsRefusedBeforeC2) {
  ClientPins pins = world_.Pins();
  pins.cluster_id = Bytes(32, 0xEE);
  SessionWalk walk(world_, world_.Serving(), pins, ProofType::kVtpm, world_.service_tls,
                   world_.node_tls);
  walk.MakeS1();
  EXPECT_THAT(walk.DeliverS1(), HasFault("CLUSTER_MISMATCH"));
}

TEST_F(FormAttack, AnotherIdentityKey_IsRefusedBeforeC2) {
  ClientPins pins = world_.Pins();
  pins.service_key_spki = NewKey(Curve::kP256).public_key().spki();
  SessionWalk walk(world_, world_.Serving(), pins, ProofType::kVtpm, world_.service_tls,
                   world_.node_tls);
  walk.MakeS1();
  EXPECT_THAT(walk.DeliverS1(), HasFault("SERVICE_KEY_MISMATCH"));
}

TEST_F(FormAttack, AnOlderGenerationThanSeen_IsRefusedBeforeC2) {
  ClientPins pins = world_.Pins();
  pins.minimum_generation = 4;
  SessionWalk walk(world_, world_.Serving(), pins, ProofType::kVtpm, world_.service_tls,
                   world_.node_tls);
  walk.MakeS1();
  EXPECT_THAT(walk.DeliverS1(), HasFault("ROLLBACK_DETECTED"));
  pins.minimum_generation = 3;
  SessionWalk equal(world_, world_.Serving(), pins, ProofType::kVtpm, world_.service_tls,
                    world_.node_tls);
  equal.MakeS1();
  EXPECT_OK(equal.DeliverS1());
}

TEST_F(FormAttack, ANodeWithoutPins_DoesNotEvenStart) {
  ClientPins no_key = world_.Pins(), no_cluster = world_.Pins();
  no_key.service_key_spki.clear();
  no_cluster.cluster_id.clear();
  for (const ClientPins& pins : {ClientPins{}, no_key, no_cluster}) {
    EXPECT_THAT(ClientSession::Start(pins, ProofType::kVtpm, world_.node_tls, world_.random),
                HasFault("UNPINNED"));
  }
}

TEST_F(FormAttack, AnOwnerWithoutPins_ProvesNothingToAServingCluster) {
  SessionWalk walk(world_, world_.Serving(), {}, ProofType::kOwner, world_.service_tls,
                   world_.node_tls);
  walk.MakeS1();
  EXPECT_THAT(walk.DeliverS1(), HasFault("UNPINNED"));
}

TEST_F(FormAttack, APinnedClient_RefusesAServerThatHoldsNoKey) {
  for (const bool pin_key : {false, true}) {
    ClientPins pins;
    (pin_key ? pins.service_key_spki : pins.cluster_id) =
        pin_key ? world_.Pins().service_key_spki : world_.cluster_id;
    SessionWalk walk(world_, world_.Awaiting(), pins, ProofType::kOwner, world_.service_tls,
                     world_.node_tls);
    walk.MakeS1();
    EXPECT_THAT(walk.DeliverS1(), HasFault("NOT_SERVING"));
  }
}

TEST_F(FormAttack, AHalfSetIdentityInS1_IsRefused) {
  for (Bytes HelloS1::*field :
       {&HelloS1::cluster_id, &HelloS1::service_key_spki, &HelloS1::sig_hello}) {
    SessionWalk walk(world_, world_.Serving(), {}, ProofType::kNone, world_.service_tls,
                     world_.node_tls);
    walk.MakeS1();
    (walk.s1.*field).clear();
    EXPECT_THAT(walk.DeliverS1(), HasFault("MALFORMED"));
  }
}

TEST_F(FormAttack, AnIdentityKeyThatIsNotP256_IsRefused) {
  SessionWalk walk(world_, world_.Serving(), {}, ProofType::kNone, world_.service_tls,
                   world_.node_tls);
  walk.MakeS1();
  walk.s1.service_key_spki = Bytes(kP256SpkiSize, 0x30);
  EXPECT_THAT(walk.DeliverS1(), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge::testing
