#include "crypto/crl.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "crypto/testing/test_pki.h"

namespace kedge {
namespace {

using kedge::testing::CertificateTerms;
using kedge::testing::CrlTerms;
using kedge::testing::MakeCertificate;
using kedge::testing::MakeCrl;
using kedge::testing::TestKey;
using kedge::testing::TestSignature;

const absl::Time kNow = absl::FromUnixSeconds(1'750'000'000);

class CrlTest : public ::testing::Test {
 protected:
  Certificate Root(const std::string& name, const std::string& usage) {
    const CertificateTerms terms = {.subject = name, .ca = true, .key_usage = usage};
    return *Certificate::FromDer(MakeCertificate(terms, key_, key_, TestSignature::kRsaPssSha384));
  }
  Bytes Make() { return MakeCrl(terms_, key_, TestSignature::kRsaPssSha384); }

  TestKey key_ = TestKey::Rsa(2048);
  CrlTerms terms_;
};

TEST_F(CrlTest, NamesIssuerWindowNumberAndRevokedSerials) {
  terms_.revoked = {5, 300};
  ASSERT_OK_AND_ASSIGN(const Crl crl, Crl::FromDer(Make()));
  EXPECT_EQ(crl.issuer(), "CN=root");
  EXPECT_EQ(crl.this_update(), terms_.this_update);
  EXPECT_EQ(crl.next_update(), terms_.next_update);
  EXPECT_EQ(crl.number(), (Bytes{7}));
  EXPECT_EQ(crl.revoked_count(), 2u);
  EXPECT_TRUE(crl.RevokedAt(Bytes{5}));
  EXPECT_TRUE(crl.RevokedAt(Bytes{0x01, 0x2C}));
  EXPECT_FALSE(crl.RevokedAt(Bytes{6}));
  terms_.number = -1;
  EXPECT_EQ(Crl::FromDer(Make())->number(), std::nullopt);
}

TEST_F(CrlTest, OnlyItsIssuerMaySignIt) {
  ASSERT_OK_AND_ASSIGN(const Crl crl, Crl::FromDer(Make()));
  EXPECT_OK(crl.VerifySignedBy(Root("root", "keyCertSign,cRLSign")));
  EXPECT_THAT(crl.VerifySignedBy(Root("root", "keyCertSign")), HasFault("CRL_ISSUER"));
  EXPECT_THAT(crl.VerifySignedBy(Root("other", "keyCertSign,cRLSign")), HasFault("CRL_ISSUER"));
  const Certificate before = Root("root", "keyCertSign,cRLSign");
  key_ = TestKey::Rsa(2048);
  EXPECT_THAT(crl.VerifySignedBy(Root("root", "keyCertSign,cRLSign")), HasFault("CRL_SIGNATURE"));
  for (size_t i = 0; i < crl.der().size(); ++i) {
    Bytes bad = crl.der();
    bad[i] ^= 1;
    const StatusOr<Crl> parsed = Crl::FromDer(bad);
    EXPECT_FALSE(parsed.ok() && parsed->VerifySignedBy(before).ok()) << i;
  }
}

TEST_F(CrlTest, WindowAndAgeBothCount) {
  ASSERT_OK_AND_ASSIGN(const Crl crl, Crl::FromDer(Make()));
  EXPECT_OK(crl.CheckWindow(kNow));
  EXPECT_THAT(crl.CheckWindow(terms_.next_update + absl::Seconds(1)), HasFault("CRL_STALE"));
  EXPECT_THAT(crl.CheckWindow(terms_.this_update - absl::Seconds(1)), HasFault("CRL_STALE"));
  EXPECT_THAT(crl.CheckWindow(kNow, absl::Hours(24)), HasFault("CRL_STALE"));
  EXPECT_OK(crl.CheckWindow(terms_.this_update + absl::Hours(24), absl::Hours(24)));
}

TEST_F(CrlTest, PemAndTrailingBytes) {
  const Bytes der = Make();
  EXPECT_OK(Crl::FromPemOrDer(AsBytes(kedge::testing::ToPem(der, "X509 CRL"))));
  EXPECT_OK(Crl::FromPemOrDer(der));
  Bytes trailing = der;
  trailing.push_back(0);
  EXPECT_THAT(Crl::FromDer(trailing), HasFault("MALFORMED"));
  EXPECT_THAT(Crl::FromDer({}), HasFault("MALFORMED"));
}

TEST_F(CrlTest, NumbersCompareAsNumbers) {
  EXPECT_LT(CompareCrlNumbers(Bytes{9}, Bytes{1, 0}), 0);
  EXPECT_GT(CompareCrlNumbers(Bytes{2, 0}, Bytes{1, 255}), 0);
  EXPECT_EQ(CompareCrlNumbers(Bytes{7}, Bytes{7}), 0);
  EXPECT_LT(CompareCrlNumbers({}, Bytes{1}), 0);
}

}  // namespace
}  // namespace kedge
