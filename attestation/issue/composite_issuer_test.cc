// Composite evidence from a node to a verdict, over stand-in SNP and TDX hardware.
#include "attestation/issue/composite_issuer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/issue/testing/fake_node.h"
#include "attestation/issue/testing/stand_in_hardware.h"
#include "attestation/parse/evidence.h"
#include "attestation/verify/verify.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using testing::FakeNode;
using ::testing::HasSubstr;
using testing::StandInHardware;
using testing::StandInSnp;
using testing::StandInTdx;
using testing::TestImage;
using testing::TestTpmCa;

const ReportData kReport = Sha512(AsBytes("transcript"));
const ReportData kOther = Sha512(AsBytes("another exchange"));

std::unique_ptr<StandInHardware> MakeHardware(Tee tee, uint8_t measurement = 0x5A) {
  if (tee == Tee::kSnp) return std::make_unique<StandInSnp>(measurement);
  return std::make_unique<StandInTdx>(measurement);
}

class CompositeTest : public ::testing::TestWithParam<Tee> {
 protected:
  void SetUp() override {
    for (FakeNode* node : {&node_, &evil_}) {
      ASSERT_OK(node->Measure(InitDataEvent(AsBytes("invitation"))));
      ASSERT_OK(node->Measure(ClusterIdEvent(ClusterId{1})));
    }
  }

  TeeTrust Trust() const { return {&policy_, collateral_.get(), StandInHardware::Now()}; }
  StatusOr<Claims> Verify(const Evidence& evidence, const ReportData& expected = kReport) const {
    ASSIGN_OR_RETURN(const Evidence parsed, ParseEvidence(EncodeEvidence(evidence)));
    return VerifyEvidence(parsed, expected, Trust());
  }
  CompositeEvidence Issue(FakeNode& node, const ReportData& report_data = kReport) {
    CompositeIssuer issuer(node.issuer(), *hardware_, GetParam());
    const StatusOr<Evidence> evidence = issuer.Issue(report_data);
    EXPECT_OK(evidence);
    return std::get<CompositeEvidence>(*evidence);
  }
  TeeReport Report(const ReportData& about) {
    const StatusOr<HardwareReport> report = hardware_->Collect({.report_data = about});
    EXPECT_OK(report);
    return {.tee = GetParam(), .report = report->report, .certificates = report->auxiliary};
  }
  Appraisal AppraiseNode(const Evidence& evidence, std::vector<LaunchReference> launch,
                         std::vector<EvidenceLevel> levels) const {
    const StatusOr<Claims> claims = Verify(evidence);
    EXPECT_OK(claims);
    ReferenceValues image = TestImage();
    image.launch = std::move(launch);
    return Appraise(*claims, {.images = {image},
                              .accepted_levels = std::move(levels),
                              .phase = BootPhase::kInitrdUncapped,
                              .cluster_id = ClusterId{1},
                              .init_data = Sha256(AsBytes("invitation"))});
  }

  TestTpmCa ca_;
  FakeNode node_{ca_};
  FakeNode evil_{ca_};
  std::unique_ptr<StandInHardware> hardware_ = MakeHardware(GetParam());
  AttestationPolicy policy_ = hardware_->Policy();
  std::shared_ptr<CollateralSource> collateral_ = hardware_->Collateral();
};
INSTANTIATE_TEST_SUITE_P(Hardware, CompositeTest, ::testing::Values(Tee::kSnp, Tee::kTdx),
                         [](const auto& test) { return std::string(ToString(test.param)); });

TEST_P(CompositeTest, EvidenceTravelsAndVerifies) {
  ASSERT_OK_AND_ASSIGN(const Claims claims, Verify(Issue(node_)));
  ASSERT_TRUE(claims.tee.has_value());
  EXPECT_EQ(claims.tee->tee, GetParam());
  EXPECT_EQ(claims.tee->measurement, hardware_->Launch().measurement);
  EXPECT_TRUE(claims.tee->verdict.trusted());
  EXPECT_EQ(claims.kedge_events.size(), 2u);
}

