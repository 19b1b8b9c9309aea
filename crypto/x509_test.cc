#include "crypto/x509.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <fstream>
#include <iterator>

#include "crypto/openssl_ptr.h"
#include "crypto/testing/bytes.h"
#include "house/folders.h"

namespace kedge {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'760'000'000);
const Validity kValidity{.not_before = kNow - absl::Hours(1), .not_after = kNow + absl::Hours(24)};

X509Ptr Parse(const std::string& pem) {
  const BioPtr bio = ReadBio(AsBytes(pem));
  return X509Ptr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

std::string Subject(X509* certificate) {
  char text[256] = "";
  X509_NAME_oneline(X509_get_subject_name(certificate), text, sizeof text);
  return text;
}

// OpenSSL's own verdict on a client certificate under one root, with the strict profile.
std::string VerifyClient(const std::string& leaf_pem, const std::string& root_pem, absl::Time now) {
  const X509Ptr leaf = Parse(leaf_pem);
  const X509Ptr root = Parse(root_pem);
  const X509StorePtr store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), root.get());
  const X509StoreCtxPtr context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), nullptr);
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
  X509_VERIFY_PARAM_set_time(param, absl::ToTimeT(now));
  X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_CLIENT);
  X509_verify_cert(context.get());
  return X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
}

class NodeCertificate : public testing::Test {
 protected:
  NodeCertificateTerms Terms() const {
    return {.organisation = "system:nodes",
            .common_name = "system:node:node-2",
            .validity = kValidity,
            .serial = Bytes(16, 0xFF)};
  }
  SigningKey ca_key_ = SigningKey::Generate(Curve::kP256).value();
  std::string ca_ = CaCertificate(ca_key_, "kedge cluster CA", kValidity).value();
  SigningKey node_key_ = SigningKey::Generate(Curve::kP256).value();
  Bytes request_ = CertificateRequest(node_key_, "system:masters", "admin").value();
};

TEST_F(NodeCertificate, ChainsToTheCaAndNamesWhatTheTermsSay) {
  ASSERT_OK_AND_ASSIGN(const std::string pem,
                       IssueNodeCertificate(ca_key_, ca_, request_, Terms()));
  EXPECT_EQ(VerifyClient(pem, ca_, kNow), "ok");
  EXPECT_EQ(VerifyClient(pem, ca_, kNow + absl::Hours(25)), "certificate has expired");
  const X509Ptr certificate = Parse(pem);
  // The request asked for another name: the terms decide (S18).
  EXPECT_EQ(Subject(certificate.get()), "/O=system:nodes/CN=system:node:node-2");
  ASSERT_OK_AND_ASSIGN(const Bytes spki, SpkiOfCertificate(pem));
  EXPECT_EQ(spki, node_key_.public_key().spki());
  EXPECT_EQ(X509_check_ca(certificate.get()), 0);
  const BnPtr serial(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate.get()), nullptr));
  EXPECT_FALSE(BN_is_negative(serial.get()));
  EXPECT_EQ(BN_num_bits(serial.get()), 127);
}

TEST_F(NodeCertificate, DoesNotChainToAnotherCa) {
  const SigningKey other = SigningKey::Generate(Curve::kP256).value();
  ASSERT_OK_AND_ASSIGN(const std::string other_ca,
                       CaCertificate(other, "kedge cluster CA", kValidity));
  ASSERT_OK_AND_ASSIGN(const std::string pem,
                       IssueNodeCertificate(ca_key_, ca_, request_, Terms()));
  EXPECT_NE(VerifyClient(pem, other_ca, kNow), "ok");
  EXPECT_THAT(IssueNodeCertificate(other, ca_, request_, Terms()),
              HasCode(StatusCode::kInvalidArgument));
}

TEST_F(NodeCertificate, RefusesRequestsThatAreNotSelfSigned) {
  // Any flipped byte breaks the signature or the structure; nothing is issued.
  for (size_t i = 0; i < request_.size(); ++i) {
    Bytes changed = request_;
    changed[i] = static_cast<uint8_t>(changed[i] ^ 1);
    EXPECT_FALSE(IssueNodeCertificate(ca_key_, ca_, changed, Terms()).ok()) << i;
  }
  Bytes longer = request_;
  longer.push_back(0);
  EXPECT_THAT(IssueNodeCertificate(ca_key_, ca_, longer, Terms()), HasFault("MALFORMED"));
  EXPECT_THAT(IssueNodeCertificate(ca_key_, ca_, {}, Terms()), HasFault("MALFORMED"));
}

TEST_F(NodeCertificate, RefusesBadTerms) {
  auto terms = Terms();
  terms.common_name = std::string(65, 'a');
  EXPECT_THAT(IssueNodeCertificate(ca_key_, ca_, request_, terms),
              HasCode(StatusCode::kInvalidArgument));
  terms = Terms();
  terms.serial.pop_back();
  EXPECT_THAT(IssueNodeCertificate(ca_key_, ca_, request_, terms),
              HasCode(StatusCode::kInvalidArgument));
  terms = Terms();
  terms.validity.not_after = terms.validity.not_before;
  EXPECT_THAT(IssueNodeCertificate(ca_key_, ca_, request_, terms),
              HasCode(StatusCode::kInvalidArgument));
}

