// kedge manifest lint: what is unwise about a manifest, and whom it would lock out as an update.
#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/host/files.h"
#include "cli/manifest.h"
#include "cli/owner_session.h"
#include "keyservice/core/lockout_guard.h"
#include "keyservice/core/manifest_lint.h"
#include "keyservice/core/manifest_update.h"

namespace kedge::cli {
namespace {

constexpr size_t kMaxCertificateFile = 16 * 1024;

struct LintOptions {
  std::string file;
  std::string after;
  std::string endpoint;
  std::vector<std::string> allow;
};

// A row without words that are known is a machine of which nothing is known.
std::optional<RunningMachine> MachineOf(const client::NodeRow& row) {
  if (row.state == "REVOKED" || row.verdict != "trusted") return std::nullopt;
  const StatusOr<EvidenceLevel> level = ParseEvidenceLevel(row.evidence_level);
  const StatusOr<IdentityKind> kind = ParseIdentityKind(row.identity_kind);
  if (!level.ok() || !kind.ok()) return std::nullopt;
  return RunningMachine{.node = row.name,
                        .role = row.role,
                        .image = row.image,
                        .level = *level,
                        .identity_kind = *kind};
}

Status AddMachines(const Environment& env, const Common& common, const std::string& endpoint,
                   UpdateFacts& facts) {
  if (endpoint.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(OwnerSession session, OwnerSession::Open(env, common, endpoint));
  ASSIGN_OR_RETURN(const client::ServiceStatus status, session.GetStatus());
  facts.coordinator_node = status.node;
  for (const client::NodeRow& row : status.nodes) {
    if (auto machine = MachineOf(row)) facts.machines.push_back(*std::move(machine));
  }
  return absl::OkStatus();
}

// Returns how the update ends.
StatusOr<Status> JudgeUpdate(const Environment& env, const Common& common,
                             const LintOptions& options, const Manifest& next, Answer& answer) {
  ASSIGN_OR_RETURN(const Manifest current, LoadManifestFile(options.after));
  RETURN_IF_ERROR(CheckIsUpdate(current, next));
  UpdateFacts facts;
  facts.current = &current;
  ASSIGN_OR_RETURN(facts.tested_share_keys, TestOwnShare(common.OpenWorkspace()));
  RETURN_IF_ERROR(AddMachines(env, common, options.endpoint, facts));
  const std::vector<LockoutRisk> risks = FindLockoutRisks(next, facts);
  answer.json["lockout_risks"] = nlohmann::ordered_json::array();
  for (const LockoutRisk& risk : risks) {
    answer.json["lockout_risks"].push_back({{"code", risk.code}, {"what", risk.what}});
    absl::StrAppend(&answer.text, "lock-out  ", risk.code, ": ", risk.what, "\n");
  }
  return CheckLockout(risks, options.allow);
}

StatusOr<Answer> Lint(const Environment& env, const Common& common, const LintOptions& options) {
  ASSIGN_OR_RETURN(const Manifest manifest, LoadManifestFile(options.file));
  Answer answer;
  answer.json = {{"digest", ToHex(manifest.digest())},
                 {"findings", nlohmann::ordered_json::array()}};
  for (const LintFinding& finding : LintManifest(manifest)) {
    const std::string level(ToString(finding.level));
    answer.json["findings"].push_back({{"level", level},
                                       {"code", finding.code},
                                       {"where", finding.where},
                                       {"what", finding.what}});
    absl::StrAppend(&answer.text, level, "  ", finding.code, ": ", finding.where, ": ",
                    finding.what, "\n");
    if (finding.level == LintLevel::kError && answer.verdict.ok()) {
      answer.verdict = Refused(finding.code, finding.where + ": " + finding.what);
    }
  }
  if (!options.after.empty()) {
    ASSIGN_OR_RETURN(const Status update, JudgeUpdate(env, common, options, manifest, answer));
    if (answer.verdict.ok()) answer.verdict = update;
  }
  if (answer.text.empty()) answer.text = "nothing found\n";
  return answer;
}

}  // namespace

StatusOr<std::vector<Sha256Digest>> TestOwnShare(const Workspace& workspace) {
  std::vector<Sha256Digest> tested;
  for (const char* name : {kSeedShareFile, kSeedShareKeyFile, kReceiptFile, kCaFile}) {
    if (!workspace.Has(name)) return tested;
  }
  ASSIGN_OR_RETURN(const SeedShare share, workspace.LoadSeedShare());
  ASSIGN_OR_RETURN(const std::optional<RsaPrivateKey> key, workspace.SeedShareKey());
  ASSIGN_OR_RETURN(const Receipt receipt, workspace.LoadReceipt());
  ASSIGN_OR_RETURN(const Bytes ca, ReadFileBounded(workspace.Path(kCaFile), kMaxCertificateFile));
  RETURN_IF_ERROR(Annotate(client::CheckShare(share, *key, receipt, AsText(ca)),
                           workspace.Path(kSeedShareFile)));
  tested.push_back(share.owner_key_digest);
  return tested;
}

void AddManifestLint(CLI::App& manifest, const Common& common, Call& call) {
  const auto options = std::make_shared<LintOptions>();
  CLI::App* lint = manifest.add_subcommand(
      "lint", "say what is unwise about a manifest, and whom it would lock out as an update");
  lint->add_option("FILE", options->file, "manifest.json to judge")->required();
  CLI::Option* after =
      lint->add_option("--after", options->after, "judge it as the update of this manifest too");
  lint->add_option("--endpoint", options->endpoint,
                   "key service, HOST:PORT: asks which machines run")
      ->needs(after);
  lint->add_option("--allow", options->allow, "override a lock-out risk by its code; once for each")
      ->needs(after);
  lint->callback([&call, &common, options] {
    call = [&common, options](const Environment& env) { return Lint(env, common, *options); };
  });
}

}  // namespace kedge::cli
