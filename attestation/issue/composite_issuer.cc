#include "attestation/issue/composite_issuer.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "attestation/parse/snp_report.h"
#include "attestation/parse/tdx_quote.h"
#include "attestation/parse/tpm_structs.h"

namespace kedge {
namespace {

// What the report is about. The verifier decides; an honest node need not send what it will refuse.
StatusOr<Bytes> ReportDataOf(Tee tee, ByteView report) {
  if (tee == Tee::kSnp) {
    ASSIGN_OR_RETURN(const SnpReport parsed, ParseSnpReport(report));
    return ToBytes(ByteView(parsed.report_data));
  }
  ASSIGN_OR_RETURN(const TdxQuote parsed, ParseTdxQuote(report));
  return ToBytes(ByteView(parsed.body.report_data));
}

Status CheckReport(const HardwareReport& report, Tee tee, const ReportData& wanted) {
  const std::string_view provider = tee == Tee::kSnp ? kSnpProvider : kTdxProvider;
  std::string problem;
  if (report.provider != provider) {
    problem = absl::StrCat("is of '", report.provider, "', expected '", std::string(provider), "'");
  } else {
    ASSIGN_OR_RETURN(const Bytes about, ReportDataOf(tee, report.report));
    if (Equal(about, wanted)) return absl::OkStatus();
    problem = absl::StrCat("is about ", ToHex(about), ", expected ", ToHex(wanted));
  }
  return MakeFault(StatusCode::kUnavailable, "REPORT_MISMATCH", Advice::kRetry,
                   absl::StrCat("the hardware's report ", problem));
}

}  // namespace

StatusOr<Evidence> CompositeIssuer::Issue(const ReportData& report_data) {
  ASSIGN_OR_RETURN(Evidence quoted, vtpm_.Issue(report_data));
  auto* vtpm = std::get_if<VtpmEvidence>(&quoted);
  if (vtpm == nullptr) return Internal("a composite is made of a vTPM's evidence alone");
  ASSIGN_OR_RETURN(const Bytes ak_name, NameOf(vtpm->ak_public));
  const ReportData bound = CompositeReportData(report_data, ak_name);
  ASSIGN_OR_RETURN(HardwareReport report, reports_.Collect({.report_data = bound}));
  RETURN_IF_ERROR(CheckReport(report, tee_, bound));
  CompositeEvidence out;
  out.tee.tee = tee_;
  out.tee.report = std::move(report.report);
  // Without the host's table the verifier takes the certificates from its own sources.
  if (report.auxiliary.size() <= kMaxTeeCertificates) {
    out.tee.certificates = std::move(report.auxiliary);
  }
  out.vtpm = std::move(*vtpm);
  return Evidence(std::move(out));
}

}  // namespace kedge
