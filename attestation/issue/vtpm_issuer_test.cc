#include "attestation/issue/vtpm_issuer.h"

#include <gtest/gtest.h>

#include "attestation/issue/testing/fake_node.h"
#include "attestation/parse/evidence.h"
#include "attestation/verify/verify.h"
#include "base/status_matchers.h"
#include "crypto/system_random.h"

namespace kedge {
namespace {

using testing::FakeNode;
using testing::TestTpmCa;

class VtpmIssuerTest : public ::testing::Test {
 protected:
  TestTpmCa ca_;
  FakeNode node_{ca_};
  const ReportData report_ = Sha512(AsBytes("transcript"));
};

TEST_F(VtpmIssuerTest, EvidenceTravelsAndVerifies) {
  ASSERT_OK(node_.Measure(InitDataEvent(AsBytes("invitation"))));
  ASSERT_OK(node_.Measure(ClusterIdEvent(ClusterId{1})));
  ASSERT_OK_AND_ASSIGN(const Evidence evidence, node_.issuer().Issue(report_));
  ASSERT_OK_AND_ASSIGN(const Evidence parsed, ParseEvidence(EncodeEvidence(evidence)));
  ASSERT_OK_AND_ASSIGN(const Claims claims, VerifyEvidence(parsed, report_));
  EXPECT_EQ(claims.kedge_events, node_.log().events());
  EXPECT_FALSE(claims.tee.has_value());
}

TEST_F(VtpmIssuerTest, UnexplainedPcrIsNotIssued) {
  node_.tpm().ExtendData(15, AsBytes("not ours"));
  EXPECT_THAT(node_.issuer().Issue(report_), HasFault("MEASURING"));
}

TEST_F(VtpmIssuerTest, RecordAheadOfItsExtendIsNotIssued) {
  ASSERT_OK(node_.log().Append(InitDataEvent({}), {PcrBank::kSha256}));
  const auto issued = node_.issuer().Issue(report_);
  EXPECT_THAT(issued, HasFault("MEASURING"));
  EXPECT_TRUE(IsRetryable(issued.status()));
  ASSERT_OK(node_.Measure(InitDataEvent({})));
  EXPECT_OK(node_.issuer().Issue(report_));
}

TEST_F(VtpmIssuerTest, ActivatesACredentialMadeForItsKeys) {
  ASSERT_OK_AND_ASSIGN(const Endorsements endorsements, node_.issuer().GetEndorsements());
  ASSERT_OK_AND_ASSIGN(const Bytes ak, node_.tpm().AttestationKeyPublic());
  ASSERT_OK_AND_ASSIGN(const Bytes name, NameOf(ak));
  SystemRandom random;
  ASSERT_OK_AND_ASSIGN(const SecretBytes secret, random.Secret(32));
  ASSERT_OK_AND_ASSIGN(const CredentialBlob blob,
                       MakeCredential(endorsements.ek_public, name, secret, random));
  ASSERT_OK_AND_ASSIGN(const SecretBytes activated, node_.issuer().ActivateCredential(blob));
  EXPECT_TRUE(activated.EqualsConstantTime(secret));
}

TEST_F(VtpmIssuerTest, DeviceFailureIsPassedOn) {
  node_.tpm().FailAfter(0);
  EXPECT_THAT(node_.issuer().Issue(report_), HasFault("TPM_UNAVAILABLE"));
}

}  // namespace
}  // namespace kedge
