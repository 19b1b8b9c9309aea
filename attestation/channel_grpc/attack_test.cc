// Attacks over real gRPC and TLS on loopback. The same attacks at session level, and those that
// need no wire: attestation/channel/attack_*_test.cc.
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <chrono>
#include <mutex>

#include "attestation/channel_grpc/client.h"
#include "attestation/channel_grpc/client_stream.h"
#include "attestation/channel_grpc/testing/grpc_world.h"
#include "attestation/channel_grpc/testing/relay.h"
#include "base/status_matchers.h"
#include "proto/kedge.grpc.pb.h"

namespace kedge::testing {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(20);

class GrpcAttack : public ::testing::Test {
 protected:
  static LoopbackServer::Make ForInit() {
    return [](ChannelWorld& world) { return WorldServer::ForInit(world); };
  }
  // A client whose TLS key the attacker may know as well.
  StatusOr<ExchangeResult> RunWithIdentity(const std::string& endpoint,
                                           const ClientExchange& exchange,
                                           const TlsIdentity& identity) {
    ASSIGN_OR_RETURN(const auto stream, ClientStream::Open(endpoint, identity, kTimeout));
    auto result = DriveClient(exchange, *stream, identity.spki, world_.random);
    stream->Close(result.ok());
    return result;
  }
  std::unique_ptr<ClientStream> Connect(const LoopbackServer& loopback) {
    return Must(ClientStream::Open(loopback.endpoint(), client_tls_, kTimeout));
  }
  // What the relay saw, as one string for searching.
  template <typename Message>
  std::function<void(Message&)> Record(std::string& to) {
    return [this, &to](Message& message) {
      const std::lock_guard<std::mutex> lock(mutex_);
      to += ToWireText(message);
    };
  }
  static std::string ToWireText(const ClientMessage& message) {
    const auto* c2 = std::get_if<ProofC2>(&message);
    return c2 == nullptr ? "" : std::string(AsText(c2->sealed));
  }
  static std::string ToWireText(const ServerMessage& message) {
    const auto* s2 = std::get_if<AnswerS2>(&message);
    return s2 == nullptr ? "" : std::string(AsText(s2->box)) + std::string(AsText(s2->payload));
  }

