// The NV counter against a real swtpm; each case has a TPM of its own, because a TPM does not
// forget what a counter was.
#include <gtest/gtest.h>
#include <tss2/tss2_tctildr.h>

#include "attestation/tpm/esys_handles.h"
#include "attestation/tpm/esys_tpm.h"
#include "attestation/tpm/testing/swtpm.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using testing::Swtpm;

constexpr TPMI_RH_NV_INDEX kIndex = 0x01804B44;

// The TPM's owner, who may do more than Kedge does.
class TpmOwner {
 public:
  explicit TpmOwner(const std::string& tcti) {
    EXPECT_EQ(Tss2_TctiLdr_Initialize(tcti.c_str(), &tcti_), TSS2_RC_SUCCESS);
    EXPECT_EQ(Esys_Initialize(&esys_, tcti_, nullptr), TSS2_RC_SUCCESS);
  }
  ~TpmOwner() {
    Esys_Finalize(&esys_);
    Tss2_TctiLdr_Finalize(&tcti_);
  }
  TpmOwner(const TpmOwner&) = delete;
  TpmOwner& operator=(const TpmOwner&) = delete;

  void UndefineIndex() {
    ESYS_TR nv = ESYS_TR_NONE;
    ASSERT_EQ(Esys_TR_FromTPMPublic(esys_, kIndex, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &nv),
              TSS2_RC_SUCCESS);
    ASSERT_EQ(Esys_NV_UndefineSpace(esys_, ESYS_TR_RH_OWNER, nv, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                    ESYS_TR_NONE),
              TSS2_RC_SUCCESS);
  }
  void DefineIndex(TPMA_NV attributes) {
    const TPM2B_AUTH no_password = {};
    TPM2B_NV_PUBLIC area = {};
    area.nvPublic.nvIndex = kIndex;
    area.nvPublic.nameAlg = TPM2_ALG_SHA256;
    area.nvPublic.attributes = attributes;
    area.nvPublic.dataSize = 8;
    EsysReference nv(esys_);
    ASSERT_EQ(Esys_NV_DefineSpace(esys_, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                  ESYS_TR_NONE, &no_password, &area, nv.receive()),
              TSS2_RC_SUCCESS);
  }
  void SetOwnerPassword() {
    TPM2B_AUTH password = {};
    password.size = 4;
    std::fill_n(password.buffer, password.size, uint8_t{0x70});
    ASSERT_EQ(Esys_HierarchyChangeAuth(esys_, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                       ESYS_TR_NONE, &password),
              TSS2_RC_SUCCESS);
  }

 private:
  TSS2_TCTI_CONTEXT* tcti_ = nullptr;
  ESYS_CONTEXT* esys_ = nullptr;
};

class EsysCounterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto started = Swtpm::Start({.pcr_banks = "sha256", .ek_certificates = false});
    ASSERT_OK(started);
    swtpm_ = std::move(started).value();
    tpm_.emplace(EsysTpmOptions{.tcti = swtpm_->tcti(), .endorsement_keys = {}});
  }

  std::unique_ptr<Swtpm> swtpm_;
  std::optional<EsysTpm> tpm_;
};

TEST_F(EsysCounterTest, CountsOverPowerCuts) {
  ASSERT_OK_AND_ASSIGN(const std::optional<uint64_t> none, tpm_->ReadCounter());
  EXPECT_EQ(none, std::nullopt);
  ASSERT_OK_AND_ASSIGN(const uint64_t first, tpm_->IncrementCounter());
  for (uint64_t i = 1; i <= 3; ++i) {
    ASSERT_OK(swtpm_->PowerCycle());
    EsysTpm later({.tcti = swtpm_->tcti(), .endorsement_keys = {}});
    EXPECT_EQ(later.ReadCounter().value(), first + i - 1);
    EXPECT_EQ(later.IncrementCounter().value(), first + i);
    EXPECT_EQ(later.ReadCounter().value(), first + i);
  }
}

TEST_F(EsysCounterTest, LeavesNoHandlesBehind) {
  for (int i = 0; i < 8; ++i) {
    ASSERT_OK(tpm_->IncrementCounter());
    ASSERT_OK(tpm_->ReadCounter());
  }
  EXPECT_OK(tpm_->AttestationKeyPublic());
}

// Deleted by the TPM's owner, it cannot be made to say less than before.
TEST_F(EsysCounterTest, ANewCounterBeginsBeyondTheOldOne) {
  ASSERT_OK(tpm_->IncrementCounter());
  ASSERT_OK_AND_ASSIGN(const uint64_t before, tpm_->IncrementCounter());
  TpmOwner(swtpm_->tcti()).UndefineIndex();
  EXPECT_EQ(tpm_->ReadCounter().value(), std::nullopt);
  ASSERT_OK_AND_ASSIGN(const uint64_t after, tpm_->IncrementCounter());
  EXPECT_GT(after, before);
}

// Cut off between its definition and its first increment.
TEST_F(EsysCounterTest, ACounterThatNeverCountedIsTakenOver) {
  TpmOwner(swtpm_->tcti())
      .DefineIndex((TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT) | TPMA_NV_AUTHREAD |
                   TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA);
  EXPECT_EQ(tpm_->ReadCounter().value(), std::nullopt);
  ASSERT_OK(tpm_->IncrementCounter());
  EXPECT_OK(tpm_->ReadCounter());
}

TEST_F(EsysCounterTest, AnotherThingAtTheIndexIsNamedAndLeftAlone) {
  // An ordinary index could be written to say anything.
  TpmOwner(swtpm_->tcti()).DefineIndex(TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA);
  EXPECT_THAT(tpm_->ReadCounter(), HasFault("TPM_COUNTER_UNUSABLE"));
  EXPECT_THAT(tpm_->IncrementCounter(), HasFault("TPM_COUNTER_UNUSABLE"));
}

TEST_F(EsysCounterTest, ATpmWhoseOwnerHasAPasswordIsNamed) {
  TpmOwner(swtpm_->tcti()).SetOwnerPassword();
  EXPECT_EQ(tpm_->ReadCounter().value(), std::nullopt);
  EXPECT_THAT(tpm_->IncrementCounter(), HasFault("TPM_COUNTER_UNUSABLE"));
  EXPECT_OK(tpm_->AttestationKeyPublic());
}

TEST_F(EsysCounterTest, ATpmThatIsAwayIsTriedAgain) {
  ASSERT_OK(tpm_->IncrementCounter());
  ASSERT_OK(swtpm_->PowerOff());
  EXPECT_THAT(tpm_->ReadCounter(), HasFault("TPM_UNAVAILABLE"));
  EXPECT_THAT(tpm_->IncrementCounter(), HasFault("TPM_UNAVAILABLE"));
  ASSERT_OK(swtpm_->PowerOn());
  EXPECT_OK(tpm_->ReadCounter());
}

}  // namespace
}  // namespace kedge
