// The port that makes evidence. Programs inject it, so that nobody above knows how evidence is
// made.
#pragma once

#include "attestation/model/evidence.h"
#include "attestation/model/tpm.h"
#include "base/status.h"

namespace kedge {

// What travels beside evidence and is not covered by it directly but by the transcript (payload).
struct Endorsements {
  Bytes ek_public;       // TPMT_PUBLIC
  Bytes ek_certificate;  // DER
};

// Thread-safe; may block for as long as the hardware takes.
class Issuer {
 public:
  virtual ~Issuer() = default;
  virtual StatusOr<Evidence> Issue(const ReportData& report_data) = 0;
  virtual StatusOr<Endorsements> GetEndorsements() = 0;
  virtual StatusOr<SecretBytes> ActivateCredential(const CredentialBlob& blob) = 0;
};

}  // namespace kedge
