#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "attestation/verify/snp.h"
#include "cli/batch_case.h"
#include "cli/evidence_commands.h"
#include "cli/evidence_files.h"
#include "cli/fields_text.h"
#include "cli/snp_json.h"
#include "cli/verdict_output.h"

namespace kedge::cli {
namespace {

constexpr char kNoPolicy[] = "no --policy was given";
constexpr char kBatchRules[] = "the rules of CASES.md";
constexpr char kNoCrlOption[] = "--no-crl";

struct VerifySnpOptions {
  std::string report;
  std::string vcek;
  std::string vlek;
  std::string ask;
  std::string ark;
  std::vector<std::string> crls;
  std::string at;
  std::string report_data;
  std::string policy;
  bool no_crl = false;
};

StatusOr<Bytes> ReadNamed(const std::string& path) {
  if (path.empty()) return Bytes();
  return ReadEvidenceFile(path);
}

StatusOr<std::optional<ReportData>> ReportDataOf(const std::string& hex) {
  ASSIGN_OR_RETURN(std::optional<Bytes> bytes, ParseHexOption(hex, "--report-data"));
  if (!bytes) return std::optional<ReportData>();
  ReportData out{};
  if (bytes->size() > out.size()) {
    return MakeError(StatusCode::kInvalidArgument, "--report-data: more than 64 bytes");
  }
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return std::optional<ReportData>(out);
}

StatusOr<SnpPolicy> PolicyOf(const std::string& path) {
  if (path.empty()) return GenuineSnpPolicy(kNoPolicy);
  ASSIGN_OR_RETURN(const wire::AttestationPolicy policy, LoadAttestationPolicy(path));
  if (!policy.snp) return Malformed(path + ": the policy does not speak of snp");
  return *policy.snp;
}

StatusOr<Answer> VerifySnpFiles(const Environment& env, const VerifySnpOptions& options) {
  SnpEvidence evidence;
  ASSIGN_OR_RETURN(evidence.report, ReadEvidenceFile(options.report));
  ASSIGN_OR_RETURN(evidence.certificates.leaf,
                   ReadNamed(options.vlek.empty() ? options.vcek : options.vlek));
  ASSIGN_OR_RETURN(evidence.certificates.intermediate, ReadNamed(options.ask));
  ASSIGN_OR_RETURN(evidence.certificates.root, ReadNamed(options.ark));
  for (const std::string& path : options.crls) {
    ASSIGN_OR_RETURN(evidence.certificates.crls.emplace_back(), ReadEvidenceFile(path));
  }
  SnpTime time{.at = env.clock.Now(), .skipped_by = ""};
  if (!options.at.empty()) {
    ASSIGN_OR_RETURN(time.at, ParseTime(options.at));
  }
  ASSIGN_OR_RETURN(const std::optional<ReportData> report_data, ReportDataOf(options.report_data));
  ASSIGN_OR_RETURN(SnpPolicy policy, PolicyOf(options.policy));
  if (options.no_crl) policy.crl = PolicyField<SnpCrlRule>::Skip(kNoCrlOption);
  const SnpAppraisal appraisal = VerifySnp(evidence, policy, time, report_data);
  return VerdictAnswer(appraisal.verdict,
                       appraisal.claims ? SnpClaimsJson(*appraisal.claims) : nullptr);
}

StatusOr<Answer> ParseSnpFile(const std::string& path) {
  ASSIGN_OR_RETURN(const Bytes file, ReadEvidenceFile(path));
  ASSIGN_OR_RETURN(const SnpReport report, ParseSnpReport(file));
  Answer answer;
  answer.json = SnpClaimsJson(ClaimsOfSnpReport(report, std::nullopt));
  answer.text = FieldsText(answer.json);
  return answer;
}

}  // namespace

void AddVerifySnp(CLI::App& verify, const Common&, Call& call) {
  const auto options = std::make_shared<VerifySnpOptions>();
  CLI::App* command =
      verify.add_subcommand("snp", "check an AMD SEV-SNP attestation report and its certificates");
  command->footer(
      "Certificates and lists in DER or PEM. AMD's roots are pinned: --ark only brings "
      "the certificate, never the trust. Without --policy the report must be genuine "
      "and without debugging; whatever else a policy would decide is listed as skipped.");
  command->add_option("--report", options->report, "attestation report, 1184 bytes")->required();
  CLI::Option* vcek = command->add_option("--vcek", options->vcek, "certificate of the chip's key");
  command->add_option("--vlek", options->vlek, "certificate of the provider's key")->excludes(vcek);
  command->add_option("--ask", options->ask, "intermediate certificate (ASK or ASVK)");
  command->add_option("--ark", options->ark, "root certificate (ARK)");
  command->add_option("--crl", options->crls, "revocation list of the root");
  command->add_option("--at", options->at, "time to judge at (RFC 3339); default: now");
  command->add_option("--report-data", options->report_data,
                      "what the report must cover (hex, up to 64 bytes, padded with zeroes)");
  command->add_option("--policy", options->policy, "what is acceptable: an attestation policy");
  command->add_flag("--no-crl", options->no_crl, "judge without a revocation list");
  command->callback([options, &call] {
    call = [options](const Environment& env) { return VerifySnpFiles(env, *options); };
  });
}

void AddParseSnp(CLI::App& parse, Call& call) {
  const auto path = std::make_shared<std::string>();
  CLI::App* command = parse.add_subcommand("snp", "the fields of an SEV-SNP attestation report");
  command->add_option("file", *path, "attestation report, 1184 bytes")->required();
  command->callback(
      [path, &call] { call = [path](const Environment&) { return ParseSnpFile(*path); }; });
}

StatusOr<BatchResult> VerifySnpCase(const BatchCase& batch_case) {
  SnpPolicy policy = batch_case.policy != nullptr && batch_case.policy->snp
                         ? *batch_case.policy->snp
                         : GenuineSnpPolicy(kBatchRules);
  SnpEvidence evidence;
  const auto optional = [&batch_case](const char* name) -> StatusOr<Bytes> {
    ASSIGN_OR_RETURN(std::optional<Bytes> file, ReadEvidenceFileIfThere(batch_case.File(name)));
    return file.value_or(Bytes());
  };
  if (batch_case.is_single_file()) {
    ASSIGN_OR_RETURN(evidence.report, ReadEvidenceFile(batch_case.Path()));
  } else {
    ASSIGN_OR_RETURN(evidence.report, ReadEvidenceFile(batch_case.File("report.bin")));
    ASSIGN_OR_RETURN(evidence.certificates.leaf, optional("vcek.der"));
    if (evidence.certificates.leaf.empty()) {
      ASSIGN_OR_RETURN(evidence.certificates.leaf, optional("vlek.der"));
    }
    ASSIGN_OR_RETURN(evidence.certificates.intermediate, optional("ask.der"));
    if (evidence.certificates.intermediate.empty()) {
      ASSIGN_OR_RETURN(evidence.certificates.intermediate, optional("asvk.der"));
    }
    ASSIGN_OR_RETURN(evidence.certificates.root, optional("ark.der"));
    ASSIGN_OR_RETURN(const Bytes crl, optional("ark.crl.der"));
    if (!crl.empty()) evidence.certificates.crls.push_back(crl);
  }
  if (evidence.certificates.crls.empty()) {
    policy.crl = PolicyField<SnpCrlRule>::Skip(absl::StrCat(kBatchRules, ": no CRL in the folder"));
  }
  const SnpTime time{.at = batch_case.time, .skipped_by = kBatchRules};
  const SnpAppraisal appraisal = VerifySnp(evidence, policy, time, std::nullopt);
  return BatchResult{.verdict = appraisal.verdict,
                     .claims = appraisal.claims ? nlohmann::json(SnpClaimsJson(*appraisal.claims))
                                                : nlohmann::json::object()};
}

}  // namespace kedge::cli
