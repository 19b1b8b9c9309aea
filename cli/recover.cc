#include <absl/strings/str_cat.h>

#include "cli/commands.h"
#include "cli/seed_shares.h"
#include "cli/show.h"

namespace kedge::cli {
namespace {

// Reads the workspace before anything is sent; `keys` are of the seed that goes up.
StatusOr<Answer> RecoverWith(const KeyTree& keys, const Environment& env, const Common& common,
                             const RecoverOptions& options) {
  const Workspace workspace = common.OpenWorkspace();
  ASSIGN_OR_RETURN(const Receipt receipt, workspace.LoadReceipt());
  ASSIGN_OR_RETURN(const Manifest manifest, workspace.LoadManifestOf(receipt));
  ASSIGN_OR_RETURN(const SigningKey owner, workspace.OwnerKey());
  // The coordinator may have measured its cluster id before it waits, or not yet.
  ASSIGN_OR_RETURN(
      const client::ServicePolicy policy,
      client::PolicyOf(manifest, BootPhase::kInitrdUncapped, {std::nullopt, receipt.cluster_id}));
  client::KeyServiceClient service = ConnectTo(env, common, options.endpoint);

  Progress(env, "checking the machine at " + options.endpoint);
  ASSIGN_OR_RETURN(const client::SeenService learnt, service.Learn(policy, {}));
  Progress(env, "handing the seed to " + DescribeMachine(learnt));
  ASSIGN_OR_RETURN(const client::RecoverOutcome outcome,
                   service.Recover(manifest, receipt, keys.salt(), keys.seed(), owner, policy,
                                   learnt, options.accept_disk_counter));
  if (outcome.receipt) {
    RETURN_IF_ERROR(workspace.KeepFresherReceipt(*outcome.receipt).status());
  }
  const client::SeenService& recovered = outcome.service;

  return Answer{
      .text = absl::StrCat("recovered    cluster ", manifest.cluster(), " in ", recovered.node,
                           "\ncluster id   ", ToHex(receipt.cluster_id), "\n",
                           ConfidentialityLine(recovered),
                           "\nThe other nodes come back by themselves. See `kedge status`.\n"),
      .json = {{"cluster", manifest.cluster()},
               {"cluster_id", ToHex(receipt.cluster_id)},
               {"machine", MachineJson(recovered)}},
      .verdict = {}};
}

}  // namespace

StatusOr<Answer> Recover(const Environment& env, const Common& common,
                         const RecoverOptions& options) {
  const Workspace workspace = common.OpenWorkspace();
  ASSIGN_OR_RETURN(const SeedShare share, workspace.LoadSeedShare());
  ASSIGN_OR_RETURN(const std::optional<RsaPrivateKey> share_key, workspace.SeedShareKey());
  if (!share_key) {
    return MakeError(StatusCode::kNotFound, "no " + workspace.Path(kSeedShareKeyFile) +
                                                ": recovery needs the private key of the seed "
                                                "share; put it there for this command");
  }
  ASSIGN_OR_RETURN(SecretBytes seed, OpenSeedShare(share, *share_key));
  ASSIGN_OR_RETURN(const KeyTree keys, KeyTree::Create(std::move(seed), share.salt));
  return RecoverWith(keys, env, common, options);
}

StatusOr<Answer> RecoverWithShares(const Environment& env, const Common& common,
                                   const RecoverOptions& options, const ShareFiles& files) {
  ASSIGN_OR_RETURN(const CombinedSeed combined,
                   CombineShareFiles(env, common.OpenWorkspace(), files));
  return RecoverWith(combined.tree, env, common, options);
}

}  // namespace kedge::cli
