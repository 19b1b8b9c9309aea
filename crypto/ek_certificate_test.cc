// What an EK certificate and the authorities above it must be; each case differs from a good chain
// in one thing.
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "crypto/testing/bytes.h"
#include "crypto/testing/test_pki.h"
#include "crypto/x509.h"

namespace kedge {
namespace {

using testing::CertificateTerms;
using testing::MakeCertificate;
using testing::TestKey;
using testing::TestSignature;

const absl::Time kNow = absl::FromUnixSeconds(1'780'000'000);
const absl::Time kBefore = kNow - absl::Hours(1);
const absl::Time kAfter = kNow + absl::Hours(1);
constexpr char kExtendedKeyUsage[] = "2.5.29.37";

// root -> intermediate -> leaf (an RSA EK), all good until changed.
class EkCertificateTest : public ::testing::Test {
 protected:
  EkCertificateTest() {
    root_.subject = root_.issuer = "root";
    root_.ca = true;
    root_.key_usage = "keyCertSign";
    intermediate_.subject = "intermediate";
    intermediate_.ca = true;
    intermediate_.path_length = 0;
    intermediate_.key_usage = "keyCertSign";
    leaf_.issuer = "intermediate";
    leaf_.key_usage = "keyEncipherment";
    leaf_.extensions = {{kExtendedKeyUsage, EkPurpose()}};
  }
  static Bytes EkPurpose() { return Hex("300706056781050801"); }  // {2.23.133.8.1}
  static Bytes AkPurpose() { return Hex("300706056781050803"); }  // {2.23.133.8.3}

  static const TestKey& RootKey() {
    static const TestKey key = TestKey::P384();
    return key;
  }
  static const TestKey& IntermediateKey() {
    static const TestKey key = TestKey::P256();
    return key;
  }
  static const TestKey& EkKey() {
    static const TestKey key = TestKey::Rsa(2048);
    return key;
  }
  static std::string Pem(const Bytes& der) { return testing::ToPem(der, "CERTIFICATE"); }
  Bytes Root() const { return MakeCertificate(root_, RootKey(), RootKey(), TestSignature::kEcdsa); }
  Bytes Intermediate() const {
    return MakeCertificate(intermediate_, IntermediateKey(), RootKey(), TestSignature::kEcdsa);
  }
  Bytes Leaf() const {
    return MakeCertificate(leaf_, EkKey(), IntermediateKey(), TestSignature::kEcdsa);
  }
  StatusOr<Bytes> Verify(absl::Time now = kNow) const {
    return VerifyEkCertificate(Leaf(), {Intermediate()}, {Pem(Root())}, now);
  }

  CertificateTerms root_;
  CertificateTerms intermediate_;
  CertificateTerms leaf_;
};

TEST_F(EkCertificateTest, AGoodChainGivesTheKey) {
  ASSERT_OK_AND_ASSIGN(const Bytes spki, Verify());
  EXPECT_EQ(spki, EkKey().Spki());
  // The authorities may come with the root that an owner named.
  EXPECT_OK(VerifyEkCertificate(Leaf(), {}, {Pem(Root()) + Pem(Intermediate())}, kNow));
  // Or the owner names the issuing authority itself.
  EXPECT_OK(VerifyEkCertificate(Leaf(), {}, {Pem(Intermediate())}, kNow));
}

TEST_F(EkCertificateTest, OnlyTheFirstOfABundleIsTrusted) {
  CertificateTerms terms = root_;
  terms.subject = terms.issuer = "another root";
  const TestKey key = TestKey::P256();
  const std::string other = Pem(MakeCertificate(terms, key, key, TestSignature::kEcdsa));
  EXPECT_THAT(VerifyEkCertificate(Leaf(), {Intermediate()}, {other}, kNow),
              HasFault("EK_NOT_TRUSTED"));
  EXPECT_THAT(VerifyEkCertificate(Leaf(), {Intermediate()}, {other + Pem(Root())}, kNow),
              HasFault("EK_NOT_TRUSTED"));
  EXPECT_THAT(VerifyEkCertificate(Leaf(), {Intermediate(), Root()}, {other}, kNow),
              HasFault("EK_NOT_TRUSTED"));
  EXPECT_OK(VerifyEkCertificate(Leaf(), {Intermediate()}, {other, Pem(Root())}, kNow));
}

TEST_F(EkCertificateTest, NoRootAndNoIntermediateMeanNoTrust) {
  EXPECT_THAT(VerifyEkCertificate(Leaf(), {Intermediate()}, {}, kNow), HasFault("EK_NOT_TRUSTED"));
  EXPECT_THAT(VerifyEkCertificate(Leaf(), {}, {Pem(Root())}, kNow), HasFault("EK_NOT_TRUSTED"));
}

TEST_F(EkCertificateTest, ARootOfTheSameNameIsAnother) {
  const TestKey key = TestKey::P384();
  const Bytes root = MakeCertificate(root_, key, key, TestSignature::kEcdsa);
  EXPECT_THAT(VerifyEkCertificate(Leaf(), {Intermediate()}, {Pem(root)}, kNow),
              HasFault("EK_NOT_TRUSTED"));
}

TEST_F(EkCertificateTest, EveryCertificateIsValidAtTheTime) {
  for (CertificateTerms* terms : {&root_, &intermediate_, &leaf_}) {
    const CertificateTerms good = *terms;
    terms->not_after = kBefore;
    EXPECT_THAT(Verify(), HasFault("EK_NOT_TRUSTED")) << terms->subject;
    EXPECT_OK(Verify(kBefore - absl::Hours(1))) << terms->subject;
    *terms = good;
    terms->not_before = kAfter;
    EXPECT_THAT(Verify(), HasFault("EK_NOT_TRUSTED")) << terms->subject;
    EXPECT_OK(Verify(kAfter + absl::Hours(1))) << terms->subject;
    *terms = good;
  }
}

TEST_F(EkCertificateTest, OnlyAuthoritiesSign) {
  const CertificateTerms good = intermediate_;
  intermediate_.ca = false;
  EXPECT_THAT(Verify(), HasFault("EK_NOT_TRUSTED"));
  intermediate_ = good;
  intermediate_.key_usage = "digitalSignature";
  EXPECT_THAT(Verify(), HasFault("EK_NOT_TRUSTED"));
}

// root -> intermediate (pathlen 0) -> authority below -> leaf.
TEST_F(EkCertificateTest, PathLengthsAreKept) {
  CertificateTerms below = intermediate_;
  below.subject = "below";
  below.issuer = "intermediate";
  const TestKey key = TestKey::P256();
  const Bytes authority = MakeCertificate(below, key, IntermediateKey(), TestSignature::kEcdsa);
  leaf_.issuer = "below";
  const Bytes leaf = MakeCertificate(leaf_, EkKey(), key, TestSignature::kEcdsa);
  const auto verify = [&] {
    return VerifyEkCertificate(leaf, {authority, Intermediate()}, {Pem(Root())}, kNow);
  };
  EXPECT_THAT(verify(), HasFault("EK_NOT_TRUSTED"));
  intermediate_.path_length = 1;
  EXPECT_OK(verify());
}

TEST_F(EkCertificateTest, ASelfSignedCertificateIsNoEk) {
  leaf_.issuer = leaf_.subject;
  const Bytes leaf = MakeCertificate(leaf_, EkKey(), EkKey(), TestSignature::kRsaSha256);
  EXPECT_THAT(VerifyEkCertificate(leaf, {}, {Pem(Root())}, kNow), HasFault("EK_NOT_TRUSTED"));
  EXPECT_THAT(VerifyEkCertificate(leaf, {leaf}, {Pem(Root())}, kNow), HasFault("EK_NOT_TRUSTED"));
}

TEST_F(EkCertificateTest, TheExtendedKeyUsageIsAnEks) {
  leaf_.extensions = {{kExtendedKeyUsage, AkPurpose()}};
  EXPECT_THAT(Verify(), HasFault("EK_NOT_TRUSTED"));
  leaf_.extensions = {{kExtendedKeyUsage, Hex("300a06082b06010505070302")}};  // clientAuth
  EXPECT_THAT(Verify(), HasFault("EK_NOT_TRUSTED"));
  leaf_.extensions = {{kExtendedKeyUsage, Hex("300e0605678105080306056781050801")}};  // both
  EXPECT_OK(Verify());
  leaf_.extensions.clear();  // as Google's vTPMs have it
  EXPECT_OK(Verify());
}

TEST_F(EkCertificateTest, TheKeyUsageFitsTheKey) {
  for (const char* usage : {"digitalSignature", "keyAgreement", "keyCertSign"}) {
    leaf_.key_usage = usage;
    EXPECT_THAT(Verify(), HasFault("EK_NOT_TRUSTED")) << usage;
  }
  leaf_.key_usage = "digitalSignature,keyEncipherment";
  EXPECT_OK(Verify());
  leaf_.key_usage = "";
  EXPECT_OK(Verify());

  const TestKey ecc = TestKey::P384();
  const auto verify_ecc = [&](const char* usage) {
    leaf_.key_usage = usage;
    return VerifyEkCertificate(
        MakeCertificate(leaf_, ecc, IntermediateKey(), TestSignature::kEcdsa), {Intermediate()},
        {Pem(Root())}, kNow);
  };
  EXPECT_OK(verify_ecc("keyAgreement"));
  EXPECT_THAT(verify_ecc("keyEncipherment"), HasFault("EK_NOT_TRUSTED"));
}

TEST_F(EkCertificateTest, AnAuthorityIsNoEk) {
  leaf_.ca = true;
  leaf_.key_usage = "keyEncipherment,keyCertSign";
  EXPECT_THAT(Verify(), HasFault("EK_NOT_TRUSTED"));
  EXPECT_THAT(VerifyEkCertificate(Intermediate(), {}, {Pem(Root())}, kNow),
              HasFault("EK_NOT_TRUSTED"));
}

TEST_F(EkCertificateTest, WeakKeysAndHashesAreRefused) {
  const TestKey weak = TestKey::Rsa(1024);
  const Bytes intermediate = MakeCertificate(intermediate_, weak, RootKey(), TestSignature::kEcdsa);
  const Bytes leaf = MakeCertificate(leaf_, EkKey(), weak, TestSignature::kRsaSha256);
  EXPECT_THAT(VerifyEkCertificate(leaf, {intermediate}, {Pem(Root())}, kNow),
              HasFault("EK_NOT_TRUSTED"));
  const TestKey rsa = TestKey::Rsa(2048);
  const Bytes authority = MakeCertificate(intermediate_, rsa, RootKey(), TestSignature::kEcdsa);
  const auto signed_with = [&](TestSignature signature) {
    return VerifyEkCertificate(MakeCertificate(leaf_, EkKey(), rsa, signature), {authority},
                               {Pem(Root())}, kNow);
  };
  EXPECT_OK(signed_with(TestSignature::kRsaSha256));
  EXPECT_THAT(signed_with(TestSignature::kRsaSha1), HasFault("EK_NOT_TRUSTED"));
}

TEST_F(EkCertificateTest, CriticalExtensionsThatNobodyKnowsAreRefused) {
  leaf_.extensions.emplace_back("1.3.6.1.4.1.99999.1", Hex("0500"));
  EXPECT_OK(Verify());
  leaf_.critical_oid = "1.3.6.1.4.1.99999.1";
  EXPECT_THAT(Verify(), HasFault("EK_NOT_TRUSTED"));
}

TEST(CertificateBundleTest, IsReadWhole) {
  const TestKey key = TestKey::P256();
  const std::string one = testing::ToPem(
      MakeCertificate({.subject = "root"}, key, key, TestSignature::kEcdsa), "CERTIFICATE");
  EXPECT_OK(CheckCertificateBundle(one));
  EXPECT_OK(CheckCertificateBundle("a comment\n" + one + "another\n" + one));
  EXPECT_THAT(CheckCertificateBundle(""), HasFault("MALFORMED"));
  EXPECT_THAT(CheckCertificateBundle("no certificate"), HasFault("MALFORMED"));
  EXPECT_THAT(CheckCertificateBundle(one + one.substr(0, one.size() / 2)), HasFault("MALFORMED"));
  EXPECT_THAT(CheckCertificateBundle(one + testing::ToPem(Bytes(20, 1), "CERTIFICATE")),
              HasFault("MALFORMED"));
  std::string many;
  for (size_t i = 0; i <= kMaxCertificateBundle; ++i) many += one;
  EXPECT_THAT(CheckCertificateBundle(many), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
