#include "attestation/verify/hcl.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "attestation/model/testing/tpm_wire.h"
#include "attestation/parse/testing/hcl_builder.h"
#include "attestation/verify/testing/snp_world.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using testing::HclTerms;
using testing::SnpWorld;
using testing::TestKey;

std::string Base64Url(ByteView bytes) {
  std::string out = ToBase64(bytes);
  for (char& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
  while (!out.empty() && out.back() == '=') out.pop_back();
  return out;
}

// The modulus stands before the exponent 65537 at the end of an RSA-2048 SubjectPublicKeyInfo.
Bytes ModulusOf(const TestKey& key) {
  const Bytes spki = key.Spki();
  return {spki.end() - 5 - 256, spki.end() - 5};
}

Bytes SignRsassa(const TestKey& key, ByteView message) {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key.native(), nullptr);
  const Sha256Digest digest = Sha256(message);
  Bytes out(256);
  size_t size = out.size();
  EXPECT_EQ(EVP_PKEY_sign_init(context), 1);
  EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING), 1);
  EXPECT_EQ(EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()), 1);
  EXPECT_EQ(EVP_PKEY_sign(context, out.data(), &size, digest.data(), digest.size()), 1);
  EVP_PKEY_CTX_free(context);
  testing::TpmWriter writer;
  writer.U16(kTpmAlgRsassa).U16(kTpmAlgSha256).Sized(out);
  return std::move(writer).Take();
}

class HclTest : public ::testing::Test {
 protected:
  HclTest() : json_(JsonWith(ak_)) {}

  static std::string JsonWith(const TestKey& key) {
    return R"({"keys":[{"kid":"HCLAkPub","kty":"RSA","key_ops":["sign"],"e":"AQAB","n":")" +
           Base64Url(ModulusOf(key)) + R"("}],"vm-configuration":{"secure-boot":true}})";
  }
  HclEvidence Evidence() {
    ReportData report_data{};
    const Sha256Digest digest = Sha256(AsBytes(hashed_.empty() ? json_ : hashed_));
    std::copy(digest.begin(), digest.end(), report_data.begin());
    report_data.back() = last_byte_;
    world_.Put(testing::snp_offset::kReportData, report_data);
    const SnpEvidence snp = world_.Evidence();
    HclTerms terms;
    terms.hardware_report = snp.report;
    terms.json = json_;
    HclEvidence out;
    out.report = HclBytes(terms);
    out.snp_certificates = snp.certificates;
    testing::QuoteAttest attest;
    attest.extra_data = Bytes(8, 7);
    attest.selection = {0, 1};
    const PcrValues pcrs = {{0, Bytes(32, 1)}, {1, Bytes(32, 2)}};
    attest.pcr_digest = testing::PcrDigestOf(pcrs);
    TpmQuoteFiles quote;
    quote.quoted = testing::EncodeQuoteAttest(attest);
    quote.signature = SignRsassa(*signer_, quote.quoted);
    quote.pcrs[PcrBank::kSha256] = pcrs;
    out.quote = quote;
    return out;
  }
  Verdict Check(const HclEvidence& evidence, const std::string& binding_only_by = "") {
    const SnpPolicy snp = world_.Policy();
    const TdxPolicy tdx = AnyTdPolicy("a test");
    return VerifyHcl(evidence, {SnpWorld::Time().at, Bytes(8, 7), tpm_, snp, tdx, binding_only_by})
        .verdict;
  }
  std::vector<std::string> Failed(const HclEvidence& evidence) {
    return testing::FailedNames(Check(evidence));
  }

  using Names = std::vector<std::string>;
  SnpWorld world_;
  TestKey ak_ = TestKey::Rsa(2048);
  const TestKey* signer_ = &ak_;
  std::string json_;
  std::string hashed_;  // what the hardware covers, where that is something else
  uint8_t last_byte_ = 0;
  TpmPolicy tpm_;
};

TEST_F(HclTest, HardwareVouchesForTheKeyOfTheQuote) {
  const Verdict verdict = Check(Evidence());
  EXPECT_TRUE(verdict.trusted()) << verdict.FirstFailure();
}

TEST_F(HclTest, OtherRuntimeDataAreNotBound) {
  hashed_ = json_ + " ";
  EXPECT_EQ(Failed(Evidence()), Names{"AK_BINDING"});
  hashed_.clear();
  last_byte_ = 1;
  EXPECT_EQ(Failed(Evidence()), Names{"AK_BINDING"});
}

TEST_F(HclTest, RuntimeDataThatAreNoJsonAreUntrustedOrMalformed) {
  json_ = "{]";
  EXPECT_EQ(Check(Evidence()).outcome, Outcome::kMalformed);
  hashed_ = "something else";
  EXPECT_EQ(Check(Evidence()).outcome, Outcome::kUntrusted);
  json_ = R"({"keys":[]})";
  hashed_.clear();
  EXPECT_EQ(Failed(Evidence()), (Names{"AK_BINDING", "TPM_SIGNATURE"}));
}

TEST_F(HclTest, QuoteMustBeByTheKeyOfTheReport) {
  const TestKey other = TestKey::Rsa(2048);
  signer_ = &other;
  EXPECT_EQ(Failed(Evidence()), Names{"TPM_SIGNATURE"});
  HclEvidence evidence = Evidence();
  evidence.ak = other.Spki();
  EXPECT_EQ(Failed(evidence), (Names{"AK_BINDING", "TPM_SIGNATURE"}));
  signer_ = &ak_;
  evidence = Evidence();
  evidence.ak = ak_.Spki();
  EXPECT_TRUE(Check(evidence).trusted());
  evidence.runtime_data = ToBytes(json_ + " ");
  EXPECT_EQ(Failed(evidence), Names{"AK_BINDING"});
  tpm_.accepted_ak = {AkTrust::kEkCredential};
  EXPECT_EQ(Failed(Evidence()), Names{"AK_BINDING"});
}

TEST_F(HclTest, HardwareReportKeepsItsOwnChecks) {
  HclEvidence evidence = Evidence();
  evidence.report[32 + testing::snp_offset::kMeasurement] ^= 1;
  EXPECT_EQ(Failed(evidence), Names{"SNP_SIGNATURE"});
  evidence = Evidence();
  evidence.snp_certificates.leaf.clear();
  EXPECT_FALSE(Check(evidence).trusted());
}

TEST_F(HclTest, WithoutQuoteOrSignatureOnlyTheBindingCanBeAsked) {
  HclEvidence evidence = Evidence();
  evidence.quote.reset();
  EXPECT_EQ(Failed(evidence), Names{"TPM_SIGNATURE"});
  HclTerms td;
  td.version = 2;
  td.report_type = 4;
  td.json = json_;
  td.hardware_report = Bytes(1184, 0);
  td.hardware_report[0] = 0x81;
  const Sha256Digest digest = Sha256(AsBytes(json_));
  std::copy(digest.begin(), digest.end(), td.hardware_report.begin() + 128);
  evidence.report = HclBytes(td);
  EXPECT_EQ(Failed(evidence), (Names{"QUOTE_SIGNATURE", "TPM_SIGNATURE"}));
  EXPECT_TRUE(Check(evidence, "a test").trusted());
  evidence.report[32 + 128] ^= 1;
  EXPECT_EQ(testing::FailedNames(Check(evidence, "a test")), Names{"AK_BINDING"});
}

}  // namespace
}  // namespace kedge
