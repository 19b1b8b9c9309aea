// A host that sets the machine's clock: the service judges and issues by the latest of clock, image
// and invitation.
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "keyservice/server/testing/certificate.h"
#include "keyservice/server/testing/service_world.h"

namespace kedge::keyservice {
namespace {

using testing::FakeNode;
using testing::kOwnersNow;
using testing::ServiceWorld;
using testing::ShownCertificate;
using testing::TestRelease;

// Certificates of the test's TPMs are valid from 2020 to 2049; kOwnersNow is in 2026.
constexpr absl::Duration kTenYears = absl::Hours(24 * 3653);

ShownCertificate Shown(const std::string& pem) {
  StatusOr<ShownCertificate> shown = testing::DescribeCertificate(pem);
  EXPECT_OK(shown);
  return shown.ok() ? *shown : ShownCertificate{};
}

TEST(ServiceClock, SetBackTenYearsItIsTheInvitationsIssueTime) {
  ServiceWorld world;
  world.SetClock(kOwnersNow - kTenYears);
  ASSERT_OK(world.RestartService());
  ASSERT_OK(world.Init()) << "in 2016 this machine's EK certificate would not be valid yet";
  ASSERT_OK(world.OpenDisk());
  EXPECT_EQ(Shown(world.init().ca_pem).not_before, kOwnersNow - absl::Hours(1));
  FakeNode node(world.ca());
  ASSERT_OK_AND_ASSIGN(const TestRelease release,
                       world.client().Release(world.AskOf(node, "node-2")));
  EXPECT_EQ(Shown(release.certificate_pem).not_before, kOwnersNow - absl::Hours(1));
  EXPECT_EQ(world.service().FactsFor("node-2", {}).entry->last_seen->time, kOwnersNow);
}

TEST(ServiceClock, SetBackUnderARunningServiceChangesNothing) {
  ServiceWorld world;
  ASSERT_OK(world.Init());
  ASSERT_OK(world.OpenDisk());
  world.SetClock(absl::UnixEpoch());
  FakeNode node(world.ca());
  ASSERT_OK_AND_ASSIGN(const TestRelease release,
                       world.client().Release(world.AskOf(node, "node-2")));
  EXPECT_EQ(Shown(release.certificate_pem).not_before, kOwnersNow - absl::Hours(1));
}

TEST(ServiceClock, WithoutAnInvitationTheImagesBuildTimeIsTheFloor) {
  const absl::Time built = kOwnersNow - absl::Hours(24 * 30);
  ServiceWorld world({.invited = false, .build_time = built});
  world.SetClock(kOwnersNow - kTenYears);
  ASSERT_OK(world.Init());
  EXPECT_EQ(Shown(world.init().ca_pem).not_before, built - absl::Hours(1));
}

// Later than image and invitation the clock counts, as it must on a machine that runs for years.
// All that a host gains is certificates that are not valid yet.
TEST(ServiceClock, SetForwardTenYearsItCounts) {
  ServiceWorld world({.build_time = kOwnersNow});
  ASSERT_OK(world.Init());
  ASSERT_OK(world.OpenDisk());
  world.SetClock(kOwnersNow + kTenYears);
  FakeNode node(world.ca());
  ASSERT_OK_AND_ASSIGN(const TestRelease release,
                       world.client().Release(world.AskOf(node, "node-2")));
  EXPECT_EQ(Shown(release.certificate_pem).not_before, kOwnersNow + kTenYears - absl::Hours(1));
}

// Nobody else could use what such a service makes, and a later start with the right clock would
// keep its certificate authority.
TEST(ServiceClock, AheadOfTheOwnersNoClusterIsMadeOrRecovered) {
  ServiceWorld world;
  world.SetClock(kOwnersNow + kTenYears);
  EXPECT_THAT(world.Init(), HasFault("CLOCK_AHEAD"));
  world.SetClock(kOwnersNow + absl::Minutes(61));
  EXPECT_THAT(world.Init(), HasFault("CLOCK_AHEAD"));
  world.SetClock(kOwnersNow + absl::Minutes(59));
  ASSERT_OK(world.Init()) << "put right, it goes on";
  ASSERT_OK(world.OpenDisk());
  world.Boot(StateDiskContent::kLuks2);
  world.SetClock(kOwnersNow + kTenYears);
  ASSERT_OK(world.RestartService());
  EXPECT_THAT(world.Recover(), HasFault("CLOCK_AHEAD"));
  world.SetClock(kOwnersNow);
  EXPECT_OK(world.Recover());
}

TEST(ServiceClock, SetForwardBeyondATpmsCertificateNothingIsReleased) {
  ServiceWorld world;
  ASSERT_OK(world.Init());
  ASSERT_OK(world.OpenDisk());
  world.SetClock(kOwnersNow + 3 * kTenYears);
  FakeNode node(world.ca());
  const testing::NodeAsk ask = world.AskOf(node, "node-2");
  EXPECT_THAT(world.client().Release(ask), HasFault("EK_NOT_TRUSTED"));
  EXPECT_FALSE(world.service().FactsFor("node-2", {}).entry.has_value());
  world.SetClock(kOwnersNow);
  EXPECT_OK(world.client().Release(ask)) << "put right, it goes on";
}

}  // namespace
}  // namespace kedge::keyservice
