#include <absl/strings/str_cat.h>

#include <numeric>

#include "attestation/parse/firmware_log.h"
#include "attestation/parse/kedge_log.h"
#include "attestation/parse/tpm_structs.h"
#include "attestation/verify/log_replay.h"
#include "attestation/verify/quote.h"
#include "attestation/verify/verify.h"

namespace kedge {
namespace {

constexpr size_t kQuotedPcrs = 16;  // 0-15

StatusOr<Claims> Verify(const VtpmEvidence& evidence, const ReportData& expected, const TeeTrust&) {
  ASSIGN_OR_RETURN(const TpmPublic ak, ParseTpmPublic(evidence.ak_public));
  RETURN_IF_ERROR(CheckAkProperties(ak));
  ASSIGN_OR_RETURN(const TpmVerifyKey key, KeyOf(ak));
  QuoteExpectation expectation;
  expectation.selection.resize(kQuotedPcrs);
  std::iota(expectation.selection.begin(), expectation.selection.end(), PcrIndex{0});
  expectation.extra_data = ToBytes(ByteView(expected));
  if (evidence.bank != expectation.bank) {
    return Refused("PCR_SELECTION",
                   absl::StrCat("evidence over bank ", std::string(ToString(evidence.bank)),
                                ", expected sha256"));
  }
  ASSIGN_OR_RETURN(const TpmAttest attest, VerifyQuote(evidence.quoted, evidence.signature, key,
                                                       evidence.pcrs, expectation));

  Claims claims;
  if (!evidence.firmware_log.empty()) {
    ASSIGN_OR_RETURN(const FirmwareLog log, ParseFirmwareLog(evidence.firmware_log));
    RETURN_IF_ERROR(CheckFirmwareLog(log, evidence.bank, evidence.pcrs));
  }
  ASSIGN_OR_RETURN(const std::vector<KedgeLogRecord> records, ParseKedgeLog(evidence.kedge_log));
  ASSIGN_OR_RETURN(claims.kedge_events, CheckKedgeLog(records, evidence.bank, evidence.pcrs));
  ASSIGN_OR_RETURN(claims.ak_name, NameOf(evidence.ak_public));
  claims.bank = evidence.bank;
  claims.pcrs = evidence.pcrs;
  claims.ak_public = evidence.ak_public;
  claims.clock_ms = attest.clock_ms;
  claims.clock_safe = attest.safe;
  claims.reset_count = attest.reset_count;
  claims.restart_count = attest.restart_count;
  return claims;
}

// The quote covers `expected`, the hardware's report the same and the name of the quote's key: who
// has only one of the two cannot put it beside another's other one.
StatusOr<Claims> Verify(const CompositeEvidence& evidence, const ReportData& expected,
                        const TeeTrust& trust) {
  ASSIGN_OR_RETURN(Claims claims, Verify(evidence.vtpm, expected, trust));
  ASSIGN_OR_RETURN(
      claims.tee,
      VerifyTeeReport(evidence.tee, CompositeReportData(expected, claims.ak_name), trust));
  return claims;
}

}  // namespace

StatusOr<Claims> VerifyEvidence(const Evidence& evidence, const ReportData& expected,
                                const TeeTrust& trust) {
  return std::visit([&](const auto& layout) { return Verify(layout, expected, trust); }, evidence);
}

StatusOr<Claims> VerifyEvidence(const Evidence& evidence, const ReportData& expected) {
  return VerifyEvidence(evidence, expected, TeeTrust{});
}

}  // namespace kedge
