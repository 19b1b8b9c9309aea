#include "attestation/verify/tpm_certificate.h"

#include <gtest/gtest.h>

#include "attestation/verify/tpm_anchors.h"
#include "base/status_matchers.h"
#include "crypto/testing/test_pki.h"

namespace kedge {
namespace {

using testing::CertificateTerms;
using testing::TestKey;
using testing::TestSignature;

const absl::Time kNow = absl::FromUnixSeconds(1'750'000'000);
// SEQUENCE of one OBJECT IDENTIFIER 2.23.133.8.1 or .3.
const Bytes kEkPurpose = {0x30, 0x07, 0x06, 0x05, 0x67, 0x81, 0x05, 0x08, 0x01};
const Bytes kAkPurpose = {0x30, 0x07, 0x06, 0x05, 0x67, 0x81, 0x05, 0x08, 0x03};

class TpmCertificateTest : public ::testing::Test {
 protected:
  Certificate Make(const CertificateTerms& terms, const TestKey& subject, const TestKey& issuer) {
    const StatusOr<Certificate> out =
        Certificate::FromDer(MakeCertificate(terms, subject, issuer, TestSignature::kEcdsa));
    EXPECT_OK(out);
    return *out;
  }
  Certificate Root() {
    return Make({.subject = "root", .issuer = "root", .ca = true, .key_usage = "keyCertSign"},
                root_key_, root_key_);
  }
  Certificate Middle(CertificateTerms terms = {.subject = "middle",
                                               .issuer = "root",
                                               .ca = true,
                                               .key_usage = "keyCertSign"}) {
    return Make(terms, middle_key_, root_key_);
  }
  CertificateTerms Ek() {
    CertificateTerms terms;
    terms.subject = "ek";
    terms.issuer = "middle";
    terms.key_usage = "keyEncipherment";
    terms.extensions = {{"2.5.29.37", kEkPurpose}};
    return terms;
  }
  Verdict Check(const CertificateTerms& leaf, std::string named_by = "a test",
                std::optional<absl::Time> at = kNow) {
    CheckList checks;
    const Certificate certificate = Make(leaf, leaf_key_, middle_key_);
    const std::vector<Certificate> intermediates = {middle_};
    claims_ = CheckTpmCertificate({certificate, intermediates, root_, named_by, at}, checks);
    return std::move(checks).Take();
  }
  static std::string Failures(const Verdict& verdict) {
    std::string out;
    for (const kedge::Check& check : verdict.checks) {
      if (check.result == CheckResult::kFail) out += check.name + " ";
    }
    return out;
  }

  const TestKey root_key_ = TestKey::P384();
  const TestKey middle_key_ = TestKey::P256();
  const TestKey leaf_key_ = TestKey::P256();
  Certificate root_ = Root();
  Certificate middle_ = Middle();
  TpmCertificateClaims claims_;
};

TEST_F(TpmCertificateTest, EndorsementAndAttestationKeysAreTold) {
  const Verdict ek = Check(Ek());
  EXPECT_TRUE(ek.trusted()) << ek.FirstFailure();
  EXPECT_EQ(claims_.kind, TpmCertificateKind::kEk);
  EXPECT_EQ(claims_.path.size(), 3u);
  CertificateTerms ak = Ek();
  ak.key_usage = "digitalSignature";
  ak.extensions = {{"2.5.29.37", kAkPurpose}};
  EXPECT_TRUE(Check(ak).trusted());
  EXPECT_EQ(claims_.kind, TpmCertificateKind::kAk);
  ak.extensions.clear();
  EXPECT_TRUE(Check(ak).trusted());
}

TEST_F(TpmCertificateTest, KeysForSomethingElseAreRefused) {
  CertificateTerms terms = Ek();
  terms.extensions = {{"2.5.29.37", kAkPurpose}};
  EXPECT_EQ(Failures(Check(terms)), "KEY_PURPOSE ");
  terms = Ek();
  terms.key_usage = "keyEncipherment,digitalSignature";
  EXPECT_EQ(Failures(Check(terms)), "KEY_PURPOSE ");
  terms.key_usage = "";
  EXPECT_EQ(Failures(Check(terms)), "KEY_PURPOSE ");
  terms = Ek();
  terms.ca = true;
  EXPECT_EQ(Failures(Check(terms)), "KEY_PURPOSE ");
}

TEST_F(TpmCertificateTest, PathMustBeWholeAndInTime) {
  EXPECT_EQ(Failures(Check(Ek(), "a test", absl::FromUnixSeconds(1'600'000'000))), "TIME ");
  EXPECT_TRUE(Check(Ek(), "a test", std::nullopt).trusted());
  const Certificate good = middle_;
  middle_ = Middle({.subject = "middle", .issuer = "root", .ca = false});
  EXPECT_EQ(Failures(Check(Ek())), "CHAIN ");
  middle_ = Middle({.subject = "other", .issuer = "root", .ca = true, .key_usage = "keyCertSign"});
  EXPECT_EQ(Failures(Check(Ek())), "CHAIN ");
  middle_ = Make({.subject = "middle", .issuer = "root", .ca = true, .key_usage = "keyCertSign"},
                 middle_key_, leaf_key_);  // the name of the root, another key
  EXPECT_EQ(Failures(Check(Ek())), "CHAIN ");
  middle_ = good;
  CertificateTerms critical = Ek();
  critical.extensions.push_back({"1.2.3.4", Bytes{0x05, 0x00}});
  critical.critical_oid = "1.2.3.4";
  EXPECT_EQ(Failures(Check(critical)), "CHAIN ");
}

TEST_F(TpmCertificateTest, AnchorIsPinnedOrNamed) {
  EXPECT_EQ(Failures(Check(Ek(), "")), "ROOT_PIN ");
  const Sha256Digest own = root_.spki_sha256();
  EXPECT_EQ(FindAnchor(TpmCertificateAnchors(), own), nullptr);
  EXPECT_EQ(TpmCertificateAnchors().size(), 3u);
}

TEST_F(TpmCertificateTest, NameOfTheTpmIsRead) {
  // SEQUENCE { [4] { Name { 2.23.133.2.1 = "id:1", 2.23.133.2.2 = "m" } } }
  const Bytes names = {0x30, 0x23, 0xA4, 0x21, 0x30, 0x1F, 0x31, 0x0F, 0x30, 0x0D, 0x06, 0x05, 0x67,
                       0x81, 0x05, 0x02, 0x01, 0x0C, 0x04, 'i',  'd',  ':',  '1',  0x31, 0x0C, 0x30,
                       0x0A, 0x06, 0x05, 0x67, 0x81, 0x05, 0x02, 0x02, 0x0C, 0x01, 'm'};
  CertificateTerms terms = Ek();
  terms.extensions.push_back({"2.5.29.17", names});
  terms.critical_oid = "2.5.29.17";
  EXPECT_TRUE(Check(terms).trusted());
  EXPECT_EQ(claims_.terms.manufacturer, "id:1");
  EXPECT_EQ(claims_.terms.model, "m");
  terms.extensions.back().second.push_back(0);
  EXPECT_EQ(Check(terms).outcome, Outcome::kMalformed);
}

}  // namespace
}  // namespace kedge
