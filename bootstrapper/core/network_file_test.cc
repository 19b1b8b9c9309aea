#include "bootstrapper/core/network_file.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(NetworkFile, Static) {
  ASSERT_OK_AND_ASSIGN(const std::string file,
                       RenderNetworkFile("192.168.77.12/24", "192.168.77.1"));
  EXPECT_THAT(file, HasSubstr("\nAddress=192.168.77.12/24\nGateway=192.168.77.1\n"));
  EXPECT_THAT(file, HasSubstr("\nDHCP=no\n"));
}

TEST(NetworkFile, StaticWithoutGateway) {
  ASSERT_OK_AND_ASSIGN(const std::string file, RenderNetworkFile("10.0.0.1/8", ""));
  EXPECT_THAT(file, HasSubstr("\nAddress=10.0.0.1/8\n"));
  EXPECT_THAT(file, Not(HasSubstr("Gateway")));
}

TEST(NetworkFile, Dhcp) {
  ASSERT_OK_AND_ASSIGN(const std::string file, RenderNetworkFile("", ""));
  EXPECT_THAT(file, HasSubstr("\nDHCP=ipv4\n"));
  EXPECT_THAT(file, Not(HasSubstr("Address=")));
}

class BadAddress : public testing::TestWithParam<const char*> {};

TEST_P(BadAddress, IsRefused) {
  EXPECT_THAT(RenderNetworkFile(GetParam(), ""), HasFault("INVITATION_NOT_ACCEPTED"));
}

INSTANTIATE_TEST_SUITE_P(NetworkFile, BadAddress,
                         testing::Values("192.168.77.12", "192.168.77.12/33", "192.168.77.256/24",
                                         "192.168.77/24", "192.168.77.12/24\nDNS=1.2.3.4",
                                         "192.168.77.12/24 ", "a.b.c.d/24", "1.2.3.4/",
                                         "01.2.3.4/24", "1.2.3.4/+8", "/", "fe80::1/64"));

TEST(NetworkFile, BadGatewayIsRefused) {
  EXPECT_THAT(RenderNetworkFile("10.0.0.2/8", "10.0.0.1\n[Route]"),
              HasFault("INVITATION_NOT_ACCEPTED"));
  EXPECT_THAT(RenderNetworkFile("", "10.0.0.1"), HasFault("INVITATION_NOT_ACCEPTED"));
}

}  // namespace
}  // namespace kedge
