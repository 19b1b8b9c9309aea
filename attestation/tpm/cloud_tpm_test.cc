// Attestation keys and reports that a cloud's platform put into the TPM, against a real swtpm that
// is prepared as the platform does it.
#include <gtest/gtest.h>

#include <numeric>

#include "attestation/parse/hcl.h"
#include "attestation/parse/testing/hcl_builder.h"
#include "attestation/parse/tpm_structs.h"
#include "attestation/tpm/esys_tpm.h"
#include "attestation/tpm/testing/swtpm.h"
#include "attestation/tpm/testing/tpm_provisioner.h"
#include "attestation/verify/hcl.h"
#include "attestation/verify/quote.h"
#include "attestation/verify/testing/snp_world.h"
#include "attestation/verify/verify.h"
#include "base/status_matchers.h"
#include "crypto/system_random.h"
#include "crypto/testing/test_pki.h"

namespace kedge {
namespace {

using testing::CertificateTerms;
using testing::HclBytes;
using testing::SnpWorld;
using testing::Swtpm;
using testing::TestKey;
using testing::TestSignature;
using testing::TpmProvisioner;

const ReportData kReport = Sha512(AsBytes("transcript"));
constexpr uint32_t kAzureAk = 0x81000003;

std::string Base64Url(ByteView bytes) {
  std::string out = ToBase64(bytes);
  for (char& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
  out.erase(out.find_last_not_of('=') + 1);
  return out;
}

class CloudTpmTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto started = Swtpm::Start();
    ASSERT_OK(started);
    swtpm_ = *std::move(started);
    auto provisioner = TpmProvisioner::Open(swtpm_->tcti());
    ASSERT_OK(provisioner);
    provisioner_ = *std::move(provisioner);
  }
  // The platform is done: the guest's own connection.
  void StartGuest(AkSource ak) {
    provisioner_.reset();
    tpm_ = std::make_unique<EsysTpm>(EsysTpmOptions{.tcti = swtpm_->tcti(), .ak = ak});
  }

  // What the runtime data say about a key, and a report of the hardware that covers them.
  Bytes HclReportAbout(ByteView ak_public) {
    const TpmPublic area = ParseTpmPublic(ak_public).value();
    const auto& rsa = std::get<TpmRsaPublic>(area.key);
    const std::string json =
        R"({"keys":[{"kid":"HCLAkPub","key_ops":["sign"],"kty":"RSA","e":"AQAB","n":")" +
        Base64Url(rsa.modulus) + R"("}]})";
    world_.Put(testing::snp_offset::kReportData, Bytes(64, 0));
    world_.Put(testing::snp_offset::kReportData, Sha256(AsBytes(json)));
    return HclBytes({.hardware_report = world_.SignedReport(), .json = json});
  }
  HclVerification VerifyAzure(const Bytes& report, const Bytes& ak) {
    const SnpPolicy snp = world_.Policy();
    const TdxPolicy tdx = AnyTdPolicy("this test");
    const TpmPolicy tpm;
    HclEvidence evidence;
    evidence.report = report;
    evidence.ak = ak;
    evidence.snp_certificates = world_.Evidence().certificates;
    return VerifyHcl(evidence, {.at = SnpWorld::Time().at,
                                .nonce = {},
                                .tpm = tpm,
                                .snp = snp,
                                .tdx = tdx,
                                .binding_only_by = "this test"});
  }
  Status VerifyQuoteByAk(const TpmQuote& quote, ByteView ak_public) {
    ASSIGN_OR_RETURN(const TpmPublic area, ParseTpmPublic(ak_public));
    RETURN_IF_ERROR(CheckAkProperties(area));
    ASSIGN_OR_RETURN(const TpmVerifyKey key, KeyOf(area));
    return VerifyQuote(quote.quoted, quote.signature, key, quote.pcrs,
                       {.selection = {0, 15}, .extra_data = ToBytes(ByteView(kReport))})
        .status();
  }

  std::unique_ptr<Swtpm> swtpm_;
  std::unique_ptr<TpmProvisioner> provisioner_;
  std::unique_ptr<EsysTpm> tpm_;
  SnpWorld world_{SnpProduct::kMilan};
};

