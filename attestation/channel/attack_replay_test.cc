// Genuine messages at the wrong time or place: replays, swaps between exchanges, forged ends.
#include <gtest/gtest.h>

#include "attestation/channel/testing/session_walk.h"
#include "base/status_matchers.h"

namespace kedge::testing {
namespace {

class ReplayAttack : public ::testing::Test {
 protected:
  ChannelWorld world_;
};

TEST_F(ReplayAttack, C1AndC2OnANewStream_AreRefused) {
  SessionWalk first = SessionWalk::Release(world_);
  first.MakeS2();
  SessionWalk second = SessionWalk::Release(world_);
  ASSERT_OK(second.server.OnHello(first.c1));
  EXPECT_THAT(second.server.OnProof(first.c2), HasFault("BOX_NOT_AUTHENTIC"));
}

TEST_F(ReplayAttack, S1ForANewClient_IsRefused) {
  SessionWalk first = SessionWalk::Release(world_);
  first.MakeS1();
  SessionWalk second = SessionWalk::Release(world_);
  second.s1 = first.s1;
  EXPECT_THAT(second.DeliverS1(), HasFault("BAD_SIGNATURE"));
}

TEST_F(ReplayAttack, S2ForANewClient_IsRefusedBySigId) {
  SessionWalk first = SessionWalk::Release(world_);
  first.MakeS2();
  SessionWalk second = SessionWalk::Release(world_);
  second.MakeS2();
  EXPECT_THAT(second.client.OnAnswer(first.s2, false), HasFault("BAD_SIGNATURE"));
}

TEST_F(ReplayAttack, S2OfAServerWithoutAKey_IsRefusedByItsEvidence) {
  SessionWalk first = SessionWalk::Init(world_);
  first.MakeS2();
  SessionWalk second = SessionWalk::Init(world_);
  second.MakeS2();
  ASSERT_OK_AND_ASSIGN(const ServerProof proof, second.client.OnAnswer(first.s2, true));
  EXPECT_THAT(world_.CheckService(proof), HasFault("REPORT_DATA_MISMATCH"));
}

TEST_F(ReplayAttack, ABoxOfAnotherExchange_IsRefusedBySigIdEvidenceAndSeal) {
  SessionWalk first = SessionWalk::Release(world_);
  first.MakeS2();
  SessionWalk second = SessionWalk::Release(world_);
  second.MakeS2();
  AnswerS2 swapped = second.s2;
  swapped.box = first.s2.box;
  EXPECT_THAT(second.client.OnAnswer(swapped, false), HasFault("BAD_SIGNATURE"));

  // Signed anew by whoever holds the identity key: the evidence does not cover this box.
  SessionWalk third = SessionWalk::Release(world_);
  third.MakeS2();
  third.s2.box = first.s2.box;
  ASSERT_OK_AND_ASSIGN(third.s2.sig_id, world_.identity->Sign(IdentitySignatureMessage(
                                            third.request.context,
                                            EncodeProof(ProofType::kVtpm, third.request.proof),
                                            third.s2.payload, third.s2.box, third.s2.evidence)));
  ASSERT_OK_AND_ASSIGN(const ServerProof proof, third.client.OnAnswer(third.s2, false));
  EXPECT_THAT(world_.CheckService(proof), HasFault("REPORT_DATA_MISMATCH"));
  // And a careless client could still not open it.
  EXPECT_THAT(third.client.OpenBoxOfVerifiedServer(), HasFault("BOX_NOT_AUTHENTIC"));
}

TEST_F(ReplayAttack, AChangedServerPayload_IsRefusedBySigIdAndEvidence) {
  SessionWalk pinned = SessionWalk::Release(world_);
  pinned.MakeS2();
  pinned.s2.payload.back() ^= 1;
  EXPECT_THAT(pinned.client.OnAnswer(pinned.s2, false), HasFault("BAD_SIGNATURE"));

  SessionWalk awaiting = SessionWalk::Init(world_);
  awaiting.MakeS2();
  awaiting.s2.payload.back() ^= 1;
  ASSERT_OK_AND_ASSIGN(const ServerProof proof, awaiting.client.OnAnswer(awaiting.s2, true));
  EXPECT_THAT(world_.CheckService(proof), HasFault("REPORT_DATA_MISMATCH"));
}

TEST_F(ReplayAttack, AChangedHello_IsRefused) {
  SessionWalk walk = SessionWalk::Release(world_);
  walk.MakeC2();
  walk.c2.sealed[walk.c2.sealed.size() / 2] ^= 1;
  EXPECT_THAT(walk.server.OnProof(walk.c2), HasFault("BOX_NOT_AUTHENTIC"));
}

TEST_F(ReplayAttack, ClientEvidenceOfAnotherExchange_IsRefused) {
  Bytes first_evidence;
  ClientExchange honest = world_.Release();
  honest.prove = [&](const ReportData& rd) { return first_evidence = world_.node_chip.Attest(rd); };
  WorldServer first(world_);
  ASSERT_OK(RunBoth(world_, honest, first).client);

  ClientExchange replay = world_.Release();
  replay.prove = [&](const ReportData&) { return first_evidence; };
  WorldServer second(world_);
  const Outcome outcome = RunBoth(world_, replay, second);
  EXPECT_THAT(outcome.server, HasFault("REPORT_DATA_MISMATCH"));
  EXPECT_FALSE(second.answered);
}

TEST_F(ReplayAttack, OwnerProofOfAnotherExchange_IsRefused) {
  Bytes first_proof;
  ClientExchange honest = world_.Init();
  const auto sign = honest.sign;
  honest.sign = [&](ByteView message) -> StatusOr<Bytes> {
    ASSIGN_OR_RETURN(first_proof, sign(message));
    return first_proof;
  };
  ASSERT_OK(RunBoth(world_, honest, *WorldServer::ForInit(world_)).client);

  ClientExchange replay = world_.Init();
  replay.sign = [&](ByteView) -> StatusOr<Bytes> { return first_proof; };
  const auto second = WorldServer::ForInit(world_);
  const Outcome outcome = RunBoth(world_, replay, *second);
  EXPECT_THAT(outcome.server, HasFault("BAD_SIGNATURE"));
  EXPECT_EQ(second->uploaded, "");
}

TEST_F(ReplayAttack, AnotherMachinesEvidence_IsRefusedByTheRegistry) {
  const TestChip other = world_.maker.MakeChip("node image");
  ClientExchange exchange = world_.Release();
  exchange.prove = [&](const ReportData& rd) { return other.Attest(rd); };
  WorldServer server(world_);
  EXPECT_THAT(RunBoth(world_, exchange, server).client, HasFault("IDENTITY_MISMATCH"));
  EXPECT_FALSE(server.answered);
}

// ---- Enrolment ----------------------------------------------------------------------------------

TEST_F(ReplayAttack, EnrolmentWithAWrongSecret_IsRefusedAndNothingIsRecorded) {
  ClientExchange exchange = world_.Release();
  exchange.activate = [](const CredentialBlob&) -> StatusOr<SecretBytes> {
    return Secret("another secret!!!");
  };
  WorldServer server(world_);
  server.enrol = true;
  const Outcome outcome = RunBoth(world_, exchange, server);
  EXPECT_THAT(outcome.client, HasFault("ACTIVATION_FAILED"));
  EXPECT_FALSE(server.activated);
  EXPECT_FALSE(server.answered);
}

TEST_F(ReplayAttack, EnrolmentAnswerOfAnotherExchange_IsRefused) {
  const auto challenge = [] {
    return Challenge{.credential = {.id_object = {1}, .encrypted_secret = {2}},
                     .secret = Secret("the same secret twice")};
  };
  SessionWalk first = SessionWalk::Release(world_);
  first.MakeC2();
  ASSERT_OK(first.server.OnProof(first.c2));
  ASSERT_OK_AND_ASSIGN(const ChallengeS1b s1b, first.server.SendChallenge(challenge()));
  ASSERT_OK(first.client.OnChallenge(s1b));
  ASSERT_OK_AND_ASSIGN(const ActivationC2b c2b,
                       first.client.Activate(Secret("the same secret twice")));
  SessionWalk second = SessionWalk::Release(world_);
  second.MakeC2();
  ASSERT_OK(second.server.OnProof(second.c2));
  ASSERT_OK(second.server.SendChallenge(challenge()));
  EXPECT_THAT(second.server.OnActivation(c2b), HasFault("ACTIVATION_FAILED"));
  EXPECT_OK(first.server.OnActivation(c2b));
}

TEST_F(ReplayAttack, ASecondChallengeOrOneForAnOwner_IsRefused) {
  const ChallengeS1b s1b{.id_object = {1}, .encrypted_secret = {2}};
  SessionWalk node = SessionWalk::Release(world_);
  node.MakeC2();
  ASSERT_OK(node.client.OnChallenge(s1b));
  ASSERT_OK(node.client.Activate(Secret("s")));
  EXPECT_THAT(node.client.OnChallenge(s1b), HasFault("MALFORMED"));

  SessionWalk owner = SessionWalk::Init(world_);
  owner.MakeC2();
  EXPECT_THAT(owner.client.OnChallenge(s1b), HasFault("MALFORMED"));
}

// ---- Upload -------------------------------------------------------------------------------------

TEST_F(ReplayAttack, C3OfAnotherExchange_IsRefused) {
  SessionWalk first = SessionWalk::Init(world_);
  first.MakeC3();
  SessionWalk second = SessionWalk::Init(world_);
  second.MakeS2();
  EXPECT_THAT(second.server.OnUpload(first.c3), HasFault("BOX_NOT_AUTHENTIC"));
}

TEST_F(ReplayAttack, C3SentTwice_IsRefused) {
  SessionWalk walk = SessionWalk::Init(world_);
  walk.MakeC3();
  ASSERT_OK(walk.server.OnUpload(walk.c3));
  EXPECT_THAT(walk.server.OnUpload(walk.c3), HasFault("MALFORMED"));
}

TEST_F(ReplayAttack, C3SentBackAsS3_IsRefused) {
  SessionWalk walk = SessionWalk::Init(world_);
  walk.MakeS3();
  walk.s3.box_done = walk.c3.box_up;
  EXPECT_THAT(walk.client.OnDone(walk.s3), HasFault("BAD_SIGNATURE"));
}

TEST_F(ReplayAttack, S3OfAnotherExchange_IsRefused) {
  SessionWalk first = SessionWalk::Init(world_);
  first.MakeS3();
  SessionWalk second = SessionWalk::Init(world_);
  second.MakeC3();
  EXPECT_THAT(second.client.OnDone(first.s3), HasFault("BAD_SIGNATURE"));
}

TEST_F(ReplayAttack, S3WithAChangedResult_IsRefused) {
  SessionWalk walk = SessionWalk::Init(world_);
  walk.MakeS3();
  walk.s3.box_done.back() ^= 1;
  EXPECT_THAT(walk.client.OnDone(walk.s3), HasFault("BAD_SIGNATURE"));
}

// Even with the whole transcript known, another key cannot be named as the cluster's.
TEST_F(ReplayAttack, S3SignedAnewWithAnotherKey_IsRefused) {
  SessionWalk walk = SessionWalk::Init(world_);
  walk.MakeS3();
  const SigningKey evil = NewKey(Curve::kP256);
  walk.s3.service_key_spki = evil.public_key().spki();
  ASSERT_OK_AND_ASSIGN(walk.s3.sig_done,
                       evil.Sign(UploadDoneSignatureMessage(
                           walk.request.context, EncodeProof(ProofType::kOwner, walk.request.proof),
                           walk.s2.evidence, walk.c3.box_up, walk.s3.box_done)));
  EXPECT_THAT(walk.client.OnDone(walk.s3), HasFault("BOX_NOT_AUTHENTIC"));
}

TEST_F(ReplayAttack, S3OfAServerThatRecoveredAnotherCluster_IsRefused) {
  ClientPins pins;
  pins.upload_signer_spki = NewKey(Curve::kP256).public_key().spki();  // from the owner's receipt
  SessionWalk walk(world_, world_.Awaiting(), pins, ProofType::kOwner, world_.service_tls,
                   world_.node_tls);
  walk.MakeS3();
  EXPECT_THAT(walk.client.OnDone(walk.s3), HasFault("UPLOAD_SIGNER_MISMATCH"));
}

TEST_F(ReplayAttack, AServerWithoutTheIdentityKeyCannotReportSuccess) {
  SessionWalk walk = SessionWalk::Init(world_);
  walk.MakeC3();
  ASSERT_OK(walk.server.OnUpload(walk.c3));
  EXPECT_THAT(walk.server.Finish({.result = ToBytes("receipt"), .key = nullptr}),
              HasCode(StatusCode::kInternal));
}

}  // namespace
}  // namespace kedge::testing
