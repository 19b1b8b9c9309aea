#include "cli/owner_session.h"

namespace kedge::cli {

StatusOr<OwnerSession> OwnerSession::Open(const Environment& env, const Common& common,
                                          const std::string& endpoint) {
  const Workspace workspace = common.OpenWorkspace();
  ASSIGN_OR_RETURN(Receipt receipt, workspace.LoadReceipt());
  ASSIGN_OR_RETURN(const Manifest manifest, workspace.LoadManifestOf(receipt));
  ASSIGN_OR_RETURN(SigningKey owner, workspace.OwnerKey());
  ASSIGN_OR_RETURN(client::ServicePolicy policy,
                   client::PolicyOf(manifest, BootPhase::kAny, {receipt.cluster_id}));
  Progress(env, "asking the key service at " + endpoint);
  return OwnerSession(std::move(receipt), std::move(owner), std::move(policy),
                      ConnectTo(env, common, endpoint));
}

StatusOr<client::ServiceStatus> OwnerSession::GetStatus() {
  return service_.GetStatus(client::PinsOf(receipt_), owner_, policy_);
}

StatusOr<client::ServiceStatus> OwnerSession::CancelUpdate(const Sha256Digest& manifest_digest) {
  return service_.CancelUpdate(manifest_digest, client::PinsOf(receipt_), owner_, policy_);
}

StatusOr<client::NodeCommandResult> OwnerSession::Command(const NodeCommand& command) {
  return service_.CommandNode(command, client::PinsOf(receipt_), owner_, policy_);
}

}  // namespace kedge::cli
