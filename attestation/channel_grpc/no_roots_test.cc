// A node has no CA bundle, and an exchange looks for none. In a program of its own: gRPC reads the
// bundle only once.
#include <gtest/gtest.h>
#include <stdlib.h>

#include "attestation/channel_grpc/client.h"
#include "attestation/channel_grpc/testing/grpc_world.h"
#include "base/status_matchers.h"
#include "house/folders.h"

namespace kedge::testing {
namespace {

TEST(NoRoots, ExchangeWithoutCertificateAuthorities) {
  // A bundle that cannot be loaded: whoever looks at it fails.
  setenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", KEDGE_SOURCE_DIR "/LICENSE", 1);
  ChannelWorld world;
  LoopbackServer loopback(world);
  EXPECT_OK(RunExchange(loopback.endpoint(), world.Release(), world.random, absl::Seconds(20)));
}

}  // namespace
}  // namespace kedge::testing
