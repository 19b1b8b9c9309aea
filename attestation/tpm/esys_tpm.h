// The Tpm port over tpm2-tss ESAPI: /dev/tpmrm0 on a node, swtpm in tests.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "attestation/model/tpm.h"
#include "attestation/tpm/owner_thread.h"

namespace kedge {

inline constexpr char kSystemTcti[] = "device:/dev/tpmrm0";

enum class EkType { kRsa2048, kEccP384 };

// Whose attestation key signs.
enum class AkSource {
  kOwn,     // Kedge's template
  kAzure,   // the one that the paravisor made persistent at 0x81000003
  kGoogle,  // by the template in NV 0x01C10003 (ECC) or else 0x01C10001 (RSA)
};

struct EsysTpmOptions {
  // A TCTI loader string, e.g. "device:/dev/tpmrm0" or "swtpm:path=/run/x/tpm.sock".
  std::string tcti = kSystemTcti;
  // The order in which endorsement certificates are looked for; the first one found is used.
  std::vector<EkType> endorsement_keys = {EkType::kRsa2048, EkType::kEccP384};
  AkSource ak = AkSource::kOwn;
};

class EsysConnection;

// The connection is made at the first call and again after the device went away, so construction
// never fails; every method may return UNAVAILABLE with fault TPM_UNAVAILABLE. Further faults:
// TPM_BANK_UNSUPPORTED (an active bank that Kedge cannot hash for), TPM_NO_EK_CERTIFICATE,
// TPM_EK_MISMATCH (no certified key by the profile's templates), TPM_NO_AK and TPM_AK_MISMATCH (the
// cloud's attestation key is missing, or not what its certificate says), CREDENTIAL_REFUSED,
// TPM_COUNTER_UNUSABLE.
class EsysTpm final : public Tpm {
 public:
  explicit EsysTpm(EsysTpmOptions options = {});
  ~EsysTpm() override;

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

 private:
  // Runs `work(EsysConnection&)` on the owner thread with an open connection.
  template <typename Work>
  auto OnConnection(Work&& work);

  EsysTpmOptions options_;
  std::unique_ptr<EsysConnection> connection_;  // touched by the owner thread only
  OwnerThread owner_;                           // ends before the connection
};

}  // namespace kedge
