#include "attestation/issue/vtpm_issuer.h"

#include <numeric>

#include "attestation/issue/measurement_log.h"
#include "attestation/parse/kedge_log.h"
#include "base/host/files.h"

namespace kedge {
namespace {

constexpr char kFirmwareLogPath[] = "/sys/kernel/security/tpm0/binary_bios_measurements";
constexpr PcrBank kBank = PcrBank::kSha256;
constexpr size_t kQuotedPcrs = 16;
constexpr int kAttempts = 3;

StatusOr<Bytes> ReadFirmwareLog() {
  StatusOr<Bytes> log = ReadFileBounded(kFirmwareLogPath, kMaxFirmwareLogSize);
  const StatusCode code = log.status().code();
  if (code == StatusCode::kNotFound || code == StatusCode::kResourceExhausted) return Bytes();
  return log;
}

StatusOr<bool> Explains(ByteView kedge_log, const PcrValues& pcrs) {
  ASSIGN_OR_RETURN(const std::vector<KedgeLogRecord> records, ParseKedgeLog(kedge_log));
  std::vector<MeasuredEvent> events;
  for (const KedgeLogRecord& record : records) events.push_back(record.event);
  return Equal(ReplayPcr(kBank, kNodePcr, events), pcrs.at(kNodePcr)) &&
         Equal(ReplayPcr(kBank, kClusterIdPcr, events), pcrs.at(kClusterIdPcr));
}

}  // namespace

EvidenceLogs SystemLogs() {
  return {ReadFirmwareLog, [] { return MeasurementLog().ReadRaw(); }};
}

StatusOr<Evidence> VtpmIssuer::Issue(const ReportData& report_data) {
  std::vector<PcrIndex> selection(kQuotedPcrs);
  std::iota(selection.begin(), selection.end(), PcrIndex{0});
  VtpmEvidence out;
  out.bank = kBank;
  ASSIGN_OR_RETURN(out.firmware_log, logs_.firmware());
  ASSIGN_OR_RETURN(out.ak_public, tpm_.AttestationKeyPublic());
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ASSIGN_OR_RETURN(out.kedge_log, logs_.kedge());
    ASSIGN_OR_RETURN(TpmQuote quote, tpm_.Quote(kBank, selection, report_data));
    ASSIGN_OR_RETURN(const bool explained, Explains(out.kedge_log, quote.pcrs));
    if (!explained) continue;
    out.quoted = std::move(quote.quoted);
    out.signature = std::move(quote.signature);
    out.pcrs = std::move(quote.pcrs);
    return Evidence(std::move(out));
  }
  return MakeFault(StatusCode::kUnavailable, "MEASURING", Advice::kRetry,
                   "PCR 14 and 15 are not what the measurement log replays to; a measurement is "
                   "under way, or something else measured there (then only a reboot helps)");
}

StatusOr<Endorsements> VtpmIssuer::GetEndorsements() {
  ASSIGN_OR_RETURN(EndorsementKey ek, tpm_.Endorsement());
  return Endorsements{std::move(ek.public_area), std::move(ek.certificate)};
}

StatusOr<SecretBytes> VtpmIssuer::ActivateCredential(const CredentialBlob& blob) {
  return tpm_.ActivateCredential(blob);
}

}  // namespace kedge
