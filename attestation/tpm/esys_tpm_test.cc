// The TPM edge against a real swtpm, and the whole way from an extend to a verdict.
#include "attestation/tpm/esys_tpm.h"

#include <gtest/gtest.h>

#include <numeric>
#include <thread>

#include "attestation/issue/testing/fake_node.h"
#include "attestation/issue/vtpm_issuer.h"
#include "attestation/model/measure_once.h"
#include "attestation/model/testing/memory_event_log.h"
#include "attestation/model/testing/tpm_wire.h"
#include "attestation/parse/evidence.h"
#include "attestation/parse/kedge_log.h"
#include "attestation/parse/tpm_structs.h"
#include "attestation/tpm/testing/swtpm.h"
#include "attestation/verify/verify.h"
#include "base/status_matchers.h"
#include "crypto/system_random.h"

namespace kedge {
namespace {

using testing::MemoryEventLog;
using testing::Swtpm;
using testing::TestImage;

const ReportData kReport = Sha512(AsBytes("transcript"));
const ClusterId kCluster = {1, 2, 3};
const std::vector<PcrIndex> kAllPcrs = [] {
  std::vector<PcrIndex> all(24);
  std::iota(all.begin(), all.end(), PcrIndex{0});
  return all;
}();

// One TPM for the suite, switched off and on before each test.
class EsysTpmTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto started = Swtpm::Start();
    ASSERT_OK(started);
    swtpm_ = std::move(started).value().release();
  }
  static void TearDownTestSuite() {
    delete swtpm_;
    swtpm_ = nullptr;
  }
  void SetUp() override {
    ASSERT_NE(swtpm_, nullptr);
    ASSERT_OK(swtpm_->PowerCycle());
  }

  static EsysTpmOptions Options(std::vector<EkType> keys = {EkType::kRsa2048, EkType::kEccP384}) {
    return {.tcti = swtpm_->tcti(), .endorsement_keys = std::move(keys)};
  }
  // As firmware and systemd do for the test image.
  void BootTestImage() {
    for (PcrIndex pcr : {4u, 9u, 11u}) {
      const std::string part = "kedge-test measured into PCR " + std::to_string(pcr);
      ASSERT_OK(tpm_.Extend({pcr, "firmware", ToBytes(part)}));
    }
    ASSERT_OK(tpm_.Extend({11, "phase", ToBytes("enter-initrd")}));
  }
  StatusOr<Bytes> EncodedLog() {
    ASSIGN_OR_RETURN(const std::vector<PcrBank> banks, tpm_.ActiveBanks());
    Bytes out;
    for (const MeasuredEvent& event : log_.events()) {
      const Bytes record = EncodeKedgeLogRecord(MakeKedgeLogRecord(event, banks));
      out.insert(out.end(), record.begin(), record.end());
    }
    return out;
  }

  static Swtpm* swtpm_;
  EsysTpm tpm_{Options()};
  MemoryEventLog log_;
  VtpmIssuer issuer_{tpm_, {[] { return Bytes(); }, [this] { return EncodedLog(); }}};
  SystemRandom random_;
};
Swtpm* EsysTpmTest::swtpm_ = nullptr;

TEST_F(EsysTpmTest, ListsItsActiveBanks) {
  ASSERT_OK_AND_ASSIGN(const auto banks, tpm_.ActiveBanks());
  EXPECT_EQ(banks, (std::vector<PcrBank>{PcrBank::kSha256, PcrBank::kSha384}));
}

TEST_F(EsysTpmTest, ReadsAllPcrsAlthoughOneCommandAnswersEight) {
  ASSERT_OK_AND_ASSIGN(const PcrValues values, tpm_.ReadPcrs(PcrBank::kSha384, kAllPcrs));
  ASSERT_EQ(values.size(), 24u);
  EXPECT_EQ(values.at(0), Bytes(48, 0x00));
  EXPECT_EQ(values.at(17), Bytes(48, 0xFF));
  EXPECT_EQ(values.at(23), Bytes(48, 0x00));
}

