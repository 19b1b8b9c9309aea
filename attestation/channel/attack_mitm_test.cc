// Somebody between client and server: own TLS, own genuine platform, leaked TLS keys, swapped and
// reflected values.
#include <gtest/gtest.h>

#include "attestation/channel/client_session.h"
#include "attestation/channel/server_session.h"
#include "attestation/channel/testing/session_walk.h"
#include "base/status_matchers.h"

namespace kedge::testing {
namespace {

class MitmAttack : public ::testing::Test {
 protected:
  // The attacker's own end towards each side, with any TLS keys at all. He has no cluster key.
  ServerSession EvilServer(Bytes own_tls, Bytes peer_tls) {
    return Must(ServerSession::Start(world_.Awaiting(), std::move(own_tls), std::move(peer_tls),
                                     world_.random));
  }
  ClientSession EvilClient(ProofType type, Bytes own_tls) {
    return Must(ClientSession::Start({}, type, std::move(own_tls), world_.random));
  }
  ClientSession Owner() { return EvilClient(ProofType::kOwner, world_.node_tls); }
  ServerSession AwaitingServer(Bytes peer_tls) {
    return Must(ServerSession::Start(world_.Awaiting(), world_.service_tls, std::move(peer_tls),
                                     world_.random));
  }

  ChannelWorld world_;
  Bytes evil_tls_to_client_ = NewKey(Curve::kP256).public_key().spki();
  Bytes evil_tls_to_server_ = NewKey(Curve::kP256).public_key().spki();
};

TEST_F(MitmAttack, OwnTlsOnBothSidesForwardingAll_PinnedClientStopsBeforeC2) {
  SessionWalk walk = SessionWalk::Release(world_, evil_tls_to_client_, evil_tls_to_server_);
  walk.MakeS1();
  EXPECT_THAT(walk.DeliverS1(), HasFault("BAD_SIGNATURE"));
  EXPECT_THAT(walk.client.SetRequest({}, {}), HasFault("MALFORMED"));
}

TEST_F(MitmAttack, OwnTlsTowardsOneSideOnly_PinnedClientStopsBeforeC2) {
  SessionWalk to_client = SessionWalk::Release(world_, evil_tls_to_client_, world_.node_tls);
  to_client.MakeS1();
  EXPECT_THAT(to_client.DeliverS1(), HasFault("BAD_SIGNATURE"));
  SessionWalk to_server = SessionWalk::Release(world_, world_.service_tls, evil_tls_to_server_);
  to_server.MakeS1();
  EXPECT_THAT(to_server.DeliverS1(), HasFault("BAD_SIGNATURE"));
}

TEST_F(MitmAttack, OwnTlsOnBothSidesForwardingAll_AwaitingServerRefusesC2) {
  SessionWalk walk = SessionWalk::Init(world_, evil_tls_to_client_, evil_tls_to_server_);
  walk.MakeC2();
  EXPECT_THAT(walk.server.OnProof(walk.c2), HasFault("BOX_NOT_AUTHENTIC"));
}

// The attacker runs a complete handshake of his own on each side and so reads C2. What he reads is
// bound to his session with the client and is worth nothing at the server.
TEST_F(MitmAttack, FullHandshakeOnBothSides_RelayedOwnerProofIsRefused) {
  ClientSession owner = Owner();
  ServerSession evil_server = EvilServer(world_.service_tls, world_.node_tls);
  ASSERT_OK_AND_ASSIGN(const HelloS1 s1, evil_server.OnHello(owner.hello()));
  ASSERT_OK(owner.OnHello(s1, world_.service_tls));
  ASSERT_OK_AND_ASSIGN(const auto to_prove, owner.SetRequest(ToBytes("init"), ToBytes("m")));
  ASSERT_OK_AND_ASSIGN(const Bytes signature, world_.owner.Sign(to_prove.owner_message));
  ASSERT_OK_AND_ASSIGN(const ProofC2 c2, owner.SealProof(signature));
  ASSERT_OK_AND_ASSIGN(const ClientRequest stolen, evil_server.OnProof(c2));
  ASSERT_OK(world_.owner.public_key().Verify(stolen.owner_proof_message, stolen.proof));

  ClientSession evil_client = EvilClient(ProofType::kOwner, world_.node_tls);
  ServerSession server = AwaitingServer(world_.node_tls);
  ASSERT_OK_AND_ASSIGN(const HelloS1 real_s1, server.OnHello(evil_client.hello()));
  ASSERT_OK(evil_client.OnHello(real_s1, world_.service_tls));
  ASSERT_OK(evil_client.SetRequest(stolen.request, stolen.payload));
  ASSERT_OK_AND_ASSIGN(const ProofC2 relayed, evil_client.SealProof(stolen.proof));
  ASSERT_OK_AND_ASSIGN(const ClientRequest seen, server.OnProof(relayed));
  EXPECT_THAT(world_.owner.public_key().Verify(seen.owner_proof_message, seen.proof),
              HasFault("BAD_SIGNATURE"));
}

TEST_F(MitmAttack, FullHandshakeOnBothSides_RelayedClientEvidenceIsRefused) {
  // The attacker is a cluster of his own that a node has pinned; he relays to the real cluster.
  const auto evil_identity = std::make_shared<const SigningKey>(NewKey(Curve::kP256));
  ServerIdentity evil = world_.Serving();
  evil.key = evil_identity;
  ClientPins pins = world_.Pins();
  pins.service_key_spki = evil_identity->public_key().spki();
  SessionWalk with_node(world_, evil, pins, ProofType::kVtpm, world_.service_tls, world_.node_tls);
  with_node.MakeS2();
  ASSERT_OK(world_.maker.Verify(with_node.request.proof, with_node.request.expected_report_data));

  SessionWalk with_cluster = SessionWalk::Release(world_);
  with_cluster.MakeS1();
  ASSERT_OK(with_cluster.DeliverS1());
  ASSERT_OK(with_cluster.client.SetRequest(with_node.request.request, with_node.request.payload));
  ASSERT_OK_AND_ASSIGN(const ProofC2 relayed,
                       with_cluster.client.SealProof(with_node.request.proof));
  ASSERT_OK_AND_ASSIGN(const ClientRequest seen, with_cluster.server.OnProof(relayed));
  EXPECT_THAT(world_.maker.Verify(seen.proof, seen.expected_report_data),
              HasFault("REPORT_DATA_MISMATCH"));
}

TEST_F(MitmAttack, OwnGenuinePlatformRelayingServerEvidence_ClientRefusesS2) {
  // Towards the real server: an outsider's verify, which anyone may ask for.
  ClientSession evil_client = EvilClient(ProofType::kNone, evil_tls_to_server_);
  ServerSession server = AwaitingServer(evil_tls_to_server_);
  ASSERT_OK_AND_ASSIGN(const HelloS1 real_s1, server.OnHello(evil_client.hello()));
  ASSERT_OK(evil_client.OnHello(real_s1, world_.service_tls));
  ASSERT_OK(evil_client.SetRequest(ToBytes("verify"), {}));
  ASSERT_OK_AND_ASSIGN(const ProofC2 evil_c2, evil_client.SealProof({}));
  ASSERT_OK(server.OnProof(evil_c2));
  ASSERT_OK_AND_ASSIGN(const ReportData rd, server.SetAnswer({}));
  ASSERT_OK_AND_ASSIGN(const AnswerS2 real_s2, server.Prove(world_.service_chip.Attest(rd)));

  // Towards the owner: his own server end, with the evidence of the real one.
  ClientSession owner = Owner();
  ServerSession evil_server = EvilServer(evil_tls_to_client_, world_.node_tls);
  ASSERT_OK_AND_ASSIGN(const HelloS1 s1, evil_server.OnHello(owner.hello()));
  ASSERT_OK(owner.OnHello(s1, evil_tls_to_client_));
  ASSERT_OK(owner.SetRequest(ToBytes("init"), {}));
  ASSERT_OK_AND_ASSIGN(const ProofC2 c2, owner.SealProof(ToBytes("signature")));
  ASSERT_OK(evil_server.OnProof(c2));
  ServerAnswer answer;
  answer.expects_upload = true;
  ASSERT_OK(evil_server.SetAnswer(std::move(answer)));
  ASSERT_OK_AND_ASSIGN(const AnswerS2 s2, evil_server.Prove(real_s2.evidence));
  ASSERT_OK_AND_ASSIGN(const ServerProof proof, owner.OnAnswer(s2, true));
  EXPECT_THAT(world_.CheckService(proof), HasFault("REPORT_DATA_MISMATCH"));
}

TEST_F(MitmAttack, OwnGenuinePlatformWithTheSameImage_CannotAnswerForThePinnedCluster) {
  const TestChip evil_chip = world_.maker.MakeChip("control plane image");
  SessionWalk walk = SessionWalk::Release(world_);
  walk.MakeS2();
  walk.s2.evidence = evil_chip.Attest(walk.report_data_s);  // genuine, and over the right data
  EXPECT_THAT(walk.client.OnAnswer(walk.s2, false), HasFault("BAD_SIGNATURE"));
}

TEST_F(MitmAttack, OwnGenuinePlatformSigningWithAnotherIdentityKey_WrongSigIdIsRefused) {
  SessionWalk walk = SessionWalk::Release(world_);
  walk.MakeS2();
  const Bytes message = IdentitySignatureMessage(walk.request.context,
                                                 EncodeProof(ProofType::kVtpm, walk.request.proof),
                                                 walk.s2.payload, walk.s2.box, walk.s2.evidence);
  ASSERT_OK(world_.identity->public_key().Verify(message, walk.s2.sig_id));
  ASSERT_OK_AND_ASSIGN(walk.s2.sig_id, NewKey(Curve::kP256).Sign(message));
  EXPECT_THAT(walk.client.OnAnswer(walk.s2, false), HasFault("BAD_SIGNATURE"));
}

// With both TLS keys leaked a relay is not noticed, and learns nothing.
TEST_F(MitmAttack, BothTlsKeysLeakedForwardingAll_ReleaseCompletesAndNothingIsReadable) {
  MemoryLink link({.own_spki = world_.node_tls, .peer_spki = world_.service_tls});
  std::string up, down;
  const auto record = [](std::string& to, const auto& bytes) { to += AsText(bytes); };
  link.on_client_message = [&](ClientMessage& message) {
    if (const auto* c2 = std::get_if<ProofC2>(&message)) record(up, c2->sealed);
  };
  link.on_server_message = [&](ServerMessage& message) {
    if (const auto* s2 = std::get_if<AnswerS2>(&message)) {
      for (const Bytes& field : {s2->evidence, s2->payload, s2->box}) record(down, field);
    }
  };
  WorldServer server(world_);
  const Outcome outcome = RunBoth(world_, world_.Release(), server, link);
  ASSERT_OK(outcome.client);
  ASSERT_FALSE(up.empty());
  ASSERT_FALSE(down.empty());
  EXPECT_EQ(down.find(server.dek), std::string::npos);
  EXPECT_EQ(up.find("release node-2/state"), std::string::npos);
  EXPECT_EQ(up.find("endorsements"), std::string::npos);
  EXPECT_EQ(up.find(AsText(world_.node_chip.id())), std::string::npos);
}

TEST_F(MitmAttack, BothTlsKeysLeakedSwappingEpkC_IsRefused) {
  const Bytes evil_epk = ToBytes(Must(X25519KeyPair::Generate(world_.random)).public_key());
  SessionWalk pinned = SessionWalk::Release(world_);
  pinned.c1.ephemeral_key = evil_epk;
  pinned.MakeS1();
  EXPECT_THAT(pinned.DeliverS1(), HasFault("BAD_SIGNATURE"));

  SessionWalk awaiting = SessionWalk::Init(world_);
  awaiting.c1.ephemeral_key = evil_epk;
  awaiting.MakeC2();
  EXPECT_THAT(awaiting.server.OnProof(awaiting.c2), HasFault("BOX_NOT_AUTHENTIC"));
}

TEST_F(MitmAttack, BothTlsKeysLeakedSwappingEpkS_IsRefused) {
  const Bytes evil_epk = ToBytes(Must(X25519KeyPair::Generate(world_.random)).public_key());
  SessionWalk pinned = SessionWalk::Release(world_);
  pinned.MakeS1();
  pinned.s1.ephemeral_key = evil_epk;
  EXPECT_THAT(pinned.DeliverS1(), HasFault("BAD_SIGNATURE"));

  SessionWalk awaiting = SessionWalk::Init(world_);
  awaiting.MakeS1();
  awaiting.s1.ephemeral_key = evil_epk;
  ASSERT_OK(awaiting.DeliverS1());
  ASSERT_OK(awaiting.client.SetRequest(ToBytes("init"), {}));
  ASSERT_OK_AND_ASSIGN(const ProofC2 c2, awaiting.client.SealProof(ToBytes("signature")));
  EXPECT_THAT(awaiting.server.OnProof(c2), HasFault("BOX_NOT_AUTHENTIC"));
}

TEST_F(MitmAttack, PresentingAnotherIdentityKeyToAnUnpinnedClient_ServerRefusesC2) {
  ClientSession outsider = EvilClient(ProofType::kNone, world_.node_tls);
  ServerSession server = Must(
      ServerSession::Start(world_.Serving(), world_.service_tls, world_.node_tls, world_.random));
  ASSERT_OK_AND_ASSIGN(HelloS1 s1, server.OnHello(outsider.hello()));
  const SigningKey evil_identity = NewKey(Curve::kP256);
  s1.service_key_spki = evil_identity.public_key().spki();
  const Bytes ctx0 = EncodeCtx0({.service_id = kKeyServiceId,
                                 .cluster_id = s1.cluster_id,
                                 .service_key_spki = s1.service_key_spki,
                                 .state = s1.state,
                                 .nonce_c = outsider.hello().nonce,
                                 .epk_c = outsider.hello().ephemeral_key,
                                 .spki_c = world_.node_tls,
                                 .nonce_s = s1.nonce,
                                 .epk_s = s1.ephemeral_key,
                                 .spki_s = world_.service_tls});
  ASSERT_OK_AND_ASSIGN(s1.sig_hello, evil_identity.Sign(HelloSignatureMessage(ctx0)));
  ASSERT_OK(outsider.OnHello(s1, world_.service_tls));
  ASSERT_OK(outsider.SetRequest(ToBytes("verify"), {}));
  ASSERT_OK_AND_ASSIGN(const ProofC2 c2, outsider.SealProof({}));
  EXPECT_THAT(server.OnProof(c2), HasFault("BOX_NOT_AUTHENTIC"));
}

TEST_F(MitmAttack, RaisingTheGenerationInS1_IsRefused) {
  SessionWalk walk = SessionWalk::Release(world_);
  walk.MakeS1();
  walk.s1.state[7] = 9;
  EXPECT_THAT(walk.DeliverS1(), HasFault("BAD_SIGNATURE"));
}

TEST_F(MitmAttack, StrippingTheIdentityFromS1_IsRefused) {
  SessionWalk pinned = SessionWalk::Release(world_);
  pinned.MakeS1();
  pinned.s1.cluster_id.clear();
  pinned.s1.service_key_spki.clear();
  pinned.s1.sig_hello.clear();
  const Status status = pinned.DeliverS1();
  EXPECT_THAT(status, HasFault("NOT_SERVING"));
  EXPECT_TRUE(IsRetryable(status));
  EXPECT_THAT(pinned.client.SetRequest({}, {}), HasFault("MALFORMED"));
}

TEST_F(MitmAttack, ReflectingTheClientsEvidenceAsTheServers_IsRefused) {
  SessionWalk walk = SessionWalk::Release(world_);
  walk.MakeS2();
  // Whoever holds the identity key may sign: the evidence itself must not pass, even where client
  // and server are the same machine with the same image.
  walk.s2.evidence = walk.request.proof;
  ASSERT_OK_AND_ASSIGN(walk.s2.sig_id,
                       world_.identity->Sign(IdentitySignatureMessage(
                           walk.request.context, EncodeProof(ProofType::kVtpm, walk.request.proof),
                           walk.s2.payload, walk.s2.box, walk.s2.evidence)));
  ASSERT_OK_AND_ASSIGN(const ServerProof proof, walk.client.OnAnswer(walk.s2, false));
  EXPECT_THAT(world_.maker.Verify(proof.evidence, proof.expected_report_data),
              HasFault("REPORT_DATA_MISMATCH"));
}

TEST_F(MitmAttack, EchoingTheClientsOwnValues_IsRefused) {
  SessionWalk epk = SessionWalk::Release(world_);
  epk.MakeS1();
  epk.s1.ephemeral_key = epk.c1.ephemeral_key;
  EXPECT_THAT(epk.DeliverS1(), HasFault("ECHOED_KEY"));

  SessionWalk nonce = SessionWalk::Release(world_);
  nonce.MakeS1();
  nonce.s1.nonce = nonce.c1.nonce;
  EXPECT_THAT(nonce.DeliverS1(), HasFault("ECHOED_KEY"));

  SessionWalk spki = SessionWalk::Release(world_, world_.node_tls, world_.node_tls);
  spki.MakeS1();
  EXPECT_THAT(spki.DeliverS1(), HasFault("ECHOED_KEY"));
}

TEST_F(MitmAttack, ConnectingWithTheServersOwnTlsKey_IsRefused) {
  SessionWalk walk = SessionWalk::Release(world_, world_.service_tls, world_.service_tls);
  EXPECT_THAT(walk.server.OnHello(walk.c1), HasFault("ECHOED_KEY"));
}

}  // namespace
}  // namespace kedge::testing
