#include <CLI/CLI.hpp>
#include <memory>

#include "attestation/verify/event_log.h"
#include "cli/batch_case.h"
#include "cli/evidence_commands.h"
#include "cli/evidence_files.h"
#include "cli/tpm_claims.h"
#include "cli/verdict_output.h"
#include "proto/wire/tpm_policy.h"

namespace kedge::cli {
namespace {

struct TpmFiles {
  std::vector<TpmQuoteFiles> quotes;
  Bytes ak;
  std::optional<Bytes> ak_public;  // the public area beside a PEM file
  std::optional<Bytes> event_log;
  std::optional<Bytes> nonce;
};

struct TpmResult {
  Verdict verdict;
  nlohmann::ordered_json claims;
};

TpmResult MalformedResult(CheckList checks, const std::string& what, const Status& status) {
  checks.Malformed("FORMAT", what, MessageOf(status));
  return {std::move(checks).Take(), nlohmann::ordered_json::object()};
}

void CheckLog(const Bytes& bytes, const TpmPolicy& policy, const PcrBankValues& pcrs,
              nlohmann::ordered_json& claims, CheckList& checks) {
  const StatusOr<FirmwareLog> log = ParseFirmwareLog(bytes);
  if (!log.ok()) {
    checks.Malformed("FORMAT", "an event log", MessageOf(log.status()));
    return;
  }
  const EventLogClaims seen = CheckEventLog(*log, pcrs, checks);
  ApplyEventRules(policy, &*log, checks);
  claims["event_log"] = EventLogJson(*log, seen);
}

TpmResult VerifyTpm(const TpmFiles& files, const TpmPolicy& policy) {
  CheckList checks;
  StatusOr<AttestationKey> ak = ParseAttestationKey(files.ak);
  if (!ak.ok()) return MalformedResult(std::move(checks), "an attestation key", ak.status());
  if (files.ak_public) {
    StatusOr<AttestationKey> area = ParseAttestationKey(*files.ak_public);
    if (!area.ok()) return MalformedResult(std::move(checks), "a public area", area.status());
    checks.DemandEqual("AK_BINDING", SpkiOf(ak->key), SpkiOf(area->key),
                       "the key and its public area");
    ak->public_area = std::move(area->public_area);
  }
  const TpmClaims seen =
      CheckTpmQuotes(files.quotes, {*ak, AkTrust::kCaller, files.nonce, policy}, checks);
  nlohmann::ordered_json claims = TpmClaimsJson(seen);
  if (ak->public_area) claims["ak"] = PublicJson(*ak->public_area);
  if (files.event_log) {
    CheckLog(*files.event_log, policy, seen.pcrs, claims, checks);
  } else {
    ApplyEventRules(policy, nullptr, checks);
  }
  return {std::move(checks).Take(), std::move(claims)};
}

StatusOr<TpmQuoteFiles> ReadQuote(const std::string& label, const std::string& quote,
                                  const std::string& signature, const std::string& pcrs,
                                  Status& pcrs_status) {
  TpmQuoteFiles out;
  out.label = label;
  ASSIGN_OR_RETURN(out.quoted, ReadEvidenceFile(quote));
  ASSIGN_OR_RETURN(out.signature, ReadEvidenceFile(signature));
  ASSIGN_OR_RETURN(const Bytes values, ReadEvidenceFile(pcrs));
  StatusOr<PcrBankValues> parsed = ParsePcrValues(values);
  if (parsed.ok()) {
    out.pcrs = *std::move(parsed);
  } else {
    pcrs_status = parsed.status();
  }
  return out;
}

struct VerifyTpmOptions {
  std::string quote;
  std::string signature;
  std::string ak;
  std::string pcrs;
  std::string nonce;
  std::string event_log;
  std::string policy;
};

StatusOr<Answer> RunVerifyTpm(const VerifyTpmOptions& options) {
  TpmFiles files;
  Status pcrs_status;
  ASSIGN_OR_RETURN(TpmQuoteFiles quote,
                   ReadQuote("", options.quote, options.signature, options.pcrs, pcrs_status));
  files.quotes.push_back(std::move(quote));
  ASSIGN_OR_RETURN(files.ak, ReadEvidenceFile(options.ak));
  ASSIGN_OR_RETURN(files.nonce, ParseHexOption(options.nonce, "--nonce"));
  if (!options.event_log.empty()) {
    ASSIGN_OR_RETURN(files.event_log, ReadEvidenceFile(options.event_log));
  }
  const TpmResult result = pcrs_status.ok() ? VerifyTpm(files, TpmPolicy{})
                                            : MalformedResult({}, "PCR values", pcrs_status);
  return VerdictAnswer(result.verdict, result.claims);
}

// The two layouts of a case.
StatusOr<TpmFiles> ReadCase(const BatchCase& batch_case, Status& pcrs_status) {
  const auto file = [&batch_case](const std::string& name) { return batch_case.File(name); };
  TpmFiles out;
  out.nonce = batch_case.nonce.empty() ? std::nullopt : std::optional<Bytes>(batch_case.nonce);
  ASSIGN_OR_RETURN(out.event_log, ReadEvidenceFileIfThere(file("eventlog.bin")));
  ASSIGN_OR_RETURN(const std::optional<Bytes> tools, ReadEvidenceFileIfThere(file("quote.out")));
  if (tools) {
    ASSIGN_OR_RETURN(out.ak, ReadEvidenceFile(file("akpub.pem")));
    ASSIGN_OR_RETURN(out.ak_public, ReadEvidenceFileIfThere(file("ak.pub")));
    ASSIGN_OR_RETURN(
        out.quotes.emplace_back(),
        ReadQuote("", file("quote.out"), file("quotesig.out"), file("quotepcr.out"), pcrs_status));
    return out;
  }
  ASSIGN_OR_RETURN(out.ak, ReadEvidenceFile(file("ak.pem")));
  ASSIGN_OR_RETURN(out.ak_public, ReadEvidenceFileIfThere(file("ak.tpmt")));
  for (PcrBank bank : {PcrBank::kSha1, PcrBank::kSha256, PcrBank::kSha384, PcrBank::kSha512}) {
    const std::string name(ToString(bank));
    ASSIGN_OR_RETURN(const std::optional<Bytes> quoted,
                     ReadEvidenceFileIfThere(file(name + ".msg")));
    if (!quoted) continue;
    ASSIGN_OR_RETURN(out.quotes.emplace_back(),
                     ReadQuote(name, file(name + ".msg"), file(name + ".sig"),
                               file(name + ".pcrs.json"), pcrs_status));
  }
  return out;
}

}  // namespace

StatusOr<BatchResult> VerifyTpmCase(const BatchCase& batch_case) {
  Status pcrs_status;
  ASSIGN_OR_RETURN(const TpmFiles files, ReadCase(batch_case, pcrs_status));
  TpmResult result = pcrs_status.ok() ? VerifyTpm(files, TpmPolicy{})
                                      : MalformedResult({}, "PCR values", pcrs_status);
  return BatchResult{std::move(result.verdict), std::move(result.claims)};
}

void AddVerifyTpm(CLI::App& verify, const Common&, Call& call) {
  const auto options = std::make_shared<VerifyTpmOptions>();
  CLI::App* command = verify.add_subcommand("tpm", "check a TPM 2.0 quote, with its event log");
  command->add_option("--quote", options->quote, "TPMS_ATTEST as signed")->required();
  command->add_option("--signature", options->signature, "TPMT_SIGNATURE")->required();
  command
      ->add_option("--ak", options->ak,
                   "the attestation key that you trust: PEM, DER, TPMT_PUBLIC or TPM2B_PUBLIC")
      ->required();
  command
      ->add_option("--pcrs", options->pcrs,
                   "PCR values: {\"sha256\":{\"0\":HEX,…}}, or what tpm2_quote wrote")
      ->required();
  command->add_option("--nonce", options->nonce, "the quote's qualifying data (hex)");
  command->add_option("--eventlog", options->event_log, "the firmware's event log");
  command->add_option("--policy", options->policy,
                      "what registers and events must be (docs/FORMATS.md); default: genuine only");
  command->callback([options, &call] {
    call = [options](const Environment&) { return RunVerifyTpm(*options); };
  });
}

}  // namespace kedge::cli