// The hardware's report of one guest does not vouch for another guest's TPM, though both answer the
// same exchange.
TEST_P(CompositeTest, ReportBesideAnotherTpmIsRefused) {
  CompositeEvidence evidence = Issue(node_);
  evidence.vtpm = Issue(evil_).vtpm;
  EXPECT_THAT(Verify(evidence), HasFault("TEE_NOT_TRUSTED"));
}

// The same report data in both would bind nothing.
TEST_P(CompositeTest, ReportOverTheBareReportDataIsRefused) {
  CompositeEvidence evidence = Issue(node_);
  evidence.tee = Report(kReport);
  EXPECT_THAT(Verify(evidence), HasFault("TEE_NOT_TRUSTED"));
}

TEST_P(CompositeTest, ReportOfAnotherExchangeIsRefused) {
  CompositeEvidence evidence = Issue(node_);
  evidence.tee = Issue(node_, kOther).tee;
  EXPECT_THAT(Verify(evidence), HasFault("TEE_NOT_TRUSTED"));
}

TEST_P(CompositeTest, QuoteOfAnotherExchangeIsRefused) {
  CompositeEvidence evidence = Issue(node_);
  evidence.vtpm = Issue(node_, kOther).vtpm;
  EXPECT_THAT(Verify(evidence), HasFault("NONCE"));
  EXPECT_THAT(Verify(Issue(node_, kOther)), HasFault("NONCE"));
}

TEST_P(CompositeTest, RootThatThePolicyDoesNotNameIsRefused) {
  const Evidence evidence = Issue(node_);
  if (policy_.snp) {
    policy_.snp->roots = PolicyField<SnpRoots>::Enforce({.amd = true, .custom = {}});
  }
  if (policy_.tdx) policy_.tdx->roots = IntelSgxRootPins();
  EXPECT_THAT(Verify(evidence), HasFault("TEE_NOT_TRUSTED"));
}

TEST_P(CompositeTest, HardwareThatThePolicyDoesNotNameIsRefused) {
  const Evidence evidence = Issue(node_);
  policy_ = MakeHardware(GetParam() == Tee::kSnp ? Tee::kTdx : Tee::kSnp)->Policy();
  EXPECT_THAT(Verify(evidence), HasFault("TEE_NOT_ACCEPTED"));
  EXPECT_THAT(VerifyEvidence(evidence, kReport), HasFault("TEE_NOT_ACCEPTED"));
}

TEST_P(CompositeTest, AnotherGuestIsRefused) {
  hardware_ = MakeHardware(GetParam(), 0x77);
  if (GetParam() == Tee::kTdx) {
    collateral_ = hardware_->Collateral();
    policy_.tdx->roots = hardware_->Policy().tdx->roots;
  }
  const auto out = Verify(Issue(node_));
  EXPECT_THAT(out, HasFault("TEE_NOT_TRUSTED"));
  EXPECT_THAT(MessageOf(out.status()), HasSubstr(GetParam() == Tee::kSnp ? "MEASUREMENT" : "MRTD"));
}

TEST_P(CompositeTest, FlippedByteOfTheReportIsRefused) {
  const CompositeEvidence good = Issue(node_);
  // A signed part: report data, measurement and what lies around them.
  for (size_t at = 0; at < 600; at += 7) {
    CompositeEvidence bad = good;
    bad.tee.report[at] ^= 0x10;
    EXPECT_FALSE(Verify(bad).ok()) << at;
  }
}

