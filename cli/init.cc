#include <absl/strings/str_cat.h>

#include "cli/commands.h"
#include "cli/show.h"
#include "proto/wire/receipt.h"

namespace kedge::cli {
namespace {

// What the cluster gave back, on its way to the workspace. Losing it after the service has begun to
// serve would cost the cluster at its first outage.
Status Save(const Environment& env, const Workspace& workspace, const client::InitOutcome& outcome,
            const std::optional<RsaPrivateKey>& share_key) {
  Status first_failure;
  const auto save = [&](const std::string& name, const StatusOr<std::string>& content) {
    const Status saved = content.ok() ? workspace.Create(name, *content) : content.status();
    if (saved.ok()) return;
    if (first_failure.ok()) first_failure = saved;
    if (content.ok()) {
      env.err << "kedge: " << name << " could not be written; keep this text:\n" << *content;
    }
  };
  size_t others = 0;
  for (const SeedShare& share : outcome.seed_shares) {
    // Without a key here, the first share is the one that recovery will look for.
    const bool own = share_key ? share.owner_key_digest == Sha256(share_key->public_key().spki())
                               : &share == &outcome.seed_shares.front();
    save(own ? kSeedShareFile : absl::StrCat("seedshare-", ++others, ".json"),
         wire::PrintSeedShare(share));
  }
  save(kReceiptFile, wire::PrintReceipt(outcome.receipt));
  save(kCaFile, outcome.ca_certificate_pem);
  return Annotate(first_failure, "the cluster is made, but the workspace is not complete");
}

Status CheckShares(const client::InitOutcome& outcome, const RsaPrivateKey& share_key) {
  for (const SeedShare& share : outcome.seed_shares) {
    if (share.owner_key_digest != Sha256(share_key.public_key().spki())) continue;
    return client::CheckShare(share, share_key, outcome.receipt, outcome.ca_certificate_pem);
  }
  return Refused("SHARE_NOT_FOR_THIS_KEY", "no seed share is for the key in the workspace");
}

}  // namespace

StatusOr<Answer> Init(const Environment& env, const Common& common, const InitOptions& options) {
  const Workspace workspace = common.OpenWorkspace();
  for (const char* name : {kReceiptFile, kSeedShareFile, kCaFile}) {
    if (workspace.Has(name)) {
      return MakeError(StatusCode::kAlreadyExists,
                       workspace.Path(name) + " exists: this workspace already has a cluster");
    }
  }
  ASSIGN_OR_RETURN(const Manifest manifest, workspace.LoadManifest());
  ASSIGN_OR_RETURN(const SigningKey owner, workspace.OwnerKey());
  ASSIGN_OR_RETURN(const std::optional<RsaPrivateKey> share_key, workspace.SeedShareKey());
  ASSIGN_OR_RETURN(client::ServicePolicy policy,
                   client::PolicyOf(manifest, BootPhase::kInitrdUncapped, {std::nullopt}));
  client::KeyServiceClient service = ConnectTo(env, common, options.endpoint);

  Progress(env, "checking the machine at " + options.endpoint);
  ASSIGN_OR_RETURN(client::SeenService learnt, service.Learn(policy, {}));
  const std::string identity = ToHex(learnt.ek.identity.value);
  if (!options.hardware_id.empty() && options.hardware_id != identity) {
    return Refused("MACHINE_CHANGED",
                   absl::StrCat("the machine at ", options.endpoint, " is ", identity,
                                ", expected --hardware-id ", options.hardware_id));
  }
  // From here on the machine must have measured the invitation that this owner made for it.
  if (learnt.phase == "AWAITING_INIT") {
    ASSIGN_OR_RETURN(const Bytes invitation, workspace.LoadInvitation(learnt.node));
    policy.init_data = Sha256(invitation);
  }
  Progress(env, "making the cluster in " + DescribeMachine(learnt));
  ASSIGN_OR_RETURN(const client::InitOutcome outcome,
                   service.Init(manifest, owner, policy, learnt));
  RETURN_IF_ERROR(Save(env, workspace, outcome, share_key));
  if (share_key) RETURN_IF_ERROR(CheckShares(outcome, *share_key));

  Answer answer;
  answer.json = {{"cluster", manifest.cluster()},
                 {"cluster_id", ToHex(outcome.receipt.cluster_id)},
                 {"service_key_id", ServiceKeyId(outcome.receipt.service_key_spki)},
                 {"trust_on_first_use", outcome.trust_on_first_use},
                 {"seed_share_checked", share_key.has_value()},
                 {"machine", MachineJson(outcome.service)}};
  absl::StrAppend(
      &answer.text, "cluster      ", manifest.cluster(), "\n",                //
      "cluster id   ", ToHex(outcome.receipt.cluster_id), "\n",               //
      "service key  ", ServiceKeyId(outcome.receipt.service_key_spki), "\n",  //
      "coordinator  ", outcome.receipt.coordinator_node, ": ", DescribeMachine(outcome.service),
      "\n",  //
      "seed share   ", workspace.Path(kSeedShareFile),
      share_key ? ", tested: it gives this cluster" : ", not tested: seedshare.key is elsewhere",
      "\n", ConfidentialityLine(outcome.service));
  if (outcome.trust_on_first_use) {
    absl::StrAppend(&answer.text,
                    "trust on first use: the machine had measured no owner key; whoever came first "
                    "would have owned it\n");
  }
  absl::StrAppend(&answer.text,
                  "\nKeep the workspace: after a power cut of all control planes it takes its seed "
                  "share and receipt to recover.\n");
  return answer;
}

}  // namespace kedge::cli
