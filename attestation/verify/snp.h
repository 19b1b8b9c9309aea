// Verification of SEV-SNP evidence: an attestation report and the certificates that vouch for the
// key that signed it. Pure; one fail-closed verdict; every row of the design's table is a check.
//
// What a pass proves and what it does not: docs/THREAT_MODEL.md.
#pragma once

#include <optional>
#include <string>

#include "attestation/model/evidence.h"
#include "attestation/parse/snp_report.h"
#include "attestation/verify/check_list.h"
#include "attestation/verify/snp_endorsement.h"
#include "attestation/verify/snp_policy.h"
#include "base/bytes.h"

namespace kedge {

// What the evidence says. Only as good as the verdict that it comes with.
struct SnpClaims {
  SnpReport report;
  // From CPUID, for version 2 from the certificate; nullopt where unknown. The TCBs are decoded in
  // its layout, and absent without it.
  std::optional<SnpProduct> product;
  std::optional<SnpTcb> current_tcb;
  std::optional<SnpTcb> reported_tcb;
  std::optional<SnpTcb> committed_tcb;
  std::optional<SnpTcb> launch_tcb;
  std::optional<ProductTrust> trust;  // what the policy thinks of the product
  std::optional<VcekExtensions> leaf;
};
// Of a report alone, without its certificate.
SnpClaims ClaimsOfSnpReport(const SnpReport& report, const std::optional<VcekExtensions>& leaf);

struct SnpAppraisal {
  Verdict verdict;
  std::optional<SnpClaims> claims;  // nullopt where the report is malformed
};

// A report against a key that was examined before (SnpEndorsement::valid_until). `report_data`,
// where given, must be exactly the report's, whatever the policy says about it.
SnpAppraisal AppraiseSnp(ByteView report, const SnpEndorsement& endorsement,
                         const SnpPolicy& policy, const std::optional<ReportData>& report_data);

struct SnpEvidence {
  Bytes report;
  SnpCertificates certificates;
};
SnpAppraisal VerifySnp(const SnpEvidence& evidence, const SnpPolicy& policy, const SnpTime& time,
                       const std::optional<ReportData>& report_data);

}  // namespace kedge
