#include <gtest/gtest.h>

#include <algorithm>

#include "attestation/issue/testing/fake_node.h"
#include "attestation/verify/verify.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using testing::FakeNode;
using testing::TestImage;
using testing::TestTpmCa;

const ReportData kReport = Sha512(AsBytes("transcript"));
const ClusterId kCluster = {1, 2, 3};

class AppraiseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    policy_.images = {TestImage()};
    policy_.accepted_levels = {EvidenceLevel::kHostVtpm};
    policy_.cluster_id = kCluster;
    policy_.init_data = Sha256(AsBytes("invitation"));
  }
  void MeasureInvitationAndCluster() {
    ASSERT_OK(node_.Measure(InitDataEvent(AsBytes("invitation"))));
    ASSERT_OK(node_.Measure(ClusterIdEvent(kCluster)));
  }
  Claims ClaimsNow() {
    const StatusOr<Evidence> evidence = node_.issuer().Issue(kReport);
    EXPECT_OK(evidence);
    const StatusOr<Claims> claims = VerifyEvidence(*evidence, kReport);
    EXPECT_OK(claims);
    return *claims;
  }
  Appraisal Now() { return Appraise(ClaimsNow(), policy_); }

  static std::vector<std::string> Failed(const Appraisal& appraisal) {
    std::vector<std::string> names;
    for (const Check& check : appraisal.verdict.checks) {
      if (check.result == CheckResult::kFail) names.push_back(check.name);
    }
    return names;
  }
  static void ExpectFails(const Appraisal& appraisal, const std::string& name) {
    EXPECT_FALSE(appraisal.verdict.trusted());
    const std::vector<std::string> failed = Failed(appraisal);
    EXPECT_NE(std::find(failed.begin(), failed.end(), name), failed.end())
        << name << " did not fail; first failure: " << appraisal.verdict.FirstFailure();
  }

  TestTpmCa ca_;
  FakeNode node_{ca_};
  AppraisalPolicy policy_;
};

TEST_F(AppraiseTest, NodeInTheInitrdIsTrusted) {
  MeasureInvitationAndCluster();
  const Appraisal appraisal = Now();
  EXPECT_TRUE(appraisal.verdict.trusted()) << appraisal.verdict.FirstFailure();
  EXPECT_EQ(appraisal.verdict.FirstFailure(), "");
  EXPECT_EQ(appraisal.image, "kedge-test 1");
  EXPECT_EQ(appraisal.phase, "enter-initrd");
  EXPECT_FALSE(appraisal.capped);
}

TEST_F(AppraiseTest, NodeBeforeInitHasNoClusterId) {
  ASSERT_OK(node_.Measure(InitDataEvent(AsBytes("invitation"))));
  ExpectFails(Now(), "event.cluster-id");
  policy_.cluster_id.reset();
  EXPECT_TRUE(Now().verdict.trusted());
}

TEST_F(AppraiseTest, NodeWithAnUnexpectedClusterIdIsRefused) {
  MeasureInvitationAndCluster();
  policy_.cluster_id = ClusterId{9};
  ExpectFails(Now(), "event.cluster-id");
  policy_.cluster_id.reset();
  ExpectFails(Now(), "event.cluster-id");
}

TEST_F(AppraiseTest, AnotherInvitationIsRefused) {
  ASSERT_OK(node_.Measure(InitDataEvent(AsBytes("another invitation"))));
  ASSERT_OK(node_.Measure(ClusterIdEvent(kCluster)));
  ExpectFails(Now(), "event.init-data");
}

TEST_F(AppraiseTest, MissingInvitationIsRefused) {
  ASSERT_OK(node_.Measure(ClusterIdEvent(kCluster)));
  ExpectFails(Now(), "event.init-data");
}

TEST_F(AppraiseTest, SkippedInvitationIsWrittenDown) {
  MeasureInvitationAndCluster();
  policy_.init_data.reset();
  const Appraisal appraisal = Now();
  EXPECT_TRUE(appraisal.verdict.trusted());
  const auto row = std::find_if(appraisal.verdict.checks.begin(), appraisal.verdict.checks.end(),
                                [](const Check& check) { return check.name == "event.init-data"; });
  ASSERT_NE(row, appraisal.verdict.checks.end());
  EXPECT_EQ(row->result, CheckResult::kSkipped);
}

TEST_F(AppraiseTest, CappedNodeGetsNothingButAnswersStatus) {
  MeasureInvitationAndCluster();
  ASSERT_OK(node_.Measure(NodeEvent("worker", {}, {})));
  ASSERT_OK(node_.Measure(CapEvent()));
  ExpectFails(Now(), "boot.cap");
  policy_.phase = BootPhase::kAny;
  const Appraisal appraisal = Now();
  EXPECT_TRUE(appraisal.verdict.trusted()) << appraisal.verdict.FirstFailure();
  EXPECT_TRUE(appraisal.capped);
}

