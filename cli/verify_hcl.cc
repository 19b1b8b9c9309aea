#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "attestation/verify/hcl.h"
#include "cli/batch_case.h"
#include "cli/evidence_commands.h"
#include "cli/evidence_files.h"
#include "cli/fields_text.h"
#include "cli/snp_json.h"
#include "cli/tdx_claims.h"
#include "cli/tdx_files.h"
#include "cli/tpm_claims.h"
#include "cli/verdict_output.h"
#include "crypto/certificate.h"

namespace kedge::cli {
namespace {

constexpr char kNoPolicy[] = "no --policy was given";
constexpr char kBatchRules[] = "the rules of CASES.md";

nlohmann::ordered_json HclReportJson(const HclReport& report) {
  return {{"version", report.version},
          {"request_type", report.request_type},
          {"status", report.status},
          {"report_type", static_cast<uint32_t>(report.report_type)},
          {"data_version", report.data_version},
          {"hash_type", report.hash_type},
          {"runtime_data_size", report.variable_data.size()},
          {"padding", report.padding}};
}

nlohmann::ordered_json Flag(const std::optional<bool>& flag) {
  return flag ? nlohmann::ordered_json(*flag) : nlohmann::ordered_json();
}

nlohmann::ordered_json RuntimeJson(const HclRuntimeData& runtime) {
  nlohmann::ordered_json keys = nlohmann::ordered_json::object();
  for (const HclRsaKey& key : runtime.keys) {
    keys[key.id] = {{"operations", key.operations},
                    {"exponent", key.exponent},
                    {"modulus", ToHex(key.modulus)}};
  }
  return {{"keys", std::move(keys)},
          {"user_data", ToHex(runtime.user_data)},
          {"console_enabled", Flag(runtime.console_enabled)},
          {"secure_boot", Flag(runtime.secure_boot)},
          {"tpm_enabled", Flag(runtime.tpm_enabled)},
          {"vm_id", runtime.vm_id}};
}

nlohmann::ordered_json ClaimsJson(const HclClaims& claims) {
  // Of the header only what decides how the rest is read: nothing signs it.
  nlohmann::ordered_json out = {{"report_type", static_cast<uint32_t>(claims.report.report_type)}};
  if (claims.runtime) out["runtime"] = RuntimeJson(*claims.runtime);
  if (claims.snp) out["snp"] = SnpClaimsJson(*claims.snp);
  if (claims.tdx) out["tdx"] = TdxClaimsJson(*claims.tdx);
  out["tpm"] = TpmClaimsJson(claims.tpm);
  return out;
}

// Where the files of one VM lie. `fallback` is asked for the certificate of its chip where the
// folder has none.
struct HclFolder {
  std::string folder;
  std::string fallback;
  std::string anchors;  // folder with Milan-ask.der, Milan-ark.der and so on
};

StatusOr<Bytes> ReadOrEmpty(const std::string& path) {
  ASSIGN_OR_RETURN(std::optional<Bytes> file, ReadEvidenceFileIfThere(path));
  return file.value_or(Bytes());
}

// The chip's certificate says by its issuer which line of products it is of.
Status ReadAnchors(const std::string& anchors, SnpCertificates& out) {
  const StatusOr<Certificate> leaf = Certificate::FromPemOrDer(out.leaf);
  if (!leaf.ok()) return absl::OkStatus();  // the verifier says so
  for (const char* product : {"Milan", "Genoa", "Turin"}) {
    for (const char* kind : {"ask", "asvk"}) {
      ASSIGN_OR_RETURN(const Bytes der,
                       ReadOrEmpty(absl::StrCat(anchors, "/", product, "-", kind, ".der")));
      const StatusOr<Certificate> issuer = Certificate::FromPemOrDer(der);
      if (!issuer.ok() || issuer->subject_der() != leaf->issuer_der()) continue;
      out.intermediate = der;
      ASSIGN_OR_RETURN(out.root, ReadOrEmpty(absl::StrCat(anchors, "/", product, "-ark.der")));
    }
  }
  return absl::OkStatus();
}

StatusOr<SnpCertificates> ReadSnpCertificates(const HclFolder& where) {
  SnpCertificates out;
  ASSIGN_OR_RETURN(out.leaf, ReadOrEmpty(where.folder + "/vcek.der"));
  if (out.leaf.empty() && !where.fallback.empty()) {
    ASSIGN_OR_RETURN(out.leaf, ReadOrEmpty(where.fallback + "/vcek.der"));
  }
  ASSIGN_OR_RETURN(out.intermediate, ReadOrEmpty(where.folder + "/ask.der"));
  ASSIGN_OR_RETURN(out.root, ReadOrEmpty(where.folder + "/ark.der"));
  ASSIGN_OR_RETURN(const Bytes crl, ReadOrEmpty(where.folder + "/ark.crl.der"));
  if (!crl.empty()) out.crls.push_back(crl);
  if (out.intermediate.empty() && !out.leaf.empty()) {
    RETURN_IF_ERROR(ReadAnchors(where.anchors, out));
  }
  return out;
}

StatusOr<std::optional<TpmQuoteFiles>> ReadQuote(const std::string& folder) {
  ASSIGN_OR_RETURN(std::optional<Bytes> quoted, ReadEvidenceFileIfThere(folder + "/quote.msg"));
  if (!quoted) return std::optional<TpmQuoteFiles>();
  TpmQuoteFiles out;
  out.quoted = *std::move(quoted);
  ASSIGN_OR_RETURN(out.signature, ReadEvidenceFile(folder + "/quote.sig"));
  ASSIGN_OR_RETURN(const Bytes pcrs, ReadEvidenceFile(folder + "/pcrs.json"));
  ASSIGN_OR_RETURN(out.pcrs, ParsePcrValues(pcrs));
  return std::optional<TpmQuoteFiles>(std::move(out));
}

StatusOr<HclEvidence> ReadEvidence(const HclFolder& where) {
  HclEvidence out;
  ASSIGN_OR_RETURN(out.report, ReadEvidenceFile(where.folder + "/hcl_report.bin"));
  ASSIGN_OR_RETURN(out.runtime_data, ReadEvidenceFileIfThere(where.folder + "/runtime_data.json"));
  ASSIGN_OR_RETURN(out.ak, ReadEvidenceFileIfThere(where.folder + "/ak.pem"));
  ASSIGN_OR_RETURN(out.quote, ReadQuote(where.folder));
  ASSIGN_OR_RETURN(out.td_quote, ReadEvidenceFileIfThere(where.folder + "/td_quote.bin"));
  ASSIGN_OR_RETURN(out.snp_certificates, ReadSnpCertificates(where));
  return out;
}

// What is asked of the three that make up the evidence.
struct HclRules {
  SnpPolicy snp;
  TdxPolicy tdx;
  TpmPolicy tpm;
};

// Genuine evidence of a guest without debugging; `by` decided that nothing more is asked. Where a
// policy speaks of one of the three, its rules stand instead.
HclRules RulesOf(const HclEvidence& evidence, const wire::AttestationPolicy* policy,
                 const std::string& by) {
  HclRules out{GenuineSnpPolicy(by), GenuineTdxPolicy(by), TpmPolicy{}};
  if (evidence.snp_certificates.crls.empty()) {
    out.snp.crl = PolicyField<SnpCrlRule>::Skip(by + ": no CRL in the folder");
  }
  out.tdx.collateral = PolicyField<CollateralRule>::Skip(by + ": no collateral in the folder");
  if (policy == nullptr) return out;
  if (policy->snp) out.snp = *policy->snp;
  if (policy->tdx) out.tdx = policy->tdx->policy;
  if (policy->tpm) out.tpm = *policy->tpm;
  return out;
}

struct VerifyHclOptions {
  std::string folder;
  std::string anchors;
  std::string nonce;
  std::string at;
  std::string policy;
};

StatusOr<Answer> VerifyHclFolder(const Environment& env, const VerifyHclOptions& options) {
  absl::Time at = env.clock.Now();
  if (!options.at.empty()) {
    ASSIGN_OR_RETURN(at, ParseTime(options.at));
  }
  ASSIGN_OR_RETURN(std::optional<Bytes> nonce, ParseHexOption(options.nonce, "--nonce"));
  std::optional<wire::AttestationPolicy> policy;
  if (!options.policy.empty()) {
    ASSIGN_OR_RETURN(policy, LoadAttestationPolicy(options.policy));
  }
  const std::string anchors =
      options.anchors.empty() ? options.folder + "/../../anchors/amd" : options.anchors;
  ASSIGN_OR_RETURN(const HclEvidence evidence, ReadEvidence({options.folder, "", anchors}));
  const HclRules rules = RulesOf(evidence, policy ? &*policy : nullptr, kNoPolicy);
  const HclVerification seen =
      VerifyHcl(evidence, {at, std::move(nonce), rules.tpm, rules.snp, rules.tdx, ""});
  return VerdictAnswer(seen.verdict,
                       seen.claims ? ClaimsJson(*seen.claims) : nlohmann::ordered_json());
}

StatusOr<Answer> ParseHclFile(const std::string& path) {
  ASSIGN_OR_RETURN(const Bytes file, ReadEvidenceFile(path));
  ASSIGN_OR_RETURN(const HclReport report, ParseHclReport(file));
  ASSIGN_OR_RETURN(const HclRuntimeData runtime, ParseHclRuntimeData(report.variable_data));
  Answer answer;
  answer.json = HclReportJson(report);
  answer.json["runtime"] = RuntimeJson(runtime);
  if (report.report_type == HclReportType::kSnp) {
    ASSIGN_OR_RETURN(const SnpReport snp, ParseSnpReport(report.hardware_report));
    answer.json["snp"] = SnpClaimsJson(ClaimsOfSnpReport(snp, std::nullopt));
  } else {
    ASSIGN_OR_RETURN(const TdReport td, ParseTdReport(report.hardware_report));
    answer.json["td_report_data"] = ToHex(td.report_data);
  }
  answer.text = FieldsText(answer.json);
  return answer;
}

}  // namespace

StatusOr<BatchResult> VerifyHclCase(const BatchCase& batch_case) {
  HclEvidence evidence;
  const bool single = batch_case.is_single_file();
  if (single) {
    ASSIGN_OR_RETURN(evidence.report, ReadEvidenceFile(batch_case.Path()));
  } else {
    const std::string base =
        batch_case.base.empty() ? "" : absl::StrCat(batch_case.root, "/", batch_case.base);
    ASSIGN_OR_RETURN(evidence, ReadEvidence({batch_case.Path(), base,
                                             absl::StrCat(batch_case.root, "/anchors/amd")}));
  }
  std::optional<Bytes> nonce;
  if (!batch_case.nonce.empty()) nonce = batch_case.nonce;
  const HclRules rules = RulesOf(evidence, nullptr, kBatchRules);
  const HclVerification seen =
      VerifyHcl(evidence, {batch_case.time, nonce, rules.tpm, rules.snp, rules.tdx,
                           single ? absl::StrCat(kBatchRules, ": binding only") : ""});
  return BatchResult{seen.verdict,
                     seen.claims ? nlohmann::json(ClaimsJson(*seen.claims)) : nlohmann::json()};
}

void AddVerifyHcl(CLI::App& verify, const Common&, Call& call) {
  const auto options = std::make_shared<VerifyHclOptions>();
  CLI::App* command = verify.add_subcommand(
      "hcl", "check what an Azure confidential VM shows: HCL report, attestation key, quote");
  command->footer(
      "The folder holds hcl_report.bin, quote.msg, quote.sig, pcrs.json, and vcek.der (SNP) or "
      "td_quote.bin (TDX); also ak.pem, runtime_data.json, ask.der, ark.der and ark.crl.der. AMD's "
      "roots are pinned: certificates in files bring no trust of their own.");
  command->add_option("--dir", options->folder, "folder with the evidence of one VM")
      ->required()
      ->check(CLI::ExistingDirectory);
  command->add_option("--anchors", options->anchors,
                      "folder with AMD's Milan-ask.der, Milan-ark.der and so on; default: "
                      "../../anchors/amd beside the evidence");
  command->add_option("--nonce", options->nonce, "the quote's qualifying data (hex)");
  command->add_option("--at", options->at, "time of the check, RFC 3339; default: now");
  command->add_option("--policy", options->policy,
                      "what is acceptable of report and vTPM: an attestation policy; default: "
                      "genuine only");
  command->callback([options, &call] {
    call = [options](const Environment& env) { return VerifyHclFolder(env, *options); };
  });
}

void AddParseHcl(CLI::App& parse, Call& call) {
  const auto path = std::make_shared<std::string>();
  CLI::App* command = parse.add_subcommand("hcl", "the report of an Azure confidential VM");
  command->add_option("file", *path, "the report, as in NV index 0x01400001")->required();
  command->callback(
      [path, &call] { call = [path](const Environment&) { return ParseHclFile(*path); }; });
}

}  // namespace kedge::cli
