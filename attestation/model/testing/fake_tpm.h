// A TPM 2.0 in software that obeys the device's state machine and signs genuinely: its quotes
// verify with real ECDSA, its EK activates real credentials. Only its keys are worthless, because
// no policy names the root that certifies them (TestTpmCa).
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "attestation/model/testing/software_endorsement_key.h"
#include "attestation/model/testing/test_tpm_ca.h"
#include "attestation/model/tpm.h"
#include "crypto/ecdsa.h"

namespace kedge::testing {

struct FakeTpmOptions {
  std::vector<PcrBank> banks = {PcrBank::kSha256, PcrBank::kSha384};
  EkKind ek = EkKind::kEccP384;  // RSA costs a tenth of a second to generate
};

class FakeTpm final : public Tpm {
 public:
  // The EK certificate comes from `ca`.
  explicit FakeTpm(const TestTpmCa& ca, FakeTpmOptions options = {});

  StatusOr<std::vector<PcrBank>> ActiveBanks() override;
  StatusOr<PcrValues> ReadPcrs(PcrBank bank, const std::vector<PcrIndex>& indices) override;
  Status Extend(const MeasuredEvent& event) override;
  StatusOr<Bytes> AttestationKeyPublic() override;
  StatusOr<Bytes> AttestationKeyCertificate() override;
  StatusOr<TpmQuote> Quote(PcrBank bank, const std::vector<PcrIndex>& indices,
                           const ReportData& extra_data) override;
  StatusOr<EndorsementKey> Endorsement() override;
  StatusOr<SecretBytes> ActivateCredential(const CredentialBlob& blob) override;
  StatusOr<Bytes> ReadNv(uint32_t index) override;
  StatusOr<std::optional<uint64_t>> ReadCounter() override;
  StatusOr<uint64_t> IncrementCounter() override;

  // TPM reset: PCRs 0-16 and 23 to zero, 17-22 to ones, the reset counter goes up.
  void Reset();
  // As firmware, systemd-pcrphase or an attacker in the guest would: in every bank, or in one.
  void ExtendData(PcrIndex pcr, ByteView data);
  void ExtendDataInBank(PcrBank bank, PcrIndex pcr, ByteView data);
  // As the platform's maker or a paravisor would.
  void SetNv(uint32_t index, Bytes content);
  // As the TPM's owner may: TPM2_NV_UndefineSpace. A new counter begins beyond the old one.
  void UndefineCounter();
  // As a host that puts an old copy of the TPM's state back.
  void RollCounterBackTo(uint64_t value);
  // From now on the index is somebody else's.
  void OccupyCounterIndex();
  // After `calls` more calls of the port every call fails with UNAVAILABLE, before any effect.
  void FailAfter(int calls);
  // The next Extend takes effect and then reports UNAVAILABLE, as a lost answer does.
  void LoseNextExtendAnswer();
  void Heal();
  // Calls of Extend that took effect since the last Reset.
  int extends() const;

 private:
  using Bank = std::map<PcrIndex, Bytes>;
  Status Spend();
  StatusOr<PcrValues> ReadLocked(PcrBank bank, const std::vector<PcrIndex>& indices) const;
  void ExtendLocked(PcrBank bank, PcrIndex pcr, ByteView data);

  mutable std::mutex mutex_;
  std::vector<PcrBank> active_;
  std::map<PcrBank, Bank> banks_;
  SigningKey ak_;
  Bytes ak_public_;
  SoftwareEndorsementKey ek_;
  Bytes ek_certificate_;
  std::map<uint32_t, Bytes> nv_;
  uint32_t reset_count_ = 0;
  uint64_t clock_ = 1000;
  // A new counter begins beyond the highest value that any counter of the TPM ever had (TPM 2.0
  // Library part 3, TPM2_NV_Increment).
  std::optional<uint64_t> counter_;
  uint64_t highest_counter_ = 0;
  bool counter_occupied_ = false;
  std::optional<int> calls_left_;
  bool lose_next_extend_answer_ = false;
  int extends_ = 0;
};

}  // namespace kedge::testing
