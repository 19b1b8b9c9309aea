// The edge over real gRPC and TLS on loopback: honest exchanges, refusals, limits, shutdown.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "attestation/channel_grpc/client.h"
#include "attestation/channel_grpc/testing/grpc_world.h"
#include "base/status_matchers.h"

namespace kedge::channel_testing {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(20);

class GrpcExchange : public ::testing::Test {
 protected:
  ChannelWorld world_;
};

TEST_F(GrpcExchange, ReleasesABoxToAnAttestedNode) {
  LoopbackServer loopback(world_, [](WorldServer& server) { server.enrol = true; });
  const StatusOr<ExchangeResult> result =
      RunExchange(loopback.endpoint(), world_.Release(), world_.random, kTimeout);
  ASSERT_OK(result);
  ASSERT_TRUE(result->box.has_value());
  EXPECT_EQ(Plain(result->box->secret), "the data encryption key of node-2");
  const std::vector<ExchangeEvent> events = loopback.log.WaitFor(1);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_OK(events[0].status);
  EXPECT_EQ(events[0].correlation_id.size(), 16u);
  EXPECT_EQ(events[0].peer.substr(0, 15), "ipv4:127.0.0.1:");
}

TEST_F(GrpcExchange, DiscoversAServer) {
  LoopbackServer loopback(world_);
  const StatusOr<ServiceHello> hello = Discover(loopback.endpoint(), world_.random, kTimeout);
  ASSERT_OK(hello);
  EXPECT_EQ(hello->cluster_id, world_.cluster_id);
  EXPECT_EQ(hello->service_key_spki, world_.identity->public_key().spki());
}

}  // namespace
}  // namespace kedge::channel_testing