TEST_F(AppraiseTest, LaterPhasesGetNothingButAnswerStatus) {
  MeasureInvitationAndCluster();
  for (const char* phase : {"leave-initrd", "sysinit", "ready"}) {
    node_.EnterPhase(phase);
    policy_.phase = BootPhase::kInitrdUncapped;
    ExpectFails(Now(), "boot.phase");
    policy_.phase = BootPhase::kAny;
    const Appraisal appraisal = Now();
    EXPECT_TRUE(appraisal.verdict.trusted()) << appraisal.verdict.FirstFailure();
    EXPECT_EQ(appraisal.phase, phase);
  }
}

TEST_F(AppraiseTest, PhasesOutOfOrderAreRefused) {
  MeasureInvitationAndCluster();
  node_.EnterPhase("ready");
  policy_.phase = BootPhase::kAny;
  ExpectFails(Now(), "pcr.11");
}

TEST_F(AppraiseTest, AnotherImageIsRefusedAndNamed) {
  node_.Boot("evil");
  MeasureInvitationAndCluster();
  const Appraisal appraisal = Now();
  ExpectFails(appraisal, "image");
  ExpectFails(appraisal, "pcr.4");
  EXPECT_EQ(appraisal.image, "");
  EXPECT_NE(appraisal.verdict.FirstFailure().find("pcr."), std::string::npos);
}

TEST_F(AppraiseTest, EachReferencePcrIsEnforced) {
  MeasureInvitationAndCluster();
  for (PcrIndex pcr : {4u, 9u, 12u, 13u}) {
    Claims claims = ClaimsNow();
    claims.pcrs[pcr][5] ^= 1;
    ExpectFails(Appraise(claims, policy_), "pcr." + std::to_string(pcr));
  }
}

TEST_F(AppraiseTest, OneOfSeveralImagesSuffices) {
  node_.Boot("second");
  MeasureInvitationAndCluster();
  policy_.images = {TestImage("first"), TestImage("second")};
  const Appraisal appraisal = Now();
  EXPECT_TRUE(appraisal.verdict.trusted()) << appraisal.verdict.FirstFailure();
  EXPECT_EQ(appraisal.image, "second 1");
}

// Values of two images must not add up to a third.
TEST_F(AppraiseTest, MixtureOfTwoImagesIsRefused) {
  MeasureInvitationAndCluster();
  policy_.images = {TestImage("kedge-test"), TestImage("other")};
  Claims claims = ClaimsNow();
  claims.pcrs[4] = TestImage("other").pcrs.at(4);
  ExpectFails(Appraise(claims, policy_), "image");
}

TEST_F(AppraiseTest, EmptyPolicyTrustsNothing) {
  MeasureInvitationAndCluster();
  policy_.images.clear();
  ExpectFails(Now(), "policy.images");
  policy_.images = {TestImage()};
  policy_.accepted_levels.clear();
  ExpectFails(Now(), "evidence.level");
}

TEST_F(AppraiseTest, LevelNotNamedIsRefused) {
  MeasureInvitationAndCluster();
  policy_.accepted_levels = {EvidenceLevel::kTeeVtpm, EvidenceLevel::kTeeMeasured};
  ExpectFails(Now(), "evidence.level");
}

TEST_F(AppraiseTest, IncompleteReferenceIsAnError) {
  MeasureInvitationAndCluster();
  policy_.images[0].pcrs.erase(12);
  ExpectFails(Now(), "policy.image");
  policy_.images = {TestImage()};
  policy_.images[0].pcr11_phases.clear();
  ExpectFails(Now(), "policy.image");
  policy_.images = {TestImage()};
  policy_.images[0].pcrs[9].clear();
  ExpectFails(Now(), "policy.image");
  // Beside a good image too: a policy with a hole is not a policy.
  policy_.images.push_back(TestImage());
  ExpectFails(Now(), "policy.image");
}

TEST_F(AppraiseTest, ClaimsWithoutTheirEventsAreRefused) {
  MeasureInvitationAndCluster();
  Claims claims = ClaimsNow();
  claims.kedge_events.clear();
  const Appraisal appraisal = Appraise(claims, policy_);
  ExpectFails(appraisal, "pcr.14");
  ExpectFails(appraisal, "pcr.15");
  ExpectFails(appraisal, "event.init-data");
}

TEST_F(AppraiseTest, UnmeasuredFirmwareIsSaid) {
  node_.tpm().Reset();
  const Appraisal appraisal = Now();
  EXPECT_FALSE(appraisal.verdict.trusted());
  const auto warned =
      std::count_if(appraisal.verdict.checks.begin(), appraisal.verdict.checks.end(),
                    [](const Check& check) { return check.result == CheckResult::kWarn; });
  EXPECT_EQ(warned, 8);
}

}  // namespace
}  // namespace kedge
