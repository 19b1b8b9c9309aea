// kedge manifest set and cancel: owners put a manifest in force, or take back the one that waits.
#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/host/files.h"
#include "cli/manifest.h"
#include "cli/owner_session.h"
#include "cli/seed.h"
#include "cli/show.h"
#include "keyservice/core/manifest_update.h"

namespace kedge::cli {
namespace {

constexpr char kEndpointHelp[] = "key service, HOST:PORT; for reachability only, never trusted";
constexpr size_t kMaxApprovalsFile = 64 * 1024;

struct SetOptions {
  std::string file;
  std::string endpoint;
  std::vector<std::string> approvals;
  std::vector<std::string> allow;
  bool dry_run = false;
};

// Those in files, each checked by its file's name, and the one of the workspace's own owner key.
StatusOr<std::vector<OwnerProof>> GatherApprovals(const Workspace& workspace,
                                                  const SetOptions& options,
                                                  const PreparedUpdate& update) {
  std::vector<OwnerProof> all;
  const auto has = [&all](const Sha256Digest& digest) {
    return std::any_of(all.begin(), all.end(),
                       [&](const OwnerProof& proof) { return proof.key_digest == digest; });
  };
  for (const std::string& path : options.approvals) {
    const StatusOr<Bytes> file = ReadFileBounded(path, kMaxApprovalsFile);
    if (!file.ok()) return BadFile(file.status());
    const StatusOr<std::vector<OwnerProof>> read = ParseApprovals(*file);
    if (!read.ok()) return Annotate(read.status(), path);
    RETURN_IF_ERROR(Annotate(TallyApprovals(update.current, update.step, *read).status(), path));
    for (const OwnerProof& approval : *read) {
      if (!has(approval.key_digest)) all.push_back(approval);
    }
  }
  if (workspace.Has(kOwnerKeyFile)) {
    ASSIGN_OR_RETURN(const SigningKey owner, workspace.OwnerKey());
    if (!has(Sha256(owner.public_key().spki()))) {
      ASSIGN_OR_RETURN(all.emplace_back(), ApproveUpdate(update.step.previous, update.next, owner));
    }
  }
  if (all.empty()) {
    return MakeError(StatusCode::kNotFound,
                     "no " + workspace.Path(kOwnerKeyFile) +
                         " and no --approval: an owner has to approve the manifest");
  }
  return all;
}

nlohmann::ordered_json ProgressJson(const client::UpdateRow& update) {
  return {{"generation", update.generation},
          {"manifest_digest", update.manifest_digest},
          {"needed", update.needed},
          {"approved", update.approved},
          {"missing", update.missing}};
}

Answer AnswerOf(const client::SetManifestResult& result, bool dry_run) {
  Answer answer;
  answer.json = {{"in_force", result.in_force},
                 {"dry_run", dry_run},
                 {"progress", ProgressJson(result.progress)},
                 {"lockout_risks", nlohmann::ordered_json::array()}};
  const char* state = dry_run ? "judged only" : result.in_force ? "in force" : "waits for owners";
  absl::StrAppend(&answer.text, "manifest     ", state, "\n",  //
                  "update       ", DescribeUpdate(result.progress), "\n");
  for (const LockoutRisk& risk : result.risks) {
    answer.json["lockout_risks"].push_back({{"code", risk.code}, {"what", risk.what}});
    absl::StrAppend(&answer.text, dry_run ? "lock-out     " : "overridden   ", risk.code, ": ",
                    risk.what, "\n");
  }
  return answer;
}

StatusOr<Answer> Set(const Environment& env, const Common& common, const SetOptions& options) {
  const Workspace workspace = common.OpenWorkspace();
  ASSIGN_OR_RETURN(const PreparedUpdate update, PrepareUpdate(workspace, options.file));
  ASSIGN_OR_RETURN(std::vector<OwnerProof> approvals, GatherApprovals(workspace, options, update));
  ASSIGN_OR_RETURN(std::vector<Sha256Digest> tested, TestOwnShare(workspace));
  ASSIGN_OR_RETURN(const client::ServicePolicy policy,
                   client::PolicyOf(update.current, BootPhase::kAny, {update.receipt.cluster_id}));
  client::KeyServiceClient service = ConnectTo(env, common, options.endpoint);
  Progress(env, "sending the manifest to " + options.endpoint);
  ASSIGN_OR_RETURN(const client::SetManifestResult result,
                   service.SetManifest({.next = update.next,
                                        .step = update.step,
                                        .approvals = std::move(approvals),
                                        .allow = options.allow,
                                        .tested_share_keys = std::move(tested),
                                        .dry_run = options.dry_run},
                                       client::PinsOf(update.receipt), policy));
  Answer answer = AnswerOf(result, options.dry_run);
  if (!result.in_force) return answer;
  const Status kept = workspace.KeepState(result.receipt, update.next.bytes()).status();
  RETURN_IF_ERROR(Annotate(kept,
                           "the manifest is in force, but the workspace does not have it; "
                           "run `kedge status`"));
  absl::StrAppend(&answer.text, "kept         ", workspace.Path(kManifestFile), " and ",
                  workspace.Path(kReceiptFile), "\n");
  return answer;
}

StatusOr<Answer> Cancel(const Environment& env, const Common& common, const std::string& endpoint) {
  ASSIGN_OR_RETURN(OwnerSession session, OwnerSession::Open(env, common, endpoint));
  ASSIGN_OR_RETURN(const client::ServiceStatus status, session.GetStatus());
  if (!status.pending) return Refused("NOTHING_PENDING", "no update waits for owners");
  const std::optional<Bytes> raw = FromHex(status.pending->manifest_digest);
  const std::optional<Sha256Digest> digest =
      raw ? ToArray<32>(*raw) : std::optional<Sha256Digest>();
  if (!digest) return Malformed("the service names a manifest by something that is no digest");
  RETURN_IF_ERROR(session.CancelUpdate(*digest).status());
  return Answer{.text = absl::StrCat("cancelled    ", DescribeUpdate(*status.pending),
                                     "\nSignatures for it stay valid until another manifest is in "
                                     "force.\n"),
                .json = {{"cancelled", ProgressJson(*status.pending)}},
                .verdict = {}};
}

}  // namespace

void AddManifestSet(CLI::App& manifest, const Common& common, Call& call) {
  const auto options = std::make_shared<SetOptions>();
  CLI::App* set = manifest.add_subcommand(
      "set", "put a manifest in force, or approve it until enough owners have");
  set->add_option("FILE", options->file, "manifest.json of the next generation")->required();
  set->add_option("--endpoint", options->endpoint, kEndpointHelp)->required();
  set->add_option(
      "--approval", options->approvals,
      "approval made by `kedge manifest sign`; once for each; the workspace's owner key "
      "approves too, if it is there");
  set->add_option("--allow", options->allow, "override a lock-out risk by its code; once for each");
  set->add_flag("--dry-run", options->dry_run, "only say whom it would lock out");
  set->callback([&call, &common, options] {
    call = [&common, options](const Environment& env) { return Set(env, common, *options); };
  });
}

void AddManifestCancel(CLI::App& manifest, const Common& common, Call& call) {
  const auto endpoint = std::make_shared<std::string>();
  CLI::App* cancel =
      manifest.add_subcommand("cancel", "take back the manifest that waits for more owners");
  cancel->add_option("--endpoint", *endpoint, kEndpointHelp)->required();
  cancel->callback([&call, &common, endpoint] {
    call = [&common, endpoint](const Environment& env) { return Cancel(env, common, *endpoint); };
  });
}

}  // namespace kedge::cli