TEST_F(EsysTpmTest, InactiveBankAndBadIndexAreErrors) {
  EXPECT_THAT(tpm_.ReadPcrs(PcrBank::kSha1, {0}), HasCode(StatusCode::kFailedPrecondition));
  EXPECT_THAT(tpm_.ReadPcrs(PcrBank::kSha256, {24}), HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(tpm_.ReadPcrs(PcrBank::kSha256, {}), HasCode(StatusCode::kInvalidArgument));
}

TEST_F(EsysTpmTest, ExtendsEveryActiveBankAsPredicted) {
  const MeasuredEvent event = ClusterIdEvent(kCluster);
  ASSERT_OK(tpm_.Extend(event));
  for (PcrBank bank : {PcrBank::kSha256, PcrBank::kSha384}) {
    ASSERT_OK_AND_ASSIGN(const PcrValues values, tpm_.ReadPcrs(bank, {15}));
    EXPECT_EQ(ToHex(values.at(15)), ToHex(ExtendedPcr(bank, ZeroPcr(bank), event.content)));
  }
}

TEST_F(EsysTpmTest, MeasuresOnceAndRefusesForeignValues) {
  ASSERT_OK_AND_ASSIGN(const PcrClass first, MeasureOnce(tpm_, log_, ClusterIdEvent(kCluster)));
  EXPECT_EQ(first, PcrClass::kPristine);
  ASSERT_OK_AND_ASSIGN(const PcrClass again, MeasureOnce(tpm_, log_, ClusterIdEvent(kCluster)));
  EXPECT_EQ(again, PcrClass::kAlreadyMeasured);
  log_.Clear();
  EXPECT_THAT(MeasureOnce(tpm_, log_, ClusterIdEvent(ClusterId{9})), HasFault("PCR_FOREIGN"));
  ASSERT_OK(tpm_.Extend({14, "other", ToBytes("not ours")}));
  EXPECT_THAT(MeasureOnce(tpm_, log_, InitDataEvent({})), HasFault("PCR_FOREIGN"));
}

TEST_F(EsysTpmTest, AkIsTheSameAfterAPowerCycle) {
  ASSERT_OK_AND_ASSIGN(const Bytes before, tpm_.AttestationKeyPublic());
  ASSERT_OK(swtpm_->PowerCycle());
  EsysTpm again(Options());
  ASSERT_OK_AND_ASSIGN(const Bytes after, again.AttestationKeyPublic());
  EXPECT_EQ(before, after);
}

TEST_F(EsysTpmTest, EvidenceVerifiesAndAppraisesAsTrusted) {
  BootTestImage();
  ASSERT_OK(MeasureOnce(tpm_, log_, InitDataEvent(AsBytes("invitation"))));
  ASSERT_OK(MeasureOnce(tpm_, log_, ClusterIdEvent(kCluster)));
  ASSERT_OK_AND_ASSIGN(const Evidence issued, issuer_.Issue(kReport));
  ASSERT_OK_AND_ASSIGN(const Evidence evidence, ParseEvidence(EncodeEvidence(issued)));
  ASSERT_OK_AND_ASSIGN(const Claims claims, VerifyEvidence(evidence, kReport));
  AppraisalPolicy policy;
  policy.images = {TestImage()};
  policy.accepted_levels = {EvidenceLevel::kHostVtpm};
  policy.cluster_id = kCluster;
  policy.init_data = Sha256(AsBytes("invitation"));
  const Appraisal trusted = Appraise(claims, policy);
  EXPECT_TRUE(trusted.verdict.trusted()) << trusted.verdict.FirstFailure();
  EXPECT_EQ(trusted.phase, "enter-initrd");

  ASSERT_OK(tpm_.Extend({11, "phase", ToBytes("leave-initrd")}));
  ASSERT_OK_AND_ASSIGN(const Evidence later, issuer_.Issue(kReport));
  ASSERT_OK_AND_ASSIGN(const Claims late, VerifyEvidence(later, kReport));
  EXPECT_EQ(Appraise(late, policy).verdict.FirstFailure().substr(0, 10), "boot.phase");
}

TEST_F(EsysTpmTest, QuoteOfAnotherReportIsRefused) {
  ASSERT_OK_AND_ASSIGN(const Evidence evidence, issuer_.Issue(kReport));
  EXPECT_THAT(VerifyEvidence(evidence, Sha512(AsBytes("another"))), HasFault("NONCE"));
}

// Values that do not belong to the quote are never handed out, however busy the PCRs are.
TEST_F(EsysTpmTest, QuoteAndValuesAgreeWhileAnotherConnectionMeasures) {
  EsysTpm other(Options());
  std::thread measuring([&other] {
    for (int i = 0; i < 40; ++i) EXPECT_OK(other.Extend({16, "debug", Bytes(1, 0x01)}));
  });
  for (int i = 0; i < 20; ++i) {
    const auto quote = tpm_.Quote(PcrBank::kSha256, {15, 16}, kReport);
    if (!quote.ok()) {
      EXPECT_THAT(quote, HasFault("TPM_UNAVAILABLE"));
      continue;
    }
    const auto attest = ParseTpmAttest(quote->quoted);
    EXPECT_EQ(ToHex(attest->quote->pcr_digest), ToHex(testing::PcrDigestOf(quote->pcrs)));
  }
  measuring.join();
  EXPECT_OK(tpm_.Quote(PcrBank::kSha256, {15, 16}, kReport));
}

// A TPM counts power cuts as failed tries of protected keys; ours must not be one.
TEST_F(EsysTpmTest, ManyPowerCutsDoNotLockTheAkOut) {
  for (int i = 0; i < 40; ++i) {
    ASSERT_OK(tpm_.Quote(PcrBank::kSha256, {0}, kReport)) << i;
    ASSERT_OK(swtpm_->PowerCycle());
  }
}

TEST_F(EsysTpmTest, LeavesNoHandlesBehind) {
  // swtpm has room for three transient objects: a leak of one per call would fail at the fourth.
  for (int i = 0; i < 5; ++i) {
    ASSERT_OK(tpm_.AttestationKeyPublic());
    ASSERT_OK(tpm_.Quote(PcrBank::kSha256, {0}, kReport));
  }
}

TEST_F(EsysTpmTest, ComesBackAfterTheDeviceWentAway) {
  ASSERT_OK(tpm_.ActiveBanks());
  ASSERT_OK(swtpm_->PowerOff());
  EXPECT_THAT(tpm_.ActiveBanks(), HasFault("TPM_UNAVAILABLE"));
  EXPECT_THAT(tpm_.ActiveBanks(), HasFault("TPM_UNAVAILABLE"));
  ASSERT_OK(swtpm_->PowerOn());
  EXPECT_OK(tpm_.ActiveBanks());
}

TEST_F(EsysTpmTest, AbsentDeviceIsUnavailable) {
  EsysTpm absent({.tcti = "device:/dev/no-such-tpm"});
  EXPECT_THAT(absent.ActiveBanks(), HasFault("TPM_UNAVAILABLE"));
}

class EsysEkTest : public EsysTpmTest, public ::testing::WithParamInterface<EkType> {
 protected:
  EsysTpm ek_tpm_{Options({GetParam()})};
};

TEST_P(EsysEkTest, CertificateLeadsToTheMakersRoot) {
  ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, ek_tpm_.Endorsement());
  const Endorsements endorsements{ek.public_area, ek.certificate};
  const std::vector<TpmRoot> roots = {{"swtpm", swtpm_->root_pem()}};
  ASSERT_OK_AND_ASSIGN(const VerifiedEk verified, VerifyEk(endorsements, roots, absl::Now()));
  EXPECT_EQ(verified.root_name, "swtpm");
  const testing::TestTpmCa stranger;
  EXPECT_THAT(VerifyEk(endorsements, {{"stranger", stranger.root_pem()}}, absl::Now()),
              HasFault("EK_NOT_TRUSTED"));
}

