// The edge over real gRPC and TLS on loopback: honest exchanges, refusals, limits, shutdown.
#include <gtest/gtest.h>

#include <absl/synchronization/notification.h>
#include <absl/time/clock.h>

#include <thread>

#include "attestation/channel_grpc/client.h"
#include "attestation/channel_grpc/client_stream.h"
#include "attestation/channel_grpc/testing/grpc_world.h"
#include "base/status_matchers.h"

namespace kedge::testing {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(20);

class GrpcExchange : public ::testing::Test {
 protected:
  StatusOr<ExchangeResult> Run(const LoopbackServer& loopback, const ClientExchange& exchange) {
    return RunExchange(loopback.endpoint(), exchange, world_.random, kTimeout);
  }

  std::unique_ptr<ClientStream> Silent(const LoopbackServer& loopback) {
    auto stream = Must(ClientStream::Open(loopback.endpoint(), client_tls_, kTimeout));
    EXPECT_OK(stream->Write(HelloC1{.nonce = Bytes(32, 1), .ephemeral_key = Bytes(32, 9)}));
    EXPECT_OK(stream->Read());  // S1
    return stream;
  }

  ChannelWorld world_;
  TlsIdentity client_tls_ = Must(MakeTlsIdentity());
};

TEST_F(GrpcExchange, ReleasesABoxToAnAttestedNodeAfterEnrolment) {
  LoopbackServer loopback(world_, [](WorldServer& server) { server.enrol = true; });
  const StatusOr<ExchangeResult> result = Run(loopback, world_.Release());
  ASSERT_OK(result);
  ASSERT_TRUE(result->box.has_value());
  EXPECT_EQ(Plain(result->box->secret), "the data encryption key of node-2");
  const std::vector<ExchangeEvent> events = loopback.log.WaitFor(1);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_OK(events[0].status);
  EXPECT_EQ(events[0].correlation_id.size(), 16u);
  EXPECT_EQ(events[0].peer.substr(0, 15), "ipv4:127.0.0.1:");
}

TEST_F(GrpcExchange, UploadsASecret) {
  LoopbackServer loopback(world_, {}, LoopbackServer::DefaultOptions(),
                          [](ChannelWorld& world) { return WorldServer::ForInit(world); });
  const StatusOr<ExchangeResult> result = Run(loopback, world_.Init());
  ASSERT_OK(result);
  EXPECT_EQ(AsText(result->upload_result), "receipt");
}

TEST_F(GrpcExchange, CarriesTheLongestMessages) {
  LoopbackServer loopback(world_, [](WorldServer& server) {
    server.payload = std::string(kMaxPayload, 'p');
    server.dek = std::string(200 * 1024, 'd');
  });
  ClientExchange release = world_.Release();
  release.request = Bytes(kMaxRequest, 'r');
  release.payload = Bytes(kMaxPayload, 'c');
  const StatusOr<ExchangeResult> result = Run(loopback, release);
  ASSERT_OK(result);
  EXPECT_EQ(result->payload.size(), kMaxPayload);
  EXPECT_EQ(result->box->secret.size(), 200u * 1024);
}

TEST_F(GrpcExchange, DiscoversAServer) {
  LoopbackServer loopback(world_);
  const absl::Time start = absl::Now();
  ASSERT_OK_AND_ASSIGN(const ServiceHello hello,
                       Discover(loopback.endpoint(), world_.random, kTimeout));
  EXPECT_EQ(hello.cluster_id, world_.cluster_id);
  EXPECT_EQ(hello.service_key_spki, world_.identity->public_key().spki());
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
  EXPECT_THAT(loopback.log.WaitFor(1).at(0).status, HasCode(StatusCode::kCancelled));
}

TEST_F(GrpcExchange, EveryExchangeHasItsOwnTlsKeyAndCorrelationId) {
  LoopbackServer loopback(world_);
  ASSERT_OK(Run(loopback, world_.Release()));
  ASSERT_OK(Run(loopback, world_.Release()));
  const std::vector<ExchangeEvent> events = loopback.log.WaitFor(2);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_NE(events[0].correlation_id, events[1].correlation_id);
  ASSERT_OK_AND_ASSIGN(const TlsIdentity one, MakeTlsIdentity());
  ASSERT_OK_AND_ASSIGN(const TlsIdentity two, MakeTlsIdentity());
  EXPECT_NE(one.spki, two.spki);
  EXPECT_NE(one.spki, loopback.tls.spki);
}

TEST_F(GrpcExchange, ARefusalCarriesCodeAndTheIdOfTheLogLineButNotTheReason) {
  LoopbackServer loopback(world_, [](WorldServer& server) {
    server.admit_error = Refused("IMAGE_NOT_ACCEPTED", "PCR 4 differs");
  });
  const StatusOr<ExchangeResult> result = Run(loopback, world_.Release());
  ASSERT_THAT(result, HasFault("IMAGE_NOT_ACCEPTED"));
  const std::string message = MessageOf(result.status());
  EXPECT_EQ(message.find("PCR"), std::string::npos);
  const std::vector<ExchangeEvent> events = loopback.log.WaitFor(1);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_NE(message.find(events[0].correlation_id), std::string::npos);
  EXPECT_NE(MessageOf(events[0].status).find("PCR 4 differs"), std::string::npos);
}

TEST_F(GrpcExchange, NobodyListeningIsUnavailableAndRetryable) {
  int port = 0;
  {
    LoopbackServer loopback(world_);
    port = loopback.server->port();
  }
  const Status status =
      Discover("127.0.0.1:" + std::to_string(port), world_.random, kTimeout).status();
  EXPECT_THAT(status, HasCode(StatusCode::kUnavailable));
  EXPECT_TRUE(IsRetryable(status));
}

TEST_F(GrpcExchange, TheClientsLimitIsKept) {
  absl::Notification release_the_server;
  LoopbackServer loopback(world_, [&](WorldServer& server) {
    server.before_answer = [&] { release_the_server.WaitForNotification(); };
  });
  const absl::Time start = absl::Now();
  EXPECT_THAT(
      RunExchange(loopback.endpoint(), world_.Release(), world_.random, absl::Milliseconds(500)),
      HasCode(StatusCode::kDeadlineExceeded));
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
  release_the_server.Notify();
}

TEST_F(GrpcExchange, ASilentClientIsCutOffAndDoesNotHoldUpOthers) {
  ExchangeServer::Options options = LoopbackServer::DefaultOptions();
  options.exchange_timeout = absl::Seconds(2);
  LoopbackServer loopback(world_, {}, options);
  const auto silent = Silent(loopback);
  // Another client is served while the silent one keeps its stream.
  EXPECT_OK(Run(loopback, world_.Release()));
  EXPECT_EQ(loopback.log.WaitFor(1).size(), 1u);
  EXPECT_THAT(silent->Read(), HasCode(StatusCode::kUnavailable));
  const std::vector<ExchangeEvent> events = loopback.log.WaitFor(2);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_THAT(events[1].status, HasCode(StatusCode::kDeadlineExceeded));
}

TEST_F(GrpcExchange, BeyondTheLimitAClientIsToldToComeBack) {
  ExchangeServer::Options options = LoopbackServer::DefaultOptions();
  options.max_concurrent_exchanges = 2;  // so one for this address
  absl::Notification entered, leave;
  LoopbackServer loopback(
      world_,
      [&](WorldServer& server) {
        server.before_answer = [&] {
          entered.Notify();
          leave.WaitForNotification();
        };
      },
      options);
  std::thread slow([&] { EXPECT_OK(Run(loopback, world_.Release())); });
  entered.WaitForNotification();
  const StatusOr<ExchangeResult> result = Run(loopback, world_.Release());
  EXPECT_THAT(result, HasFault("BUSY"));
  EXPECT_TRUE(IsRetryable(result.status()));
  leave.Notify();
  slow.join();
}

TEST_F(GrpcExchange, ShutdownWaitsForARunningExchange) {
  absl::Notification entered, leave;
  LoopbackServer loopback(world_, [&](WorldServer& server) {
    server.before_answer = [&] {
      entered.Notify();
      leave.WaitForNotification();
    };
  });
  std::thread running([&] { EXPECT_OK(Run(loopback, world_.Release())); });
  entered.WaitForNotification();
  std::thread shutdown([&] { loopback.server->Shutdown(); });
  leave.Notify();
  running.join();
  shutdown.join();
  EXPECT_THAT(Run(loopback, world_.Release()), HasCode(StatusCode::kUnavailable));
}

TEST_F(GrpcExchange, ShutdownCutsOffASilentClientAfterItsGrace) {
  LoopbackServer loopback(world_);
  const auto silent = Silent(loopback);
  const absl::Time start = absl::Now();
  loopback.server->Shutdown();
  EXPECT_LT(absl::Now() - start, absl::Seconds(15));
  silent->Close(false);
}

TEST_F(GrpcExchange, APortInUseIsAnErrorAndNotShared) {
  LoopbackServer first(world_);
  ExchangeServer::Options options;
  options.listen = {first.endpoint()};
  EXPECT_THAT(ExchangeServer::Start(
                  options, [&] { return std::make_unique<WorldServer>(world_); },
                  [](const ExchangeEvent&) {}, world_.random),
              HasCode(StatusCode::kUnavailable));
}

TEST_F(GrpcExchange, SenselessOptionsAreRefused) {
  const auto start = [&](const ExchangeServer::Options& options) {
    return ExchangeServer::Start(
        options, [&] { return std::make_unique<WorldServer>(world_); }, [](const ExchangeEvent&) {},
        world_.random);
  };
  ExchangeServer::Options options;
  EXPECT_THAT(start(options), HasCode(StatusCode::kInvalidArgument));
  options = LoopbackServer::DefaultOptions();
  options.max_concurrent_exchanges = 0;
  EXPECT_THAT(start(options), HasCode(StatusCode::kInvalidArgument));
  options = LoopbackServer::DefaultOptions();
  options.exchange_timeout = absl::ZeroDuration();
  EXPECT_THAT(start(options), HasCode(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace kedge::testing
