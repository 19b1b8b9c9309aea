#include <gtest/gtest.h>

#include "attestation/issue/testing/fake_node.h"
#include "attestation/model/testing/tpm_wire.h"
#include "attestation/verify/verify.h"
#include "base/status_matchers.h"
#include "crypto/system_random.h"

namespace kedge {
namespace {

using testing::EkKind;
using testing::FakeNode;
using testing::TestTpmCa;

const absl::Time kNow = absl::FromCivil(absl::CivilDay(2026, 1, 1), absl::UTCTimeZone());

class EndorsementTest : public ::testing::TestWithParam<EkKind> {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(endorsements_, node_.issuer().GetEndorsements());
    ASSERT_OK_AND_ASSIGN(const Bytes ak, node_.tpm().AttestationKeyPublic());
    ASSERT_OK_AND_ASSIGN(ak_name_, NameOf(ak));
  }
  StatusOr<VerifiedEk> Verify(const std::vector<TpmRoot>& roots, absl::Time now = kNow) const {
    return VerifyEk(endorsements_, roots, now);
  }

  TestTpmCa ca_;
  TestTpmCa other_ca_{"Another root"};
  FakeNode node_{ca_, {.banks = {PcrBank::kSha256}, .ek = GetParam()}};
  Endorsements endorsements_;
  Bytes ak_name_;
  SystemRandom random_;
};

TEST_P(EndorsementTest, CertifiedEkGivesIdentityAndRoot) {
  ASSERT_OK_AND_ASSIGN(const VerifiedEk ek,
                       Verify({{"other", other_ca_.root_pem()}, {"test", ca_.root_pem()}}));
  EXPECT_EQ(ek.root_name, "test");
  EXPECT_EQ(ek.identity.kind, IdentityKind::kEk);
  EXPECT_EQ(ek.identity.value.size(), 32u);
  EXPECT_EQ(ek.ek_public, endorsements_.ek_public);
}

TEST_P(EndorsementTest, NoRootMeansNoTrust) {
  EXPECT_THAT(Verify({}), HasFault("EK_NOT_TRUSTED"));
  EXPECT_THAT(Verify({{"other", other_ca_.root_pem()}}), HasFault("EK_NOT_TRUSTED"));
}

TEST_P(EndorsementTest, CertificateOutsideItsTimeIsRefused) {
  const std::vector<TpmRoot> roots = {{"test", ca_.root_pem()}};
  EXPECT_THAT(Verify(roots, absl::FromCivil(absl::CivilDay(2050, 1, 2), absl::UTCTimeZone())),
              HasFault("EK_NOT_TRUSTED"));
  EXPECT_THAT(Verify(roots, absl::FromCivil(absl::CivilDay(2019, 1, 1), absl::UTCTimeZone())),
              HasFault("EK_NOT_TRUSTED"));
}

// Makers sign EK certificates with authorities below their root; the owner names the root, and
// those behind it.
TEST_P(EndorsementTest, AuthoritiesBetweenComeWithTheRoot) {
  const TestTpmCa maker = TestTpmCa::Below(ca_, "maker's authority");
  FakeNode node(maker, {.banks = {PcrBank::kSha256}, .ek = GetParam()});
  ASSERT_OK_AND_ASSIGN(const Endorsements endorsements, node.issuer().GetEndorsements());
  EXPECT_THAT(VerifyEk(endorsements, {{"root", ca_.root_pem()}}, kNow), HasFault("EK_NOT_TRUSTED"));
  ASSERT_OK_AND_ASSIGN(const VerifiedEk ek,
                       VerifyEk(endorsements, {{"root", ca_.root_pem() + maker.root_pem()}}, kNow));
  EXPECT_EQ(ek.root_name, "root");
  // The same behind another root leads nowhere.
  EXPECT_THAT(VerifyEk(endorsements, {{"other", other_ca_.root_pem() + maker.root_pem()}}, kNow),
              HasFault("EK_NOT_TRUSTED"));
}

TEST_P(EndorsementTest, CertificateOfAnotherEkIsRefused) {
  FakeNode other(ca_, {.banks = {PcrBank::kSha256}, .ek = GetParam()});
  ASSERT_OK_AND_ASSIGN(const Endorsements theirs, other.issuer().GetEndorsements());
  endorsements_.ek_certificate = theirs.ek_certificate;
  EXPECT_THAT(Verify({{"test", ca_.root_pem()}}), HasFault("EK_NOT_TRUSTED"));
}

TEST_P(EndorsementTest, EkThatIsNoRestrictedDecryptionKeyIsRefused) {
  for (const auto& [byte, mask] : {std::pair<size_t, uint8_t>{5, 0x03},     // restricted, decrypt
                                   std::pair<size_t, uint8_t>{5, 0x04},     // sign as well
                                   std::pair<size_t, uint8_t>{7, 0x02}}) {  // fixedTPM
    Endorsements bad = endorsements_;
    bad.ek_public[byte] ^= mask;
    EXPECT_THAT(VerifyEk(bad, {{"test", ca_.root_pem()}}, kNow), HasFault("EK_NOT_TRUSTED"))
        << byte << " " << int{mask};
  }
}

TEST_P(EndorsementTest, CredentialComesBackOnlyFromItsTpm) {
  ASSERT_OK_AND_ASSIGN(const SecretBytes secret, random_.Secret(32));
  ASSERT_OK_AND_ASSIGN(const CredentialBlob blob,
                       MakeCredential(endorsements_.ek_public, ak_name_, secret, random_));
  ASSERT_OK_AND_ASSIGN(const SecretBytes activated, node_.tpm().ActivateCredential(blob));
  EXPECT_TRUE(activated.EqualsConstantTime(secret));
  FakeNode other(ca_, {.banks = {PcrBank::kSha256}, .ek = GetParam()});
  EXPECT_FALSE(other.tpm().ActivateCredential(blob).ok());
}

TEST_P(EndorsementTest, CredentialForAnotherAkIsRefused) {
  ASSERT_OK_AND_ASSIGN(const SecretBytes secret, random_.Secret(32));
  Bytes other_name = ak_name_;
  other_name.back() ^= 1;
  ASSERT_OK_AND_ASSIGN(const CredentialBlob blob,
                       MakeCredential(endorsements_.ek_public, other_name, secret, random_));
  EXPECT_THAT(node_.tpm().ActivateCredential(blob), HasFault("CREDENTIAL_REFUSED"));
}

TEST_P(EndorsementTest, CredentialsDifferEachTime) {
  ASSERT_OK_AND_ASSIGN(const SecretBytes secret, random_.Secret(32));
  ASSERT_OK_AND_ASSIGN(const CredentialBlob first,
                       MakeCredential(endorsements_.ek_public, ak_name_, secret, random_));
  ASSERT_OK_AND_ASSIGN(const CredentialBlob second,
                       MakeCredential(endorsements_.ek_public, ak_name_, secret, random_));
  EXPECT_NE(first.id_object, second.id_object);
  EXPECT_NE(first.encrypted_secret, second.encrypted_secret);
}

TEST_P(EndorsementTest, CredentialOfABadSizeIsRefused) {
  ASSERT_OK_AND_ASSIGN(const SecretBytes long_secret, random_.Secret(33));
  EXPECT_THAT(MakeCredential(endorsements_.ek_public, ak_name_, long_secret, random_),
              HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(MakeCredential(endorsements_.ek_public, ak_name_, SecretBytes(), random_),
              HasCode(StatusCode::kInvalidArgument));
}

INSTANTIATE_TEST_SUITE_P(Kinds, EndorsementTest,
                         ::testing::Values(EkKind::kRsa2048, EkKind::kEccP384),
                         [](const auto& kind) {
                           return kind.param == EkKind::kRsa2048 ? "Rsa2048" : "EccP384";
                         });

}  // namespace
}  // namespace kedge