TEST(Certificates, SelfSignedCarriesTheKeyAndIsNoAuthority) {
  ASSERT_OK_AND_ASSIGN(const SigningKey key, SigningKey::Generate(Curve::kP256));
  ASSERT_OK_AND_ASSIGN(const std::string pem, SelfSignedCertificate(key, "kedge", kValidity));
  ASSERT_OK_AND_ASSIGN(const Bytes spki, SpkiOfCertificate(pem));
  EXPECT_EQ(spki, key.public_key().spki());
  const X509Ptr certificate = Parse(pem);
  EXPECT_EQ(X509_check_ca(certificate.get()), 0);
  EXPECT_EQ(X509_verify(certificate.get(), key.native()), 1);
  EXPECT_THAT(SpkiOfCertificate("not a certificate"), HasFault("MALFORMED"));
}

// ---- EK certificates ----

std::string VectorDir() {
  const char* set = std::getenv("KEDGE_VECTORS");
  return set != nullptr ? set : std::string(KEDGE_SOURCE_DIR) + "/../shared/vectors";
}

Bytes ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

std::string PemOf(const Bytes& der) {
  const uint8_t* position = der.data();
  const X509Ptr certificate(d2i_X509(nullptr, &position, static_cast<long>(der.size())));
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate.get());
  return std::string(AsText(Written(bio)));
}

class EkVectors : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::ifstream(VectorDir() + "/cases.json")) {
      GTEST_SKIP() << "NOT TESTED: no EK certificate vectors at " << VectorDir()
                   << " (set KEDGE_VECTORS)";
    }
  }
  static StatusOr<Bytes> Verify(const std::string& name, absl::Time time) {
    const std::string dir = VectorDir() + "/ek/" + name;
    std::vector<Bytes> intermediates;
    if (Bytes der = ReadFile(dir + "/intermediate0.der"); !der.empty()) {
      intermediates.push_back(std::move(der));
    }
    return VerifyEkCertificate(ReadFile(dir + "/leaf.der"), intermediates,
                               {PemOf(ReadFile(dir + "/root.der"))}, time);
  }
};

TEST_F(EkVectors, GenuineEkCertificatesAreTrusted) {
  const absl::Time time = absl::FromUnixSeconds(1'717'200'000);  // 2024-06-01
  EXPECT_OK(Verify("gcp-vtpm-ek-rsa", time));
  EXPECT_OK(Verify("gcp-vtpm-old-ek", time));
  EXPECT_OK(Verify("stm-ek-73ffb9", time));
  EXPECT_THAT(Verify("stm-ek-73ffb9", absl::FromUnixSeconds(1'900'000'000)),
              HasFault("EK_NOT_TRUSTED"));
}

TEST_F(EkVectors, CertificatesOfOtherKeysAreNoEk) {
  const absl::Time time = absl::FromUnixSeconds(1'748'736'000);  // 2025-06-01
  EXPECT_THAT(Verify("gcp-vtpm-ak-ecc", time), HasFault("EK_NOT_TRUSTED"));
  EXPECT_THAT(Verify("gcp-openpcc-ak", time), HasFault("EK_NOT_TRUSTED"));
  EXPECT_THAT(Verify("azure-ak-03", absl::FromUnixSeconds(1'768'003'200)),
              HasFault("EK_NOT_TRUSTED"));
  EXPECT_THAT(Verify("azure-ak-wrong-inter", absl::FromUnixSeconds(1'761'955'200)),
              HasFault("EK_NOT_TRUSTED"));
}

TEST_F(EkVectors, EveryFlippedByteOfALeafIsRefused) {
  const std::string dir = VectorDir() + "/ek/gcp-vtpm-ek-rsa";
  const Bytes leaf = ReadFile(dir + "/leaf.der");
  const std::vector<Bytes> intermediates = {ReadFile(dir + "/intermediate0.der")};
  const std::vector<std::string> roots = {PemOf(ReadFile(dir + "/root.der"))};
  const absl::Time time = absl::FromUnixSeconds(1'717'200'000);
  ASSERT_OK(VerifyEkCertificate(leaf, intermediates, roots, time));
  for (size_t i = 0; i < leaf.size(); ++i) {
    Bytes changed = leaf;
    changed[i] = static_cast<uint8_t>(changed[i] ^ 1);
    EXPECT_FALSE(VerifyEkCertificate(changed, intermediates, roots, time).ok()) << i;
  }
  EXPECT_THAT(VerifyEkCertificate(leaf, {}, roots, time), HasFault("EK_NOT_TRUSTED"));
  EXPECT_THAT(VerifyEkCertificate(leaf, intermediates, {}, time), HasFault("EK_NOT_TRUSTED"));
}

// Without vectors: a certificate of ours under our CA has the wrong purpose for an EK.
TEST_F(NodeCertificate, IsNoEkCertificate) {
  ASSERT_OK_AND_ASSIGN(const std::string pem,
                       IssueNodeCertificate(ca_key_, ca_, request_, Terms()));
  uint8_t* der = nullptr;
  const int size = i2d_X509(Parse(pem).get(), &der);
  const Bytes leaf(der, der + size);
  OPENSSL_free(der);
  EXPECT_THAT(VerifyEkCertificate(leaf, {}, {ca_}, kNow), HasFault("EK_NOT_TRUSTED"));
}

}  // namespace
}  // namespace kedge
