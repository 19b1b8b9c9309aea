#include <CLI/CLI.hpp>
#include <memory>

#include "attestation/parse/cel_log.h"
#include "cli/batch_case.h"
#include "cli/evidence_commands.h"
#include "cli/evidence_files.h"
#include "cli/tpm_claims.h"
#include "cli/verdict_output.h"

namespace kedge::cli {
namespace {

struct LogResult {
  Verdict verdict;
  std::optional<FirmwareLog> log;
  EventLogClaims claims;
};

LogResult VerifyLog(ByteView bytes, const std::optional<Bytes>& pcrs) {
  LogResult out;
  CheckList checks;
  StatusOr<FirmwareLog> log = ParseFirmwareLog(bytes);
  StatusOr<PcrBankValues> values = pcrs ? ParsePcrValues(*pcrs) : PcrBankValues();
  if (!log.ok()) {
    checks.Malformed("FORMAT", "an event log", MessageOf(log.status()));
  } else if (!values.ok()) {
    checks.Malformed("FORMAT", "register values", MessageOf(values.status()));
  }
  if (log.ok()) {
    out.log = *std::move(log);
    out.claims = CheckEventLog(*out.log, values.ok() ? *values : PcrBankValues(), checks);
  }
  out.verdict = std::move(checks).Take();
  return out;
}

struct EventLogOptions {
  std::string log;
  std::string pcrs;
};

StatusOr<Answer> ShowEventLog(const EventLogOptions& options) {
  ASSIGN_OR_RETURN(const Bytes bytes, ReadEvidenceFile(options.log));
  if (LooksLikeCelLog(bytes)) {
    if (!options.pcrs.empty()) {
      return MakeError(StatusCode::kInvalidArgument,
                       "--pcrs: a log of userspace begins where the firmware's ended");
    }
    ASSIGN_OR_RETURN(const std::vector<CelRecord> records, ParseCelLog(bytes));
    return Answer{CelLogText(records), CelLogJson(records), absl::OkStatus()};
  }
  std::optional<Bytes> pcrs;
  if (!options.pcrs.empty()) {
    ASSIGN_OR_RETURN(pcrs, ReadEvidenceFile(options.pcrs));
  }
  const LogResult result = VerifyLog(bytes, pcrs);
  Answer answer =
      VerdictAnswer(result.verdict, result.log ? EventLogJson(*result.log, result.claims)
                                               : nlohmann::ordered_json());
  if (result.log) answer.text = EventLogText(*result.log, result.claims) + "\n" + answer.text;
  return answer;
}

}  // namespace

StatusOr<BatchResult> VerifyEventLogCase(const BatchCase& batch_case) {
  const bool single = batch_case.is_single_file();
  ASSIGN_OR_RETURN(const Bytes bytes,
                   ReadEvidenceFile(single ? batch_case.Path() : batch_case.File("log.bin")));
  // A changed log comes alone: its registers are those of the genuine one.
  std::optional<Bytes> pcrs;
  if (!single) {
    ASSIGN_OR_RETURN(pcrs, ReadEvidenceFileIfThere(batch_case.File("pcrs.json")));
  }
  if (!pcrs && !batch_case.base.empty()) {
    ASSIGN_OR_RETURN(pcrs, ReadEvidenceFileIfThere(batch_case.BaseFile("pcrs.json")));
  }
  LogResult result = VerifyLog(bytes, pcrs);
  nlohmann::json claims = nlohmann::json::object();
  if (result.log) claims = EventLogJson(*result.log, result.claims);
  return BatchResult{std::move(result.verdict), std::move(claims)};
}

void AddEventLog(CLI::App& app, Call& call) {
  const auto options = std::make_shared<EventLogOptions>();
  CLI::App* command = app.add_subcommand(
      "eventlog", "show a firmware's event log and the registers that it replays to");
  command
      ->add_option("log", options->log,
                   "TCG2, CCEL or old SHA-1 log; or CEL-JSON of systemd or Kedge")
      ->required();
  command->add_option("--pcrs", options->pcrs,
                      "register values that the log must explain: {\"sha256\":{\"0\":HEX,…}}, or "
                      "what tpm2_quote wrote");
  command->callback([options, &call] {
    call = [options](const Environment&) { return ShowEventLog(*options); };
  });
}

}  // namespace kedge::cli
