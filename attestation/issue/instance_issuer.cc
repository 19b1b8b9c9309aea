#include "attestation/issue/instance_issuer.h"

#include <utility>

namespace kedge {

StatusOr<Evidence> InstanceIssuer::Issue(const ReportData& report_data) {
  ASSIGN_OR_RETURN(Issuer * issuer, Fitting());
  return issuer->Issue(report_data);
}

StatusOr<Issuer*> InstanceIssuer::Fitting() {
  const absl::MutexLock lock(&mutex_);
  if (fitting_ != nullptr) return fitting_;
  // Every kind needs the TPM here, so that one which does not answer yet is no machine without one.
  RETURN_IF_ERROR(tpm_.ActiveBanks().status());
  ASSIGN_OR_RETURN(ReportSource source, OpenReportSource(options_.paths, random_));
  ASSIGN_OR_RETURN(const InstanceFacts facts, ProbeInstance(source, tpm_, options_.paths));
  ASSIGN_OR_RETURN(const Instance instance, ClassifyInstance(facts, options_.forced));
  fitting_ = &vtpm_;
  if (HasOwnReports(instance)) {
    source_ = std::move(source);
    fitting_ = &composite_.emplace(vtpm_, *source_.reports, source_.tee);
  }
  if (options_.on_found) options_.on_found(instance);
  return fitting_;
}

}  // namespace kedge
