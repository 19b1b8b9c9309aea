// From configfs-tsm and a TPM to evidence that the verifier accepts, for each kind of machine.
#include "attestation/issue/instance_issuer.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>

#include "attestation/issue/testing/fake_node.h"
#include "attestation/issue/testing/stand_in_hardware.h"
#include "attestation/issue/testing/tsm_mount.h"
#include "attestation/parse/evidence.h"
#include "base/status_matchers.h"
#include "crypto/system_random.h"

namespace kedge {
namespace {

using testing::FakeNode;
using testing::StandInHardware;
using testing::StandInSnp;
using testing::StandInTdx;
using testing::TestTpmCa;
using testing::TsmMount;

const ReportData kReport = Sha512(AsBytes("transcript"));

class InstanceIssuerTest : public ::testing::Test {
 protected:
  InstanceIssuerTest() {
    const std::string nowhere = ::testing::TempDir() + "kedge-issuer-nowhere";
    options_.paths = {.tsm_folder = nowhere,
                      .sev_guest = nowhere,
                      .tdx_guest = nowhere,
                      .system_vendor = nowhere};
    options_.on_found = [this](const Instance& instance) { found_.push_back(instance); };
  }
  // What the kernel shows of `hardware_`.
  void Mount() {
    testing::TsmMountOptions options;
    const bool snp = hardware_->tee() == Tee::kSnp;
    options.provider = snp ? kSnpProvider : kTdxProvider;
    options.knows_levels = options.has_auxblob = snp;
    options.make = [this](const testing::TsmAsked& asked, testing::TsmMade& made) {
      if (broken_) return EIO;
      ReportRequest request;
      std::copy_n(asked.inblob.begin(), request.report_data.size(), request.report_data.begin());
      HardwareReport report = *hardware_->Collect(request);
      made.outblob = std::move(report.report);
      made.auxblob = std::move(report.auxiliary);
      return 0;
    };
    auto mount = TsmMount::Create(options);
    if (!mount.ok()) GTEST_SKIP() << "NO FUSE HERE, NOTHING IS TESTED: " << mount.status();
    mount_ = *std::move(mount);
    options_.paths.tsm_folder = mount_->folder();
  }
  InstanceIssuer Issuer() {
    EvidenceLogs logs{.firmware = [] { return Bytes(); }, .kedge = [] { return Bytes(); }};
    return InstanceIssuer(node_.tpm(), std::move(logs), random_, options_);
  }
  StatusOr<Claims> Verify(const Evidence& evidence) const {
    ASSIGN_OR_RETURN(const Evidence parsed, ParseEvidence(EncodeEvidence(evidence)));
    if (!hardware_) return VerifyEvidence(parsed, kReport);
    const AttestationPolicy policy = hardware_->Policy();
    const auto collateral = hardware_->Collateral();
    return VerifyEvidence(
        parsed, kReport,
        {.policy = &policy, .collateral = collateral.get(), .now = StandInHardware::Now()});
  }
  // The hardware's report beside the TPM's quote, and nothing left in the kernel.
  void ExpectBoth(Tee tee, InstanceKind kind) {
    Mount();
    if (IsSkipped()) return;
    InstanceIssuer issuer = Issuer();
    ASSERT_OK_AND_ASSIGN(const Evidence evidence, issuer.Issue(kReport));
    ASSERT_OK_AND_ASSIGN(const Claims claims, Verify(evidence));
    ASSERT_TRUE(claims.tee);
    EXPECT_EQ(claims.tee->tee, tee);
    ASSERT_EQ(found_.size(), 1u);
    EXPECT_EQ(found_[0].kind, kind);
    EXPECT_EQ(StrongestLevel(found_[0]), EvidenceLevel::kTeeMeasured);
    EXPECT_EQ(mount_->entries(), 0u);
  }

  SystemRandom random_;
  TestTpmCa ca_;
  FakeNode node_{ca_};
  std::unique_ptr<StandInHardware> hardware_;
  std::unique_ptr<TsmMount> mount_;
  InstanceOptions options_;
  std::vector<Instance> found_;
  bool broken_ = false;
};

TEST_F(InstanceIssuerTest, TpmAloneGivesItsQuote) {
  InstanceIssuer issuer = Issuer();
  EXPECT_TRUE(found_.empty()) << "nothing is looked at before it is needed";
  for (int i = 0; i < 2; ++i) {
    ASSERT_OK_AND_ASSIGN(const Evidence evidence, issuer.Issue(kReport));
    EXPECT_TRUE(std::holds_alternative<VtpmEvidence>(evidence));
    EXPECT_OK(Verify(evidence));
  }
  ASSERT_EQ(found_.size(), 1u);
  EXPECT_EQ(found_[0].kind, InstanceKind::kTpmOnly);
  EXPECT_EQ(StrongestLevel(found_[0]), EvidenceLevel::kHostVtpm);
}

TEST_F(InstanceIssuerTest, SnpBesideTheTpmGivesBoth) {
  hardware_ = std::make_unique<StandInSnp>();
  ExpectBoth(Tee::kSnp, InstanceKind::kSnp);
}

TEST_F(InstanceIssuerTest, TdxBesideTheTpmGivesBoth) {
  hardware_ = std::make_unique<StandInTdx>();
  ExpectBoth(Tee::kTdx, InstanceKind::kTdx);
}

TEST_F(InstanceIssuerTest, TheOwnersWordDecides) {
  hardware_ = std::make_unique<StandInSnp>();
  Mount();
  if (IsSkipped()) return;
  options_.forced = InstanceKind::kTpmOnly;
  InstanceIssuer plain = Issuer();
  ASSERT_OK_AND_ASSIGN(const Evidence evidence, plain.Issue(kReport));
  EXPECT_TRUE(std::holds_alternative<VtpmEvidence>(evidence));
  options_.forced = InstanceKind::kTdx;
  InstanceIssuer wrong = Issuer();
  EXPECT_THAT(wrong.Issue(kReport), HasFault("INSTANCE_KIND"));
}

// A node in a TEE must not fall back to what its host can make up.
TEST_F(InstanceIssuerTest, HardwareThatFailsIsNotLeftOut) {
  hardware_ = std::make_unique<StandInSnp>();
  Mount();
  if (IsSkipped()) return;
  broken_ = true;
  InstanceIssuer issuer = Issuer();
  EXPECT_THAT(issuer.Issue(kReport), HasFault("TSM_REFUSED"));
  broken_ = false;
  ASSERT_OK_AND_ASSIGN(const Evidence evidence, issuer.Issue(kReport));
  EXPECT_TRUE(std::holds_alternative<CompositeEvidence>(evidence));
}

TEST_F(InstanceIssuerTest, TpmThatDoesNotAnswerYetIsAskedAgain) {
  hardware_ = std::make_unique<StandInSnp>();
  Mount();
  if (IsSkipped()) return;
  node_.tpm().FailAfter(0);
  InstanceIssuer issuer = Issuer();
  EXPECT_FALSE(issuer.Issue(kReport).ok());
  EXPECT_TRUE(found_.empty());
  node_.tpm().Heal();
  ASSERT_OK_AND_ASSIGN(const Evidence evidence, issuer.Issue(kReport));
  EXPECT_TRUE(std::holds_alternative<CompositeEvidence>(evidence));
}

}  // namespace
}  // namespace kedge
