// The issuer that fits this machine: of a vTPM alone, or of a TEE's report and a vTPM.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <functional>
#include <optional>

#include "attestation/issue/composite_issuer.h"
#include "attestation/issue/instance_probe.h"
#include "attestation/issue/vtpm_issuer.h"
#include "attestation/model/issuer.h"
#include "base/random.h"

namespace kedge {

struct InstanceOptions {
  std::optional<InstanceKind> forced = {};  // nullopt: found out
  HardwarePaths paths = {};
  // Called once, with what was found, before the first evidence.
  std::function<void(const Instance&)> on_found = {};
};

// Thread-safe as `tpm` is, which outlives the issuer, as `random` does.
class InstanceIssuer final : public Issuer {
 public:
  InstanceIssuer(Tpm& tpm, EvidenceLogs logs, Random& random, InstanceOptions options)
      : tpm_(tpm), random_(random), options_(std::move(options)), vtpm_(tpm, std::move(logs)) {}

  // The machine is looked at when evidence is asked for the first time, and again as long as that
  // fails: a TEE that cannot be asked now is never taken for none. Faults of OpenReportSource,
  // ProbeInstance, ClassifyInstance and of the issuers; without a TPM those of the TPM.
  StatusOr<Evidence> Issue(const ReportData& report_data) override;
  StatusOr<Endorsements> GetEndorsements() override { return vtpm_.GetEndorsements(); }
  StatusOr<SecretBytes> ActivateCredential(const CredentialBlob& blob) override {
    return vtpm_.ActivateCredential(blob);
  }

 private:
  StatusOr<Issuer*> Fitting();

  Tpm& tpm_;
  Random& random_;
  const InstanceOptions options_;
  VtpmIssuer vtpm_;
  absl::Mutex mutex_;
  ReportSource source_ ABSL_GUARDED_BY(mutex_);
  std::optional<CompositeIssuer> composite_ ABSL_GUARDED_BY(mutex_);
  Issuer* fitting_ ABSL_GUARDED_BY(mutex_) = nullptr;  // null until the machine is known
};

}  // namespace kedge