  ChannelWorld world_;
  TlsIdentity client_tls_ = Must(MakeTlsIdentity());
  TlsIdentity evil_tls_ = Must(MakeTlsIdentity());
  std::mutex mutex_;
};

TEST_F(GrpcAttack, MitmWithOwnTls_APinnedClientLeavesAfterS1) {
  LoopbackServer loopback(world_);
  std::string up, down;
  const auto relay = Relay::Start({.target = loopback.endpoint(),
                                   .towards_client = evil_tls_,
                                   .towards_server = evil_tls_,
                                   .on_client_message = Record<ClientMessage>(up),
                                   .on_server_message = Record<ServerMessage>(down)});
  EXPECT_THAT(RunExchange(relay->endpoint(), world_.Release(), world_.random, kTimeout),
              HasFault("BAD_SIGNATURE"));
  EXPECT_THAT(loopback.log.WaitFor(1).at(0).status, HasCode(StatusCode::kCancelled));
  EXPECT_EQ(up + down, "");  // neither C2 nor S2
}

TEST_F(GrpcAttack, MitmWithOwnTls_AnAwaitingServerRefusesC2) {
  LoopbackServer loopback(world_, {}, LoopbackServer::DefaultOptions(), ForInit());
  const auto relay = Relay::Start(
      {.target = loopback.endpoint(), .towards_client = evil_tls_, .towards_server = evil_tls_});
  EXPECT_THAT(RunExchange(relay->endpoint(), world_.Init(), world_.random, kTimeout),
              HasFault("BOX_NOT_AUTHENTIC"));
  EXPECT_THAT(loopback.log.WaitFor(1).at(0).status, HasFault("BOX_NOT_AUTHENTIC"));
}

TEST_F(GrpcAttack, MitmHoldingBothTlsKeys_ForwardsAllAndReadsNothing) {
  LoopbackServer loopback(world_);
  std::string up, down;
  const auto relay = Relay::Start({.target = loopback.endpoint(),
                                   .towards_client = loopback.tls,
                                   .towards_server = client_tls_,
                                   .on_client_message = Record<ClientMessage>(up),
                                   .on_server_message = Record<ServerMessage>(down)});
  const auto result = RunWithIdentity(relay->endpoint(), world_.Release(), client_tls_);
  ASSERT_OK(result);
  EXPECT_EQ(Plain(result->box->secret), "the data encryption key of node-2");
  // The relay did see the exchange, with its public payload, and no secret or identity in it.
  EXPECT_NE(down.find("join documents"), std::string::npos);
  EXPECT_EQ(down.find("the data encryption key"), std::string::npos);
  ASSERT_FALSE(up.empty());
  EXPECT_EQ(up.find("release node-2"), std::string::npos);
  EXPECT_EQ(up.find(AsText(world_.node_chip.id())), std::string::npos);
}

TEST_F(GrpcAttack, MitmHoldingBothTlsKeys_SwapsEpkC) {
  LoopbackServer loopback(world_);
  const auto relay = Relay::Start({.target = loopback.endpoint(),
                                   .towards_client = loopback.tls,
                                   .towards_server = client_tls_,
                                   .on_client_message = [](ClientMessage& message) {
                                     if (auto* c1 = std::get_if<HelloC1>(&message))
                                       c1->ephemeral_key[0] ^= 1;
                                   }});
  EXPECT_THAT(RunWithIdentity(relay->endpoint(), world_.Release(), client_tls_),
              HasFault("BAD_SIGNATURE"));
}

TEST_F(GrpcAttack, MitmHoldingBothTlsKeys_SwapsEpkS) {
  LoopbackServer loopback(world_);
  const auto relay = Relay::Start({.target = loopback.endpoint(),
                                   .towards_client = loopback.tls,
                                   .towards_server = client_tls_,
                                   .on_server_message = [](ServerMessage& message) {
                                     if (auto* s1 = std::get_if<HelloS1>(&message))
                                       s1->ephemeral_key[0] ^= 1;
                                   }});
  EXPECT_THAT(RunWithIdentity(relay->endpoint(), world_.Release(), client_tls_),
              HasFault("BAD_SIGNATURE"));
}

TEST_F(GrpcAttack, MitmHoldingBothTlsKeys_ChangesS2) {
  for (Bytes AnswerS2::*field :
       {&AnswerS2::evidence, &AnswerS2::payload, &AnswerS2::box, &AnswerS2::sig_id}) {
    LoopbackServer loopback(world_);
    const auto relay = Relay::Start({.target = loopback.endpoint(),
                                     .towards_client = loopback.tls,
                                     .towards_server = client_tls_,
                                     .on_server_message = [field](ServerMessage& message) {
                                       if (auto* s2 = std::get_if<AnswerS2>(&message))
                                         (s2->*field).back() ^= 1;
                                     }});
    EXPECT_THAT(RunWithIdentity(relay->endpoint(), world_.Release(), client_tls_),
                HasFault("BAD_SIGNATURE"));
  }
}

TEST_F(GrpcAttack, C1AndC2ReplayedWithTheStolenTlsKey_AreRefused) {
  LoopbackServer loopback(world_);
  std::vector<ClientMessage> recorded;
  const auto relay = Relay::Start({.target = loopback.endpoint(),
                                   .towards_client = loopback.tls,
                                   .towards_server = client_tls_,
                                   .on_client_message = [&](ClientMessage& message) {
                                     const std::lock_guard<std::mutex> lock(mutex_);
                                     recorded.push_back(message);
                                   }});
  ASSERT_OK(RunWithIdentity(relay->endpoint(), world_.Release(), client_tls_));
  ASSERT_EQ(recorded.size(), 2u);

  const auto replay = Connect(loopback);
  ASSERT_OK(replay->Write(recorded[0]));
  ASSERT_OK(replay->Read());
  ASSERT_OK(replay->Write(recorded[1]));
  ASSERT_OK_AND_ASSIGN(const ServerMessage answer, replay->Read());
  ASSERT_TRUE(std::holds_alternative<Refusal>(answer));
  EXPECT_EQ(std::get<Refusal>(answer).code, "BOX_NOT_AUTHENTIC");
  replay->Close(false);
}

TEST_F(GrpcAttack, MessagesOutOfOrder_AreRefusedWithACode) {
  const std::vector<ClientMessage> wrong_starts = {ProofC2{.sealed = Bytes(100)},
                                                   ActivationC2b{.hmac = Bytes(32)},
                                                   UploadC3{.box_up = Bytes(100)}};
  LoopbackServer loopback(world_);
  for (const ClientMessage& wrong : wrong_starts) {
    const auto stream = Connect(loopback);
    ASSERT_OK(stream->Write(wrong));
    ASSERT_OK_AND_ASSIGN(const ServerMessage answer, stream->Read());
    ASSERT_TRUE(std::holds_alternative<Refusal>(answer));
    EXPECT_EQ(std::get<Refusal>(answer).code, "MALFORMED");
    EXPECT_EQ(std::get<Refusal>(answer).correlation_id.size(), 16u);
    stream->Close(false);
  }
}

TEST_F(GrpcAttack, ALowOrderEphemeralKey_IsRefused) {
  LoopbackServer loopback(world_);
  const auto stream = Connect(loopback);
  ASSERT_OK(stream->Write(HelloC1{.nonce = Bytes(32, 1), .ephemeral_key = Bytes(32, 0)}));
  ASSERT_OK_AND_ASSIGN(const ServerMessage answer, stream->Read());
  ASSERT_TRUE(std::holds_alternative<Refusal>(answer));
  EXPECT_EQ(std::get<Refusal>(answer).code, "LOW_ORDER_KEY");
  stream->Close(false);
}

TEST_F(GrpcAttack, AMessageBeyondTheBound_EndsTheStream) {
  LoopbackServer loopback(world_);
  const auto stream = Connect(loopback);
  ASSERT_OK(stream->Write(ProofC2{.sealed = Bytes(2 * kMaxMessage)}));
  const StatusOr<ServerMessage> answer = stream->Read();
  EXPECT_FALSE(answer.ok() && !std::holds_alternative<Refusal>(*answer));
  EXPECT_FALSE(loopback.log.WaitFor(1).at(0).status.ok());
  stream->Close(false);
}

// A megabyte of zeros is a kilobyte on the wire; nobody here needs compression.
TEST_F(GrpcAttack, ACompressedMessage_IsNotUnpacked) {
  LoopbackServer loopback(world_);
  const auto channel = grpc::CreateChannel("dns:///" + loopback.endpoint(),
                                           Must(MakeChannelCredentials(client_tls_)));
  v1::KeyService::Stub stub(channel);
  grpc::ClientContext context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  const auto stream = stub.Exchange(&context);
  v1::ClientMessage message;
  message.mutable_c2()->set_sealed(std::string(kMaxMessage / 2, 0));
  stream->Write(message);
  v1::ServerMessage answer;
  EXPECT_FALSE(stream->Read(&answer)) << "the server read it: " << answer.ShortDebugString();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(GrpcAttack, TerminalEscapesInARefusal_AreNotRepeated) {
  LoopbackServer loopback(world_);
  const auto relay = Relay::Start({.target = loopback.endpoint(),
                                   .towards_client = evil_tls_,
                                   .towards_server = evil_tls_,
                                   .on_server_message = [](ServerMessage& message) {
                                     message = Refusal{.code = "\x1b[2Jowned",
                                                       .correlation_id = "0123456789abcdef",
                                                       .advice = 2};
                                   }});
  const StatusOr<ExchangeResult> result =
      RunExchange(relay->endpoint(), world_.Release(), world_.random, kTimeout);
  EXPECT_THAT(result, HasFault("MALFORMED"));
  EXPECT_EQ(MessageOf(result.status()).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace kedge::testing
