// Makes vTPM evidence: a quote of PCRs 0-15 of the SHA-256 bank over the report data, with the logs
// that explain it.
#pragma once

#include <functional>

#include "attestation/model/issuer.h"
#include "attestation/model/tpm.h"

namespace kedge {

struct EvidenceLogs {
  // The firmware's TCG2 log; empty where there is none to send.
  std::function<StatusOr<Bytes>()> firmware;
  // Kedge's own records, byte for byte (MeasurementLog::ReadRaw).
  std::function<StatusOr<Bytes>()> kedge;
};

// The node's own: /sys/kernel/security/tpm0/binary_bios_measurements (left out where the kernel has
// none, or where it is larger than evidence may carry: the verifier does not need it) and
// /run/kedge/measurements.json.
EvidenceLogs SystemLogs();

// Thread-safe as `tpm` is; `tpm` outlives the issuer.
class VtpmIssuer final : public Issuer {
 public:
  VtpmIssuer(Tpm& tpm, EvidenceLogs logs) : tpm_(tpm), logs_(std::move(logs)) {}

  // UNAVAILABLE with fault MEASURING (retry) where log and PCRs disagree: another process is
  // between the record and the extend, or was cut off there and measures again after its restart.
  StatusOr<Evidence> Issue(const ReportData& report_data) override;
  StatusOr<Endorsements> GetEndorsements() override;
  StatusOr<SecretBytes> ActivateCredential(const CredentialBlob& blob) override;

 private:
  Tpm& tpm_;
  EvidenceLogs logs_;
};

}  // namespace kedge
