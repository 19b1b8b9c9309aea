#include "crypto/certificate.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "crypto/testing/test_pki.h"

namespace kedge {
namespace {

using namespace kedge::testing;  // NOLINT: the whole test speaks of made-to-order certificates

constexpr char kOwnOid[] = "1.3.6.1.4.1.3704.1.2";
const absl::Time kNow = absl::FromUnixSeconds(1'750'000'000);

class CertificateTest : public ::testing::Test {
 protected:
  CertificateTest() {
    root_terms_ = {.subject = "root", .ca = true, .key_usage = "keyCertSign,cRLSign"};
    middle_terms_ = {.subject = "middle", .ca = true, .path_length = 0, .key_usage = "keyCertSign"};
    leaf_terms_ = {.subject = "leaf", .issuer = "middle", .serial = 0x1234};
    leaf_terms_.extensions = {{kOwnOid, {0x16, 0x01, 'x'}}};
  }
  Certificate Make(const CertificateTerms& terms, const TestKey& subject, const TestKey& issuer,
                   TestSignature signature) {
    const StatusOr<Certificate> out =
        Certificate::FromDer(MakeCertificate(terms, subject, issuer, signature));
    EXPECT_OK(out);
    return *out;
  }
  std::vector<Certificate> Chain() {
    return {Make(leaf_terms_, leaf_key_, middle_key_, TestSignature::kRsaPssSha384),
            Make(middle_terms_, middle_key_, root_key_, TestSignature::kEcdsa),
            Make(root_terms_, root_key_, root_key_, TestSignature::kEcdsa)};
  }

  TestKey root_key_ = TestKey::P384();
  TestKey middle_key_ = TestKey::Rsa(2048);
  TestKey leaf_key_ = TestKey::P256();
  CertificateTerms root_terms_;
  CertificateTerms middle_terms_;
  CertificateTerms leaf_terms_;
};

TEST_F(CertificateTest, FieldsAreReadAsTheyStand) {
  const std::vector<Certificate> chain = Chain();
  EXPECT_EQ(chain[0].subject(), "CN=leaf");
  EXPECT_EQ(chain[0].issuer(), "CN=middle");
  EXPECT_EQ(chain[0].serial(), (Bytes{0x12, 0x34}));
  EXPECT_EQ(chain[0].spki(), leaf_key_.Spki());
  EXPECT_EQ(chain[0].spki_sha256(), Sha256(leaf_key_.Spki()));
  EXPECT_EQ(chain[0].key_kind(), KeyKind::kEcP256);
  EXPECT_EQ(chain[1].key_kind(), KeyKind::kRsa);
  EXPECT_EQ(chain[1].key_bits(), 2048);
  EXPECT_EQ(chain[2].key_kind(), KeyKind::kEcP384);
  EXPECT_EQ(chain[0].signature_algorithm(), "rsassa-pss-sha384");
  EXPECT_EQ(chain[1].signature_algorithm(), "ecdsa-sha384");
  EXPECT_FALSE(chain[0].is_ca());
  EXPECT_TRUE(chain[1].is_ca());
  EXPECT_EQ(chain[1].path_length(), 0);
  EXPECT_FALSE(chain[1].may_sign_crls());
  EXPECT_TRUE(chain[2].may_sign_crls());
  ASSERT_NE(chain[0].FindExtension(kOwnOid), nullptr);
  EXPECT_EQ(chain[0].FindExtension(kOwnOid)->value, (Bytes{0x16, 0x01, 'x'}));
  EXPECT_EQ(chain[0].FindExtension("1.2.3"), nullptr);
  EXPECT_EQ(chain[0].SubjectValues("CN"), std::vector<std::string>{"leaf"});
}

TEST_F(CertificateTest, ChainHoldsAndNoneOfItsPartsCanBeAnother) {
  EXPECT_OK(VerifyChain(Chain(), kNow));
  std::vector<Certificate> chain = Chain();
  chain[0] = Make(leaf_terms_, leaf_key_, TestKey::Rsa(2048), TestSignature::kRsaPssSha384);
  EXPECT_THAT(VerifyChain(chain, kNow), HasFault("CHAIN"));
  chain = Chain();
  leaf_terms_.issuer = "somebody";
  chain[0] = Make(leaf_terms_, leaf_key_, middle_key_, TestSignature::kRsaPssSha384);
  EXPECT_THAT(VerifyChain(chain, kNow), HasFault("CHAIN"));
  EXPECT_THAT(VerifyChain({}, kNow), HasFault("CHAIN"));
}

TEST_F(CertificateTest, IssuerMustBeAnAuthorityThatMaySign) {
  middle_terms_.ca = false;
  EXPECT_THAT(VerifyChain(Chain(), kNow), HasFault("CHAIN"));
  middle_terms_.ca = true;
  middle_terms_.key_usage = "digitalSignature";
  EXPECT_THAT(VerifyChain(Chain(), kNow), HasFault("CHAIN"));
}

TEST_F(CertificateTest, PathLengthCountsIntermediates) {
  root_terms_.path_length = 0;
  EXPECT_THAT(VerifyChain(Chain(), kNow), HasFault("CHAIN"));
  root_terms_.path_length = 1;
  EXPECT_OK(VerifyChain(Chain(), kNow));
}

TEST_F(CertificateTest, ValidityIsCheckedForEveryCertificate) {
  for (CertificateTerms* terms : {&leaf_terms_, &middle_terms_, &root_terms_}) {
    const CertificateTerms before = *terms;
    terms->not_after = kNow - absl::Seconds(1);
    EXPECT_THAT(VerifyChain(Chain(), kNow), HasFault("TIME"));
    *terms = before;
    terms->not_before = kNow + absl::Seconds(1);
    EXPECT_THAT(VerifyChain(Chain(), kNow), HasFault("TIME"));
    *terms = before;
  }
  leaf_terms_.not_before = leaf_terms_.not_after = kNow;
  EXPECT_OK(VerifyChain(Chain(), kNow));
}

TEST_F(CertificateTest, UnknownCriticalExtensionNeedsSomeoneWhoUnderstandsIt) {
  leaf_terms_.critical_oid = kOwnOid;
  EXPECT_THAT(VerifyChain(Chain(), kNow), HasFault("CHAIN"));
  EXPECT_OK(VerifyChain(Chain(), kNow, {.understood_critical = {kOwnOid}}));
}

TEST_F(CertificateTest, WeakHashesAreRefused) {
  std::vector<Certificate> chain = Chain();
  chain[0] = Make(leaf_terms_, leaf_key_, middle_key_, TestSignature::kRsaSha1);
  EXPECT_EQ(chain[0].signature_algorithm(), "unknown");
  EXPECT_THAT(VerifyChain(chain, kNow), HasFault("CHAIN"));
  chain[0] = Make(leaf_terms_, leaf_key_, middle_key_, TestSignature::kRsaSha256);
  EXPECT_OK(VerifyChain(chain, kNow));
}

TEST_F(CertificateTest, ExtensionTwiceIsMalformed) {
  leaf_terms_.extensions.push_back({kOwnOid, {0x16, 0x01, 'y'}});
  EXPECT_THAT(Certificate::FromDer(MakeCertificate(leaf_terms_, leaf_key_, middle_key_,
                                                   TestSignature::kRsaPssSha384)),
              HasFault("MALFORMED"));
}

TEST_F(CertificateTest, NoFlippedByteVerifies) {
  const std::vector<Certificate> chain = Chain();
  const Bytes& good = chain[0].der();
  for (size_t i = 0; i < good.size(); ++i) {
    for (int flip : {0x01, 0x80}) {
      Bytes bad = good;
      bad[i] = static_cast<uint8_t>(bad[i] ^ flip);
      const StatusOr<Certificate> parsed = Certificate::FromDer(bad);
      EXPECT_FALSE(parsed.ok() && parsed->VerifySignedBy(chain[1]).ok()) << "byte " << i;
    }
  }
}

TEST_F(CertificateTest, PemIsReadStrictly) {
  const std::vector<Certificate> chain = Chain();
  const std::string leaf = ToPem(chain[0].der(), "CERTIFICATE");
  const std::string middle = ToPem(chain[1].der(), "CERTIFICATE");
  ASSERT_OK_AND_ASSIGN(const Certificate one, Certificate::FromPemOrDer(AsBytes("\n" + leaf)));
  EXPECT_EQ(one.der(), chain[0].der());
  ASSERT_OK_AND_ASSIGN(const Certificate der, Certificate::FromPemOrDer(chain[0].der()));
  EXPECT_EQ(der.der(), chain[0].der());
  ASSERT_OK_AND_ASSIGN(const auto list, Certificate::ListFromPem(leaf + middle, 2));
  EXPECT_EQ(list[1].der(), chain[1].der());
  EXPECT_THAT(Certificate::ListFromPem(leaf + middle, 1), HasFault("MALFORMED"));
  EXPECT_THAT(Certificate::ListFromPem(leaf + "text" + middle, 2), HasFault("MALFORMED"));
  EXPECT_THAT(Certificate::ListFromPem("", 2), HasFault("MALFORMED"));
  EXPECT_THAT(Certificate::FromPemOrDer(AsBytes(ToPem(chain[0].der(), "PRIVATE KEY"))),
              HasFault("MALFORMED"));
  Bytes trailing = chain[0].der();
  trailing.push_back(0);
  EXPECT_THAT(Certificate::FromDer(trailing), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
