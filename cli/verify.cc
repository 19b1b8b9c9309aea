#include <absl/strings/str_cat.h>

#include "cli/commands.h"
#include "cli/outside_files.h"
#include "cli/show.h"
#include "cli/table.h"

namespace kedge::cli {
namespace {

struct Question {
  client::ServicePolicy policy;
  ClientPins pins;
};

// What is not said on the command line comes from the workspace, where there is one.
StatusOr<Question> QuestionOf(const Common& common, const VerifyClusterOptions& options) {
  const Workspace workspace = common.OpenWorkspace();
  Question out;
  out.policy.phase = BootPhase::kAny;
  const std::vector<std::string> roles = {std::string(kRoleControlPlane)};
  ASSIGN_OR_RETURN(out.policy.images, LoadReferences(options.references, roles));
  ASSIGN_OR_RETURN(out.policy.tpm_roots, LoadTpmRoots(options.tpm_roots));
  for (const std::string& level : options.evidence_levels) {
    ASSIGN_OR_RETURN(out.policy.evidence_levels.emplace_back(), ParseEvidenceLevel(level));
  }
  if (out.policy.images.empty() || out.policy.tpm_roots.empty() ||
      out.policy.evidence_levels.empty()) {
    StatusOr<Manifest> manifest = workspace.LoadManifest();
    if (!manifest.ok()) {
      return Annotate(manifest.status(),
                      "without a workspace, --reference, --tpm-root and --evidence-level must all "
                      "be given");
    }
    ASSIGN_OR_RETURN(client::ServicePolicy policy,
                     client::PolicyOf(*manifest, BootPhase::kAny, {}));
    if (out.policy.images.empty()) out.policy.images = std::move(policy.images);
    if (out.policy.tpm_roots.empty()) out.policy.tpm_roots = std::move(policy.tpm_roots);
    if (out.policy.evidence_levels.empty()) {
      out.policy.evidence_levels = std::move(policy.evidence_levels);
    }
  }
  if (!options.cluster_id.empty()) {
    const auto bytes = FromHex(options.cluster_id);
    const auto cluster_id = ToArray<std::tuple_size_v<ClusterId>>(bytes.value_or(Bytes()));
    if (!cluster_id) {
      return MakeError(StatusCode::kInvalidArgument,
                       "--cluster-id: expected 64 hexadecimal digits");
    }
    out.policy.cluster_ids = {*cluster_id};
    out.pins.cluster_id = ToBytes(ByteView(*cluster_id));
  } else if (workspace.Has(kReceiptFile)) {
    ASSIGN_OR_RETURN(const Receipt receipt, workspace.LoadReceipt());
    out.policy.cluster_ids = {receipt.cluster_id};
    out.pins = client::PinsOf(receipt);
  }
  return out;
}

// The rows of the appraisal, after those that verification has already decided.
std::vector<Check> RowsOf(const client::SeenService& service, const ClientPins& pins) {
  const std::string identity = ToHex(service.ek.identity.value);
  std::vector<Check> rows = {
      {"evidence.signature", CheckResult::kPass, "signed by the attestation key", "signed"},
      {"evidence.fresh", CheckResult::kPass, "over this exchange's own nonce", "covers it"},
      {"ek.certificate", CheckResult::kPass, "leads to a named TPM root", service.ek.root_name},
      {"ak.binding", service.ak_bound ? CheckResult::kPass : CheckResult::kFail,
       "attestation key lives beside the certified EK", service.ak_bound ? identity : "not shown"},
      {"cluster.id", pins.cluster_id.empty() ? CheckResult::kWarn : CheckResult::kPass,
       pins.cluster_id.empty() ? "a pinned cluster id" : ToHex(pins.cluster_id),
       pins.cluster_id.empty() ? "learnt from the service: " + ToHex(service.cluster_id)
                               : ToHex(service.cluster_id)},
      {"cluster.key", pins.service_key_spki.empty() ? CheckResult::kWarn : CheckResult::kPass,
       pins.service_key_spki.empty() ? "a pinned identity key"
                                     : ServiceKeyId(pins.service_key_spki),
       ServiceKeyId(service.service_key_spki)}};
  rows.insert(rows.end(), service.appraisal.verdict.checks.begin(),
              service.appraisal.verdict.checks.end());
  return rows;
}

std::string RowsText(const std::vector<Check>& rows) {
  Table table({"CHECK", "RESULT", "DETAIL"});
  for (const Check& row : rows) {
    const bool good = row.result == CheckResult::kPass || row.result == CheckResult::kSkipped;
    table.Add({row.name, std::string(ToString(row.result)),
               good ? row.actual : absl::StrCat("expected ", row.expected, ", got ", row.actual)});
  }
  return table.Print();
}

nlohmann::ordered_json RowsJson(const std::vector<Check>& rows) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const Check& row : rows) {
    out.push_back({{"name", row.name},
                   {"result", std::string(ToString(row.result))},
                   {"expected", row.expected},
                   {"actual", row.actual}});
  }
  return out;
}

}  // namespace

StatusOr<Answer> VerifyCluster(const Environment& env, const Common& common,
                               const VerifyClusterOptions& options) {
  ASSIGN_OR_RETURN(const Question question, QuestionOf(common, options));
  client::KeyServiceClient service = ConnectTo(env, common, options.endpoint);
  Progress(env, "asking the key service at " + options.endpoint + " for evidence");
  ASSIGN_OR_RETURN(const client::SeenService learnt, service.Learn(question.policy, question.pins));
  if (learnt.cluster_id.empty()) {
    return MakeFault(StatusCode::kUnavailable, "NOT_SERVING", Advice::kAskOperator,
                     "the machine serves no cluster yet (" + learnt.phase +
                         "): there is nothing to verify before `kedge init` or `kedge recover`");
  }
  Progress(env, "asking again, for a proof that its two TPM keys are one machine's");
  ASSIGN_OR_RETURN(const client::SeenService seen,
                   service.Prove(question.policy, question.pins, learnt));
  const std::vector<Check> rows = RowsOf(seen, question.pins);
  const bool pinned = !question.pins.cluster_id.empty();

  Answer answer;
  answer.verdict = client::RequireTrusted(seen);
  const bool trusted = answer.verdict.ok();
  answer.json = {{"verdict", trusted ? "trusted" : "refused"},
                 {"cluster_id", ToHex(seen.cluster_id)},
                 {"cluster_id_pinned", pinned},
                 {"service_key_id", ServiceKeyId(seen.service_key_spki)},
                 {"manifest_generation", seen.manifest_generation},
                 {"manifest_digest", ToHex(seen.manifest_digest)},
                 {"machine", MachineJson(seen)},
                 {"checks", RowsJson(rows)}};
  answer.text = absl::StrCat(
      RowsText(rows), "\ncluster id   ", ToHex(seen.cluster_id),
      pinned ? "" : " (learnt, not pinned)", "\n",                 //
      "service key  ", ServiceKeyId(seen.service_key_spki), "\n",  //
      "manifest     generation ", seen.manifest_generation, ", ", ToHex(seen.manifest_digest),
      "\n",  //
      "machine      ", seen.node, ": ", DescribeMachine(seen), "\n", ConfidentialityLine(seen),
      "verdict      ", trusted ? "trusted" : "REFUSED", "\n");
  return answer;
}

}  // namespace kedge::cli
