#include "attestation/verify/tee_trust.h"

#include <absl/strings/str_cat.h>

#include "attestation/parse/snp_cert_table.h"

namespace kedge {
namespace {

Status NotAccepted(Tee tee) {
  return Refused(
      "TEE_NOT_ACCEPTED",
      absl::StrCat("evidence of ", std::string(ToString(tee)),
                   ", which the attestation policy does not speak of; add rules for it"));
}

Status CheckVerdict(Tee tee, const Verdict& verdict) {
  if (verdict.trusted()) return absl::OkStatus();
  const std::string message = absl::StrCat("the ", std::string(ToString(tee)),
                                           " report is not acceptable: ", verdict.FirstFailure());
  if (verdict.outcome == Outcome::kMalformed) return Malformed(message);
  return Refused("TEE_NOT_TRUSTED", message);
}

void TakeIfMissing(Bytes& field, Bytes& other) {
  if (field.empty()) field = std::move(other);
}

// The host's own table first (design: Attestation checks, "Sources of the certificates").
StatusOr<SnpCertificates> CertificatesFor(const TeeReport& report, CollateralSource* collateral) {
  ASSIGN_OR_RETURN(SnpCertTable table, ParseSnpCertTable(report.certificates));
  SnpCertificates out;
  out.leaf = table.vcek.empty() ? std::move(table.vlek) : std::move(table.vcek);
  out.intermediate = std::move(table.ask);
  out.root = std::move(table.ark);
  out.crls = std::move(table.crls);
  const bool complete =
      !out.leaf.empty() && !out.intermediate.empty() && !out.root.empty() && !out.crls.empty();
  if (complete || collateral == nullptr) return out;
  ASSIGN_OR_RETURN(SnpCertificates more, collateral->ForSnp(report.report));
  TakeIfMissing(out.leaf, more.leaf);
  TakeIfMissing(out.intermediate, more.intermediate);
  TakeIfMissing(out.root, more.root);
  if (out.crls.empty()) out.crls = std::move(more.crls);
  return out;
}

StatusOr<TeeClaims> VerifySnpReport(const TeeReport& report, const ReportData& report_data,
                                    const SnpPolicy& policy, const TeeTrust& trust) {
  SnpEvidence evidence;
  evidence.report = report.report;
  ASSIGN_OR_RETURN(evidence.certificates, CertificatesFor(report, trust.collateral));
  SnpAppraisal appraisal =
      VerifySnp(evidence, policy, {.at = trust.now, .skipped_by = ""}, report_data);
  RETURN_IF_ERROR(CheckVerdict(report.tee, appraisal.verdict));
  TeeClaims out;
  out.tee = Tee::kSnp;
  out.measurement = ToBytes(appraisal.claims->report.measurement);
  out.verdict = std::move(appraisal.verdict);
  return out;
}

StatusOr<TeeClaims> VerifyTdxQuote(const TeeReport& report, const ReportData& report_data,
                                   const TdxRules& rules, const TeeTrust& trust) {
  std::shared_ptr<const TdxCollateral> collateral;
  if (trust.collateral != nullptr) {
    ASSIGN_OR_RETURN(collateral, trust.collateral->ForTdx(report.report));
  }
  TdxVerification verified = VerifyTdx(report.report, std::move(collateral),
                                       {.policy = rules.policy,
                                        .roots = rules.roots,
                                        .at = trust.now,
                                        .report_data = ToBytes(ByteView(report_data))});
  RETURN_IF_ERROR(CheckVerdict(report.tee, verified.verdict));
  const TdReportBody& body = verified.claims->quote.body;
  TeeClaims out;
  out.tee = Tee::kTdx;
  out.measurement = ToBytes(ByteView(body.mr_td));
  out.rtmr1 = ToBytes(ByteView(body.rtmr[1]));
  out.rtmr2 = ToBytes(ByteView(body.rtmr[2]));
  out.verdict = std::move(verified.verdict);
  return out;
}

}  // namespace

StatusOr<TeeClaims> VerifyTeeReport(const TeeReport& report, const ReportData& report_data,
                                    const TeeTrust& trust) {
  const AttestationPolicy* policy = trust.policy;
  if (policy != nullptr && report.tee == Tee::kSnp && policy->snp) {
    return VerifySnpReport(report, report_data, *policy->snp, trust);
  }
  if (policy != nullptr && report.tee == Tee::kTdx && policy->tdx) {
    return VerifyTdxQuote(report, report_data, *policy->tdx, trust);
  }
  return NotAccepted(report.tee);
}

}  // namespace kedge