TEST_P(EsysEkTest, ActivatesCredentialsMadeInSoftware) {
  ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, ek_tpm_.Endorsement());
  ASSERT_OK_AND_ASSIGN(const Bytes ak, ek_tpm_.AttestationKeyPublic());
  ASSERT_OK_AND_ASSIGN(const Bytes name, NameOf(ak));
  for (size_t size : {1u, 32u}) {
    ASSERT_OK_AND_ASSIGN(const SecretBytes secret, random_.Secret(size));
    ASSERT_OK_AND_ASSIGN(const CredentialBlob blob,
                         MakeCredential(ek.public_area, name, secret, random_));
    ASSERT_OK_AND_ASSIGN(const SecretBytes activated, ek_tpm_.ActivateCredential(blob));
    EXPECT_TRUE(activated.EqualsConstantTime(secret));
  }
  // Again and again: no session and no key is left behind.
  ASSERT_OK_AND_ASSIGN(const SecretBytes secret, random_.Secret(32));
  ASSERT_OK_AND_ASSIGN(const CredentialBlob blob,
                       MakeCredential(ek.public_area, name, secret, random_));
  for (int i = 0; i < 4; ++i) ASSERT_OK(ek_tpm_.ActivateCredential(blob));
}

TEST_P(EsysEkTest, RefusesCredentialsForAnotherAkOrAlteredOnes) {
  ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, ek_tpm_.Endorsement());
  ASSERT_OK_AND_ASSIGN(const Bytes ak, ek_tpm_.AttestationKeyPublic());
  ASSERT_OK_AND_ASSIGN(const Bytes name, NameOf(ak));
  ASSERT_OK_AND_ASSIGN(const SecretBytes secret, random_.Secret(32));
  Bytes other_name = name;
  other_name.back() ^= 1;
  ASSERT_OK_AND_ASSIGN(CredentialBlob other,
                       MakeCredential(ek.public_area, other_name, secret, random_));
  EXPECT_THAT(ek_tpm_.ActivateCredential(other), HasFault("CREDENTIAL_REFUSED"));
  ASSERT_OK_AND_ASSIGN(CredentialBlob altered,
                       MakeCredential(ek.public_area, name, secret, random_));
  altered.id_object.back() ^= 1;
  EXPECT_THAT(ek_tpm_.ActivateCredential(altered), HasFault("CREDENTIAL_REFUSED"));
  altered.id_object.push_back(0);
  EXPECT_THAT(ek_tpm_.ActivateCredential(altered), HasFault("MALFORMED"));
  // The TPM still works afterwards.
  ASSERT_OK_AND_ASSIGN(const CredentialBlob good,
                       MakeCredential(ek.public_area, name, secret, random_));
  EXPECT_OK(ek_tpm_.ActivateCredential(good));
}

