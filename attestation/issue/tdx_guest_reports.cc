#include "attestation/issue/tdx_guest_reports.h"

#include <absl/strings/str_cat.h>
#include <linux/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "attestation/issue/qgs_message.h"
#include "attestation/parse/hcl.h"
#include "attestation/parse/tdx_quote.h"

namespace kedge {
namespace {

// struct tdx_report_req of the kernel's ABI; Debian 12's headers are older than it.
struct TdxReportRequest {
  uint8_t report_data[64];
  uint8_t td_report[kTdReportSize];
};
constexpr unsigned long kGetReport0 = _IOWR('T', 1, TdxReportRequest);

Status FromErrno(int error) {
  const bool busy = error == EINTR || error == EAGAIN || error == EBUSY;
  return MakeFault(busy ? StatusCode::kUnavailable : StatusCode::kFailedPrecondition,
                   busy ? "TSM_BUSY" : "TSM_REFUSED", busy ? Advice::kRetry : Advice::kAskOperator,
                   absl::StrCat("/dev/tdx_guest gave no TDREPORT: ", std::strerror(error),
                                busy ? "; try again" : "; see the kernel log"));
}

}  // namespace

StatusOr<Bytes> TdxGuestReports::TdReport(const ReportData& report_data) {
  TdxReportRequest request{};
  std::copy(report_data.begin(), report_data.end(), request.report_data);
  const std::lock_guard lock(mutex_);
  const int error = device_(kGetReport0, &request);
  if (error != 0) return FromErrno(error);
  return ToBytes(ByteView(request.td_report));
}

StatusOr<HardwareReport> TdxGuestReports::Collect(const ReportRequest& request) {
  if (request.service || request.privilege_level) {
    return MakeFault(StatusCode::kFailedPrecondition, "TSM_UNSUPPORTED", Advice::kAskOperator,
                     "/dev/tdx_guest knows neither privilege levels nor services");
  }
  ASSIGN_OR_RETURN(const Bytes td_report, TdReport(request.report_data));
  ASSIGN_OR_RETURN(const Bytes response, quotes_(QgsQuoteRequest(td_report)));
  HardwareReport out;
  out.provider = kTdxProvider;
  ASSIGN_OR_RETURN(out.report, ParseQgsQuoteResponse(response));
  // The host answered: whether about this TD decides the verifier, but an honest node need not send
  // what cannot be accepted.
  ASSIGN_OR_RETURN(const TdxQuote quote, ParseTdxQuote(out.report));
  if (!Equal(quote.body.report_data, request.report_data)) {
    return MakeFault(StatusCode::kUnavailable, "QUOTE_MISMATCH", Advice::kRetry,
                     "the host's quoting service answered with a quote about something else");
  }
  return out;
}

}  // namespace kedge
