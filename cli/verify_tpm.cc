#include <CLI/CLI.hpp>
#include <memory>

#include "attestation/verify/event_log.h"
#include "attestation/verify/tpm_certificate.h"
#include "cli/batch_case.h"
#include "cli/evidence_commands.h"
#include "cli/evidence_files.h"
#include "cli/tpm_claims.h"
#include "cli/verdict_output.h"

namespace kedge::cli {
namespace {

struct TpmFiles {
  std::vector<TpmQuoteFiles> quotes;
  Bytes ak;
  std::optional<Bytes> ak_public;  // the public area beside a PEM file
  std::optional<Bytes> event_log;
  std::optional<Bytes> nonce;
};

// Who says that the key is in a TPM: a certificate, instead of the caller.
struct AkCertificateFiles {
  Bytes leaf;
  std::vector<Bytes> issuers;  // in any order
  Bytes anchor;
  absl::Time at;
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

StatusOr<std::vector<Certificate>> ReadAll(const std::vector<Bytes>& files) {
  std::vector<Certificate> out;
  for (const Bytes& file : files) {
    ASSIGN_OR_RETURN(Certificate certificate, Certificate::FromPemOrDer(file));
    out.push_back(std::move(certificate));
  }
  return out;
}

// Rows about the certificate; fills files.ak where the caller gave none.
Status CheckAkCertificate(const AkCertificateFiles& given, TpmFiles& files,
                          nlohmann::ordered_json& claims, CheckList& checks) {
  ASSIGN_OR_RETURN(const Certificate leaf, Certificate::FromPemOrDer(given.leaf));
  ASSIGN_OR_RETURN(const std::vector<Certificate> issuers, ReadAll(given.issuers));
  ASSIGN_OR_RETURN(const Certificate anchor, Certificate::FromPemOrDer(given.anchor));
  const TpmCertificateClaims seen =
      CheckTpmCertificate({leaf, issuers, anchor, "the caller (--root)", given.at}, checks);
  claims = TpmCertificateJson(seen);
  checks.Demand("KEY_PURPOSE", seen.kind == TpmCertificateKind::kAk,
                "a certificate of an attestation key", std::string(ToString(seen.kind)),
                "certificate of the key that signed the quote");
  if (files.ak.empty()) {
    files.ak = leaf.spki();
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const AttestationKey ak, ParseAttestationKey(files.ak));
  checks.DemandEqual("AK_BINDING", leaf.spki(), SpkiOf(ak.key), "the key and its certificate");
  return absl::OkStatus();
}

TpmResult VerifyTpm(TpmFiles files, const TpmPolicy& policy,
                    const std::optional<AkCertificateFiles>& certificate = std::nullopt) {
  CheckList checks;
  nlohmann::ordered_json certificate_claims;
  if (certificate) {
    const Status read = CheckAkCertificate(*certificate, files, certificate_claims, checks);
    if (!read.ok()) return MalformedResult(std::move(checks), "certificates", read);
  }
  StatusOr<AttestationKey> ak = ParseAttestationKey(files.ak);
  if (!ak.ok()) return MalformedResult(std::move(checks), "an attestation key", ak.status());
  if (files.ak_public) {
    StatusOr<AttestationKey> area = ParseAttestationKey(*files.ak_public);
    if (!area.ok()) return MalformedResult(std::move(checks), "a public area", area.status());
    checks.DemandEqual("AK_BINDING", SpkiOf(ak->key), SpkiOf(area->key),
                       "the key and its public area");
    ak->public_area = std::move(area->public_area);
  }
  // Whether the certificate holds is said by its own rows; without them nothing passes.
  const AkTrust trust = certificate ? AkTrust::kAkCertificate : AkTrust::kCaller;
  const TpmClaims seen = CheckTpmQuotes(files.quotes, {*ak, trust, files.nonce, policy}, checks);
  nlohmann::ordered_json claims = TpmClaimsJson(seen);
  if (certificate) claims["ak_certificate"] = std::move(certificate_claims);
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
  std::string ak_certificate;
  std::vector<std::string> ak_issuers;
  std::string root;
  std::string at;
  std::string pcrs;
  std::string nonce;
  std::string event_log;
  std::string policy;
};

StatusOr<std::optional<AkCertificateFiles>> ReadAkCertificate(const Environment& env,
                                                              const VerifyTpmOptions& options) {
  if (options.ak_certificate.empty()) return std::optional<AkCertificateFiles>();
  AkCertificateFiles out;
  ASSIGN_OR_RETURN(out.leaf, ReadEvidenceFile(options.ak_certificate));
  for (const std::string& path : options.ak_issuers) {
    ASSIGN_OR_RETURN(out.issuers.emplace_back(), ReadEvidenceFile(path));
  }
  ASSIGN_OR_RETURN(out.anchor, ReadEvidenceFile(options.root));
  out.at = env.clock.Now();
  if (!options.at.empty()) {
    ASSIGN_OR_RETURN(out.at, ParseTime(options.at));
  }
  return std::optional<AkCertificateFiles>(std::move(out));
}

StatusOr<TpmPolicy> PolicyOf(const std::string& path) {
  if (path.empty()) return TpmPolicy{};
  ASSIGN_OR_RETURN(const wire::AttestationPolicy policy, LoadAttestationPolicy(path));
  if (!policy.tpm) return Malformed(path + ": the policy does not speak of tpm");
  return *policy.tpm;
}

StatusOr<Answer> RunVerifyTpm(const Environment& env, const VerifyTpmOptions& options) {
  ASSIGN_OR_RETURN(const TpmPolicy policy, PolicyOf(options.policy));
  ASSIGN_OR_RETURN(const std::optional<AkCertificateFiles> certificate,
                   ReadAkCertificate(env, options));
  TpmFiles files;
  Status pcrs_status;
  ASSIGN_OR_RETURN(TpmQuoteFiles quote,
                   ReadQuote("", options.quote, options.signature, options.pcrs, pcrs_status));
  files.quotes.push_back(std::move(quote));
  if (!options.ak.empty()) {
    ASSIGN_OR_RETURN(files.ak, ReadEvidenceFile(options.ak));
  }
  ASSIGN_OR_RETURN(files.nonce, ParseHexOption(options.nonce, "--nonce"));
  if (!options.event_log.empty()) {
    ASSIGN_OR_RETURN(files.event_log, ReadEvidenceFile(options.event_log));
  }
  const TpmResult result = pcrs_status.ok() ? VerifyTpm(std::move(files), policy, certificate)
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
  CLI::Option* ak = command->add_option(
      "--ak", options->ak,
      "the attestation key that you trust: PEM, DER, TPMT_PUBLIC or TPM2B_PUBLIC");
  CLI::Option* certificate = command->add_option(
      "--ak-cert", options->ak_certificate,
      "certificate of the attestation key; with it the key itself need not be given");
  command
      ->add_option("--ak-issuer", options->ak_issuers, "certificate between --ak-cert and --root")
      ->needs(certificate);
  CLI::Option* root = command->add_option("--root", options->root,
                                          "certificate of the authority that you trust for keys");
  certificate->needs(root);
  root->needs(certificate);
  command->add_option("--at", options->at, "time of the check, RFC 3339; default: now")
      ->needs(certificate);
  command
      ->add_option("--pcrs", options->pcrs,
                   "PCR values: {\"sha256\":{\"0\":HEX,…}}, or what tpm2_quote wrote")
      ->required();
  command->add_option("--nonce", options->nonce, "the quote's qualifying data (hex)");
  command->add_option("--eventlog", options->event_log, "the firmware's event log");
  command->add_option("--policy", options->policy,
                      "what is acceptable: an attestation policy; default: genuine only");
  command->callback([options, ak, certificate, &call] {
    if (ak->empty() && certificate->empty()) throw CLI::RequiredError("--ak or --ak-cert");
    call = [options](const Environment& env) { return RunVerifyTpm(env, *options); };
  });
}

}  // namespace kedge::cli
