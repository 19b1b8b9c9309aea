#include <CLI/CLI.hpp>
#include <memory>

#include "attestation/verify/tdx.h"
#include "base/clock.h"
#include "cli/batch_case.h"
#include "cli/evidence_commands.h"
#include "cli/evidence_files.h"
#include "cli/tdx_claims.h"
#include "cli/tdx_files.h"
#include "cli/verdict_output.h"

namespace kedge::cli {
namespace {

constexpr char kNoReferenceValues[] =
    "the command line, which names no policy with the TD's values";

struct VerifyTdxOptions {
  std::string quote;
  std::string collateral;
  std::string at;
  std::string report_data;
  std::string policy;
};

StatusOr<wire::TdxRules> RulesOf(const std::string& path) {
  if (path.empty()) return wire::TdxRules{AnyTdPolicy(kNoReferenceValues), IntelSgxRootPins()};
  ASSIGN_OR_RETURN(const wire::AttestationPolicy policy, LoadAttestationPolicy(path));
  if (!policy.tdx) return Malformed(path + ": the policy does not speak of tdx");
  return *policy.tdx;
}

StatusOr<Answer> VerifyTdxFiles(const Environment& env, const VerifyTdxOptions& options) {
  ASSIGN_OR_RETURN(const Bytes quote, ReadEvidenceFile(options.quote));
  ASSIGN_OR_RETURN(const TdxCollateralFiles files, ReadTdxCollateral(options.collateral));
  ASSIGN_OR_RETURN(std::optional<Bytes> report_data,
                   ParseHexOption(options.report_data, "--report-data"));
  absl::Time at = env.clock.Now();
  if (!options.at.empty()) {
    ASSIGN_OR_RETURN(at, ParseTime(options.at));
  }
  ASSIGN_OR_RETURN(const wire::TdxRules rules, RulesOf(options.policy));
  const TdxVerification seen = VerifyTdx(quote, TdxCollateral::Read(files),
                                         {.policy = rules.policy,
                                          .roots = rules.roots,
                                          .at = at,
                                          .report_data = std::move(report_data)});
  return VerdictAnswer(
      seen.verdict, seen.claims ? TdxClaimsJson(*seen.claims) : nlohmann::ordered_json::object());
}

}  // namespace

StatusOr<BatchResult> VerifyTdxCase(const BatchCase& batch_case) {
  if (!batch_case.time) return Malformed("a TDX case needs a time");
  ASSIGN_OR_RETURN(const Bytes quote, ReadEvidenceFile(batch_case.File("quote.bin")));
  ASSIGN_OR_RETURN(const TdxCollateralFiles files, ReadTdxCollateral(batch_case.Path()));
  const wire::TdxRules rules =
      batch_case.policy != nullptr && batch_case.policy->tdx
          ? *batch_case.policy->tdx
          : wire::TdxRules{GenuineTdxPolicy("the policy for cases"), IntelSgxRootPins()};
  TdxQuestion question{.policy = rules.policy, .roots = rules.roots, .at = *batch_case.time};
  if (!batch_case.nonce.empty()) question.report_data = batch_case.nonce;
  const TdxVerification seen = VerifyTdx(quote, TdxCollateral::Read(files), question);
  return BatchResult{seen.verdict, seen.claims ? nlohmann::json(TdxClaimsJson(*seen.claims))
                                               : nlohmann::json::object()};
}

void AddVerifyTdx(CLI::App& verify, const Common&, Call& call) {
  const auto options = std::make_shared<VerifyTdxOptions>();
  CLI::App* command = verify.add_subcommand("tdx", "check an Intel TDX quote");
  command->add_option("--quote", options->quote, "quote of version 4 or 5")
      ->required()
      ->check(CLI::ExistingFile);
  command
      ->add_option("--collateral", options->collateral,
                   "folder with pck_crl.der, root_crl.der, tcb_info.json, tcb_chain.pem, "
                   "qe_identity.json, qe_chain.pem; also pck_chain.pem and root_ca.pem")
      ->required()
      ->check(CLI::ExistingDirectory);
  command->add_option("--at", options->at, "time of the check, RFC 3339; default: now");
  command->add_option("--report-data", options->report_data,
                      "what the quote must be about, 64 bytes in hex; default: shown, not checked");
  command->add_option("--policy", options->policy, "what is acceptable: an attestation policy");
  command->callback([options, &call] {
    call = [options](const Environment& env) { return VerifyTdxFiles(env, *options); };
  });
}

}  // namespace kedge::cli
