#include "bootstrapper/core/invitation.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge {
namespace {

Invitation Worker() {
  return {.node = "node-2",
          .role = "worker",
          .cluster_id = Bytes(32, 1),
          .service_key_spki = Bytes(91, 2),
          .endpoints = {"192.168.77.11:7443"},
          .issue_time = absl::UnixEpoch()};
}
Invitation FirstNode() { return {.node = "node-1", .role = "control-plane"}; }

TEST(Invitation, GoodOnesAreAccepted) {
  EXPECT_OK(ValidateInvitation(Worker()));
  EXPECT_OK(ValidateInvitation(FirstNode()));
  EXPECT_TRUE(FirstNode().IsFirstNode());
  EXPECT_FALSE(Worker().IsFirstNode());
}

struct Case {
  const char* name;
  void (*spoil)(Invitation&);
};

class BadInvitation : public testing::TestWithParam<Case> {};

TEST_P(BadInvitation, IsRefused) {
  Invitation invitation = Worker();
  GetParam().spoil(invitation);
  EXPECT_THAT(ValidateInvitation(invitation), HasFault("INVITATION_NOT_ACCEPTED"));
}

INSTANTIATE_TEST_SUITE_P(
    Invitation, BadInvitation,
    testing::Values(Case{"NoName", [](Invitation& i) { i.node.clear(); }},
                    Case{"UpperCaseName", [](Invitation& i) { i.node = "Node"; }},
                    Case{"NameWithSlash", [](Invitation& i) { i.node = "../node"; }},
                    Case{"NameWithNewline", [](Invitation& i) { i.node = "node\n"; }},
                    Case{"NameEndsWithHyphen", [](Invitation& i) { i.node = "node-"; }},
                    Case{"LongName", [](Invitation& i) { i.node = std::string(64, 'a'); }},
                    Case{"UnknownRole", [](Invitation& i) { i.role = "admin"; }},
                    Case{"WorkerWithoutCluster",
                         [](Invitation& i) { i.cluster_id.clear(), i.service_key_spki.clear(); }},
                    Case{"ClusterWithoutKey", [](Invitation& i) { i.service_key_spki.clear(); }},
                    Case{"KeyWithoutCluster", [](Invitation& i) { i.cluster_id.clear(); }},
                    Case{"ShortClusterId", [](Invitation& i) { i.cluster_id.resize(31); }},
                    Case{"NoEndpoint", [](Invitation& i) { i.endpoints.clear(); }}),
    [](const auto& test) { return test.param.name; });

TEST(EffectiveNow, IsTheLatest) {
  const absl::Time a = absl::FromUnixSeconds(1);
  const absl::Time b = absl::FromUnixSeconds(2);
  const absl::Time c = absl::FromUnixSeconds(3);
  EXPECT_EQ(EffectiveNow(a, b, c), c);
  EXPECT_EQ(EffectiveNow(c, a, b), c);
  EXPECT_EQ(EffectiveNow(b, c, a), c);
}

}  // namespace
}  // namespace kedge
