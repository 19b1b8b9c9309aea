#include "attestation/channel/drive.h"

#include <gtest/gtest.h>

#include <thread>

#include "attestation/channel/testing/channel_world.h"
#include "base/status_matchers.h"

namespace kedge::testing {
namespace {

class Drive : public ::testing::Test {
 protected:
  ChannelWorld world_;
  WorldServer server_{world_};
};

TEST_F(Drive, ReleasesABoxToAnAttestedNode) {
  const Outcome outcome = RunBoth(world_, world_.Release(), server_);
  ASSERT_OK(outcome.client);
  EXPECT_OK(outcome.server);
  ASSERT_TRUE(outcome.client->box.has_value());
  EXPECT_EQ(outcome.client->box->kind, "dek");
  EXPECT_EQ(outcome.client->box->id, "node-2/state");
  EXPECT_EQ(outcome.client->box->generation, 1u);
  EXPECT_EQ(Plain(outcome.client->box->secret), server_.dek);
  EXPECT_EQ(AsText(outcome.client->payload), "join documents");
  EXPECT_EQ(outcome.client->cluster_id, world_.cluster_id);
  EXPECT_EQ(outcome.client->service_key_spki, world_.identity->public_key().spki());
  ASSERT_TRUE(server_.admitted.has_value());
  EXPECT_EQ(AsText(server_.admitted->request), "release node-2/state");
  EXPECT_EQ(AsText(server_.admitted->payload), "endorsements and certificate request");
  EXPECT_FALSE(server_.activated);
}

TEST_F(Drive, EnrolsAnUnknownAttestationKey) {
  server_.enrol = true;
  const Outcome outcome = RunBoth(world_, world_.Release(), server_);
  EXPECT_OK(outcome.client);
  EXPECT_OK(outcome.server);
  EXPECT_TRUE(server_.activated);
}

TEST_F(Drive, AnswersAnOutsiderWhoOnlyVerifies) {
  bool seen = false;
  ClientExchange verify = world_.Verify();
  verify.verify_server = [&](const ServerProof& proof) {
    seen = true;
    EXPECT_EQ(proof.cluster_id, world_.cluster_id);
    EXPECT_EQ(proof.service_key_spki, world_.identity->public_key().spki());
    EXPECT_EQ(proof.manifest_generation, 3u);
    EXPECT_EQ(proof.manifest_digest, Sha256(AsBytes("manifest 3")));
    return world_.CheckService(proof);
  };
  const Outcome outcome = RunBoth(world_, verify, server_);
  ASSERT_OK(outcome.client);
  EXPECT_OK(outcome.server);
  EXPECT_TRUE(seen);
  EXPECT_FALSE(outcome.client->box.has_value());
}

TEST_F(Drive, UploadsASecretAndReturnsTheSealedResult) {
  const auto server = WorldServer::ForInit(world_);
  const Outcome outcome = RunBoth(world_, world_.Init(), *server);
  ASSERT_OK(outcome.client);
  EXPECT_OK(outcome.server);
  EXPECT_EQ(server->uploaded, "the seed");
  EXPECT_EQ(AsText(outcome.client->upload_result), "receipt");
  EXPECT_EQ(outcome.client->service_key_spki, world_.identity->public_key().spki());
}

TEST_F(Drive, BothEndsSeeTheSameContext) {
  Bytes client_context;
  ClientExchange release = world_.Release();
  release.verify_server = [&](const ServerProof& proof) {
    client_context = proof.context;
    return world_.CheckService(proof);
  };
  ASSERT_OK(RunBoth(world_, release, server_).client);
  EXPECT_FALSE(client_context.empty());
  EXPECT_EQ(client_context, server_.admitted->context);
}

TEST_F(Drive, ARefusalShowsCodeIdAndAdviceButNeverTheReason) {
  server_.admit_error = Refused("IMAGE_NOT_ACCEPTED", "PCR 4 is 1234 where 5678 is expected");
  const Outcome outcome = RunBoth(world_, world_.Release(), server_);
  EXPECT_THAT(outcome.server, HasFault("IMAGE_NOT_ACCEPTED"));
  ASSERT_THAT(outcome.client, HasFault("IMAGE_NOT_ACCEPTED"));
  const std::string message = MessageOf(outcome.client.status());
  EXPECT_NE(message.find(kTestCorrelationId), std::string::npos);
  EXPECT_EQ(message.find("PCR"), std::string::npos);
  EXPECT_EQ(GetFault(outcome.client.status())->advice, Advice::kAskOperator);
  EXPECT_FALSE(server_.answered);
}

TEST_F(Drive, ATransientErrorOfTheServerIsRetryableForTheClient) {
  for (const StatusCode code : {StatusCode::kUnavailable, StatusCode::kResourceExhausted}) {
    WorldServer server(world_);
    server.admit_error = MakeError(code, "the TPM does not answer");
    const Outcome outcome = RunBoth(world_, world_.Release(), server);
    EXPECT_THAT(outcome.client, HasFault(std::string(absl::StatusCodeToString(code))));
    EXPECT_TRUE(IsRetryable(outcome.client.status()));
  }
  server_.admit_error = Internal("a bug");
  EXPECT_FALSE(IsRetryable(RunBoth(world_, world_.Release(), server_).client.status()));
}

TEST_F(Drive, AnUnauthenticatedPeerCannotOrderAReboot) {
  const Status status = FromRefusal({.code = "STALE_BOOT",
                                     .correlation_id = kTestCorrelationId,
                                     .advice = static_cast<int>(Advice::kReboot)});
  EXPECT_EQ(GetFault(status)->advice, Advice::kAskOperator);
}

TEST_F(Drive, AMalformedRefusalIsNotRepeated) {
  for (const Refusal& refusal :
       {Refusal{.code = "", .correlation_id = kTestCorrelationId, .advice = 0},
        Refusal{.code = "lower", .correlation_id = kTestCorrelationId, .advice = 0},
        Refusal{.code = "\x1b[2J", .correlation_id = kTestCorrelationId, .advice = 0},
        Refusal{.code = std::string(65, 'A'), .correlation_id = kTestCorrelationId, .advice = 0},
        Refusal{.code = "BUSY", .correlation_id = "0123", .advice = 0},
        Refusal{.code = "BUSY", .correlation_id = "0123456789ABCDEF", .advice = 0}}) {
    EXPECT_THAT(FromRefusal(refusal), HasFault("MALFORMED"));
  }
}

TEST_F(Drive, TheBoxStaysClosedAndNothingGoesUpWhenTheEvidenceIsRefused) {
  bool asked_for_the_secret = false;
  ClientExchange init = world_.Init();
  init.verify_server = [](const ServerProof&) {
    return Refused("IMAGE_NOT_ACCEPTED", "another image");
  };
  init.upload = [&]() -> StatusOr<SecretBytes> {
    asked_for_the_secret = true;
    return Secret("the seed");
  };
  const auto server = WorldServer::ForInit(world_);
  const Outcome outcome = RunBoth(world_, init, *server);
  EXPECT_THAT(outcome.client, HasFault("IMAGE_NOT_ACCEPTED"));
  EXPECT_FALSE(asked_for_the_secret);
  EXPECT_EQ(server->uploaded, "");
}

TEST_F(Drive, AClientThatWouldTrustAnybodyDoesNotStart) {
  ClientExchange release = world_.Release();
  release.verify_server = nullptr;
  const Outcome outcome = RunBoth(world_, release, server_);
  EXPECT_THAT(outcome.client, HasCode(StatusCode::kInternal));
  EXPECT_FALSE(server_.admitted.has_value());
}

TEST_F(Drive, DiscoverLearnsWhoServesAndSendsNothingMore) {
  MemoryLink link({.own_spki = world_.node_tls, .peer_spki = world_.service_tls});
  int sent = 0;
  link.on_client_message = [&](ClientMessage&) { ++sent; };
  Status server_status;
  std::thread thread([&] {
    server_status = DriveServer(server_, link.server(),
                                {.own_spki = world_.service_tls, .peer_spki = world_.node_tls},
                                world_.random, kTestCorrelationId);
  });
  const StatusOr<ServiceHello> hello = DriveDiscover(link.client(), world_.node_tls, world_.random);
  link.CloseUp();
  thread.join();
  ASSERT_OK(hello);
  EXPECT_EQ(hello->cluster_id, world_.cluster_id);
  EXPECT_EQ(hello->manifest_generation, 3u);
  EXPECT_EQ(sent, 1);
  EXPECT_THAT(server_status, HasCode(StatusCode::kCancelled));
  EXPECT_FALSE(server_.admitted.has_value());
}

}  // namespace
}  // namespace kedge::testing
