#include "attestation/channel_grpc/endpoint.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge {
namespace {

TEST(EndpointTest, TakesNamesAndAddressesWithAPort) {
  for (const char* good : {"192.168.77.11:7443", "localhost:1", "key-1.example.org:65535",
                           "[::1]:7443", "[2001:db8::1]:7443"}) {
    ASSERT_OK_AND_ASSIGN(const std::string target, TargetOfEndpoint(good));
    EXPECT_EQ(target, "dns:///" + std::string(good));
  }
}

// Each of these would make gRPC use another resolver, another authority or no port.
TEST(EndpointTest, RefusesEverythingElse) {
  for (const std::string& bad : std::vector<std::string>{"",
                                                         ":",
                                                         ":7443",
                                                         "host",
                                                         "host:",
                                                         "host:0",
                                                         "host:65536",
                                                         "host:-1",
                                                         "host:7443 ",
                                                         "host:http",
                                                         "unix:/run/socket",
                                                         "unix:///run/socket:1",
                                                         "unix-abstract:name:1",
                                                         "dns://resolver.example/host:7443",
                                                         "ipv4:192.0.2.1:7443",
                                                         "xds:///host:7443",
                                                         "host/path:7443",
                                                         "host\n:7443",
                                                         "user@host:7443",
                                                         "2001:db8::1:7443",
                                                         "[]:7443",
                                                         "[::1:7443",
                                                         "::1]:7443",
                                                         "host,other:7443",
                                                         std::string(254, 'a') + ":7443"}) {
    EXPECT_THAT(TargetOfEndpoint(bad), HasCode(StatusCode::kInvalidArgument)) << bad;
  }
}

}  // namespace
}  // namespace kedge