TEST_F(CloudTpmTest, AzureReportAndKeyAreOneChain) {
  ASSERT_OK_AND_ASSIGN(const Bytes made, provisioner_->PersistRsaAk(kAzureAk));
  const Bytes hcl = HclReportAbout(made);
  ASSERT_OK(provisioner_->DefineNv(kHclReportNvIndex, hcl, /*by_owner=*/true));
  StartGuest(AkSource::kAzure);

  ASSERT_OK_AND_ASSIGN(const Bytes ak, tpm_->AttestationKeyPublic());
  EXPECT_EQ(ak, made);
  ASSERT_OK_AND_ASSIGN(const Bytes report, tpm_->ReadNv(kHclReportNvIndex));
  EXPECT_EQ(report, hcl);
  ASSERT_OK_AND_ASSIGN(const TpmQuote quote, tpm_->Quote(PcrBank::kSha256, {0, 15}, kReport));
  EXPECT_OK(VerifyQuoteByAk(quote, ak));
  ASSERT_OK_AND_ASSIGN(const TpmQuote again, tpm_->Quote(PcrBank::kSha256, {0, 15}, kReport));
  EXPECT_OK(VerifyQuoteByAk(again, ak));

  // The whole chain by the product's verifier: chip, runtime data, key.
  const HclVerification verified = VerifyAzure(report, ak);
  EXPECT_TRUE(verified.verdict.trusted()) << verified.verdict.FirstFailure();
}

// The paravisor's report is about its own key: another one beside it does not fit.
TEST_F(CloudTpmTest, AzureReportAboutAnotherKeyIsRefused) {
  ASSERT_OK_AND_ASSIGN(const Bytes made, provisioner_->PersistRsaAk(kAzureAk));
  ASSERT_OK_AND_ASSIGN(const Bytes other, provisioner_->PublicOfPrimary([] {
    Bytes changed = TpmProvisioner::RsaAkTemplate();
    changed[7] ^= 0x04;  // without noDA: another key
    return changed;
  }()));
  ASSERT_NE(made, other);
  const HclVerification verified = VerifyAzure(HclReportAbout(other), made);
  EXPECT_EQ(verified.verdict.FirstFailure().substr(0, 10), "AK_BINDING");
}

TEST_F(CloudTpmTest, AzureKeyThatIsNotThereIsSaid) {
  StartGuest(AkSource::kAzure);
  EXPECT_THAT(tpm_->AttestationKeyPublic(), HasFault("TPM_NO_AK"));
  EXPECT_THAT(tpm_->Quote(PcrBank::kSha256, {0}, kReport), HasFault("TPM_NO_AK"));
  ASSERT_OK_AND_ASSIGN(const Bytes report, tpm_->ReadNv(kHclReportNvIndex));
  EXPECT_TRUE(report.empty());
}

class GoogleTpmTest : public CloudTpmTest {
 protected:
  // Puts template and certificate into NV; the certificate is for `certified`.
  void Provision(uint32_t certificate_index, const Bytes& key_template, ByteView certified) {
    ASSERT_OK(provisioner_->DefineNv(certificate_index + 1, key_template, /*by_owner=*/false));
    const TpmPublic area = ParseTpmPublic(certified).value();
    const TestKey key = TestKey::FromSpki(SpkiOf(*KeyOf(area)));
    certificate_ = testing::MakeCertificate({}, key, authority_, TestSignature::kEcdsa);
    Bytes padded = certificate_;
    padded.resize(padded.size() + 100, 0xFF);  // NV indices are larger than what is in them
    ASSERT_OK(provisioner_->DefineNv(certificate_index, padded, /*by_owner=*/false));
  }
  const TestKey authority_ = TestKey::P256();
  Bytes certificate_;
};

