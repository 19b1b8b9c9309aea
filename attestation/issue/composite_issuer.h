// Makes composite evidence: a vTPM quote over the report data, and a report of the hardware that
// binds the quote's key to it (attestation/model/evidence.h, CompositeReportData).
#pragma once

#include "attestation/issue/hardware_reports.h"
#include "attestation/model/issuer.h"

namespace kedge {

// Thread-safe as its parts are, which outlive it.
class CompositeIssuer final : public Issuer {
 public:
  // `tee`: what `reports` gives.
  CompositeIssuer(Issuer& vtpm, HardwareReports& reports, Tee tee)
      : vtpm_(vtpm), reports_(reports), tee_(tee) {}

  // Faults of both parts; REPORT_MISMATCH (retry) where the hardware's report is of another kind or
  // about something else than what was asked.
  StatusOr<Evidence> Issue(const ReportData& report_data) override;
  StatusOr<Endorsements> GetEndorsements() override { return vtpm_.GetEndorsements(); }
  StatusOr<SecretBytes> ActivateCredential(const CredentialBlob& blob) override {
    return vtpm_.ActivateCredential(blob);
  }

 private:
  Issuer& vtpm_;
  HardwareReports& reports_;
  const Tee tee_;
};

}  // namespace kedge