TEST_P(CompositeTest, LevelFollowsFromTheImagesLaunchMeasurement) {
  const Evidence evidence = Issue(node_);
  const std::vector<EvidenceLevel> strict = {EvidenceLevel::kTeeMeasured};
  const Appraisal measured = AppraiseNode(evidence, {hardware_->Launch()}, strict);
  EXPECT_TRUE(measured.verdict.trusted()) << measured.verdict.FirstFailure();
  EXPECT_EQ(measured.level, EvidenceLevel::kTeeMeasured);

  // Firmware that was measured says nothing about an image that does not name it.
  const Appraisal unnamed = AppraiseNode(evidence, {}, strict);
  EXPECT_FALSE(unnamed.verdict.trusted());
  EXPECT_EQ(unnamed.level, EvidenceLevel::kHostVtpm);
  const Appraisal accepted = AppraiseNode(evidence, {}, {EvidenceLevel::kHostVtpm});
  EXPECT_TRUE(accepted.verdict.trusted()) << accepted.verdict.FirstFailure();

  // An image that names another measurement is not this one, whatever level is accepted.
  LaunchReference other = hardware_->Launch();
  other.measurement[0] ^= 1;
  const Appraisal foreign = AppraiseNode(evidence, {other}, {EvidenceLevel::kHostVtpm});
  EXPECT_FALSE(foreign.verdict.trusted());
  EXPECT_THAT(foreign.verdict.FirstFailure(), HasSubstr("launch"));
  EXPECT_EQ(foreign.level, EvidenceLevel::kHostVtpm);
}

// A guest with the right launch measurement whose TPM shows another image is not that image.
TEST_P(CompositeTest, LaunchMeasurementDoesNotStandForTheRegisters) {
  node_.Boot("another image");
  node_.log().Clear();
  ASSERT_OK(node_.Measure(InitDataEvent(AsBytes("invitation"))));
  ASSERT_OK(node_.Measure(ClusterIdEvent(ClusterId{1})));
  const Appraisal appraisal =
      AppraiseNode(Issue(node_), {hardware_->Launch()}, {EvidenceLevel::kTeeMeasured});
  EXPECT_FALSE(appraisal.verdict.trusted());
  EXPECT_EQ(appraisal.level, EvidenceLevel::kHostVtpm);
}

TEST_P(CompositeTest, PlainVtpmDoesNotReachTheLevelOfATee) {
  ASSERT_OK_AND_ASSIGN(const Evidence plain, node_.issuer().Issue(kReport));
  const Appraisal appraisal =
      AppraiseNode(plain, {hardware_->Launch()}, {EvidenceLevel::kTeeMeasured});
  EXPECT_FALSE(appraisal.verdict.trusted());
  EXPECT_EQ(appraisal.level, EvidenceLevel::kHostVtpm);
}

TEST_P(CompositeTest, HardwareThatAnswersAboutSomethingElseIsNotPassedOn) {
  hardware_->answer_about = [](const ReportData&) { return kOther; };
  CompositeIssuer issuer(node_.issuer(), *hardware_, GetParam());
  EXPECT_THAT(issuer.Issue(kReport), HasFault("REPORT_MISMATCH"));
  hardware_->answer_about = nullptr;
  CompositeIssuer confused(node_.issuer(), *hardware_,
                           GetParam() == Tee::kSnp ? Tee::kTdx : Tee::kSnp);
  EXPECT_THAT(confused.Issue(kReport), HasFault("REPORT_MISMATCH"));
}

TEST(TdxComposite, RtmrsOfTheImageCount) {
  TestTpmCa ca;
  FakeNode node(ca);
  StandInTdx hardware;
  const AttestationPolicy policy = hardware.Policy();
  const auto collateral = hardware.Collateral();
  CompositeIssuer issuer(node.issuer(), hardware, Tee::kTdx);
  ReferenceValues image = TestImage();
  image.launch = {hardware.Launch()};
  hardware.machine().quote.body.rtmr[2][0] ^= 1;  // another command line
  ASSERT_OK_AND_ASSIGN(const Evidence evidence, issuer.Issue(kReport));
  ASSERT_OK_AND_ASSIGN(
      const Claims claims,
      VerifyEvidence(evidence, kReport, {&policy, collateral.get(), StandInHardware::Now()}));
  const Appraisal appraisal = Appraise(claims, {.images = {image},
                                                .accepted_levels = {EvidenceLevel::kTeeMeasured},
                                                .phase = BootPhase::kAny,
                                                .cluster_id = std::nullopt,
                                                .init_data = std::nullopt});
  EXPECT_EQ(appraisal.level, EvidenceLevel::kHostVtpm);
}

}  // namespace
}  // namespace kedge