INSTANTIATE_TEST_SUITE_P(Kinds, EsysEkTest, ::testing::Values(EkType::kRsa2048, EkType::kEccP384),
                         [](const auto& kind) {
                           return kind.param == EkType::kRsa2048 ? "Rsa2048" : "EccP384";
                         });

TEST(EsysTpmWithoutCertificate, SaysSo) {
  ASSERT_OK_AND_ASSIGN(const auto swtpm,
                       Swtpm::Start({.pcr_banks = "sha256", .ek_certificates = false}));
  EsysTpm tpm({.tcti = swtpm->tcti()});
  EXPECT_THAT(tpm.Endorsement(), HasFault("TPM_NO_EK_CERTIFICATE"));
  EXPECT_OK(tpm.AttestationKeyPublic());
}

TEST(EsysTpmOfAnotherMachine, CannotActivate) {
  ASSERT_OK_AND_ASSIGN(const auto first, Swtpm::Start());
  ASSERT_OK_AND_ASSIGN(const auto second, Swtpm::Start());
  EsysTpm victim({.tcti = first->tcti()});
  EsysTpm attacker({.tcti = second->tcti()});
  ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, victim.Endorsement());
  ASSERT_OK_AND_ASSIGN(const Bytes ak, attacker.AttestationKeyPublic());
  ASSERT_OK_AND_ASSIGN(const Bytes name, NameOf(ak));
  SystemRandom random;
  ASSERT_OK_AND_ASSIGN(const SecretBytes secret, random.Secret(32));
  ASSERT_OK_AND_ASSIGN(const CredentialBlob blob,
                       MakeCredential(ek.public_area, name, secret, random));
  // The attacker's AK is not in the victim's TPM, the victim's EK is not in the attacker's.
  EXPECT_THAT(victim.ActivateCredential(blob), HasFault("CREDENTIAL_REFUSED"));
  EXPECT_THAT(attacker.ActivateCredential(blob), HasFault("CREDENTIAL_REFUSED"));
  EXPECT_OK(attacker.AttestationKeyPublic());
}

}  // namespace
}  // namespace kedge
