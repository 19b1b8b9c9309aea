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

StatusOr<Claims> Verify(const VtpmEvidence& evidence, const ReportData& expected) {
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
  // A plain vTPM is the host's word; a TEE's own report would be a layout of its own.
  claims.level = EvidenceLevel::kHostVtpm;
  claims.bank = evidence.bank;
  claims.pcrs = evidence.pcrs;
  claims.ak_public = evidence.ak_public;
  claims.clock_ms = attest.clock_ms;
  claims.clock_safe = attest.safe;
  claims.reset_count = attest.reset_count;
  claims.restart_count = attest.restart_count;
  return claims;
}

}  // namespace

StatusOr<Claims> VerifyEvidence(const Evidence& evidence, const ReportData& expected) {
  return std::visit([&](const auto& layout) { return Verify(layout, expected); }, evidence);
}

}  // namespace kedge