TEST_F(GoogleTpmTest, RsaKeyByTemplateWithItsCertificate) {
  const Bytes key_template = TpmProvisioner::RsaAkTemplate();
  ASSERT_OK_AND_ASSIGN(const Bytes made, provisioner_->PublicOfPrimary(key_template));
  Provision(kGoogleRsaAkCertificateNvIndex, key_template, made);
  if (HasFatalFailure()) return;
  StartGuest(AkSource::kGoogle);
  ASSERT_OK_AND_ASSIGN(const Bytes ak, tpm_->AttestationKeyPublic());
  EXPECT_EQ(ak, made);
  ASSERT_OK_AND_ASSIGN(const Bytes certificate, tpm_->AttestationKeyCertificate());
  EXPECT_EQ(certificate, certificate_);
  ASSERT_OK_AND_ASSIGN(const TpmQuote quote, tpm_->Quote(PcrBank::kSha256, {0, 15}, kReport));
  EXPECT_OK(VerifyQuoteByAk(quote, ak));
}

TEST_F(GoogleTpmTest, EccKeyComesFirst) {
  ASSERT_OK(provisioner_->DefineNv(kGoogleRsaAkCertificateNvIndex + 1,
                                   TpmProvisioner::RsaAkTemplate(), /*by_owner=*/false));
  const Bytes key_template = TpmProvisioner::EccAkTemplate(7);
  ASSERT_OK_AND_ASSIGN(const Bytes made, provisioner_->PublicOfPrimary(key_template));
  Provision(kGoogleEccAkCertificateNvIndex, key_template, made);
  if (HasFatalFailure()) return;
  StartGuest(AkSource::kGoogle);
  ASSERT_OK_AND_ASSIGN(const Bytes ak, tpm_->AttestationKeyPublic());
  EXPECT_EQ(ak, made);
  ASSERT_OK_AND_ASSIGN(const TpmQuote quote, tpm_->Quote(PcrBank::kSha256, {0, 15}, kReport));
  EXPECT_OK(VerifyQuoteByAk(quote, ak));
  EXPECT_OK(tpm_->AttestationKeyCertificate());
}

TEST_F(GoogleTpmTest, CertificateOfAnotherKeyIsSaid) {
  const Bytes key_template = TpmProvisioner::EccAkTemplate(7);
  ASSERT_OK_AND_ASSIGN(const Bytes other,
                       provisioner_->PublicOfPrimary(TpmProvisioner::EccAkTemplate(8)));
  Provision(kGoogleEccAkCertificateNvIndex, key_template, other);
  if (HasFatalFailure()) return;
  StartGuest(AkSource::kGoogle);
  EXPECT_THAT(tpm_->AttestationKeyCertificate(), HasFault("TPM_AK_MISMATCH"));
}

TEST_F(GoogleTpmTest, MissingTemplateIsSaid) {
  StartGuest(AkSource::kGoogle);
  EXPECT_THAT(tpm_->AttestationKeyPublic(), HasFault("TPM_NO_AK"));
}

// Activation works with the cloud's key as with ours: the AK lives beside the EK.
TEST_F(GoogleTpmTest, CredentialForTheCloudsKey) {
  const Bytes key_template = TpmProvisioner::EccAkTemplate(7);
  ASSERT_OK(provisioner_->DefineNv(kGoogleEccAkCertificateNvIndex + 1, key_template, false));
  StartGuest(AkSource::kGoogle);
  SystemRandom random;
  ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->Endorsement());
  ASSERT_OK_AND_ASSIGN(const Bytes ak, tpm_->AttestationKeyPublic());
  ASSERT_OK_AND_ASSIGN(const Bytes name, NameOf(ak));
  ASSERT_OK_AND_ASSIGN(const SecretBytes secret, random.Secret(32));
  ASSERT_OK_AND_ASSIGN(const CredentialBlob blob,
                       MakeCredential(ek.public_area, name, secret, random));
  ASSERT_OK_AND_ASSIGN(const SecretBytes activated, tpm_->ActivateCredential(blob));
  EXPECT_TRUE(activated.EqualsConstantTime(secret));
}

}  // namespace
}  // namespace kedge
