#include <absl/strings/str_cat.h>

#include "base/host/files.h"
#include "base/names.h"
#include "cli/commands.h"
#include "proto/wire/invitation.h"

namespace kedge::cli {

StatusOr<Answer> Invite(const Environment& env, const Common& common,
                        const InviteOptions& options) {
  const Workspace workspace = common.OpenWorkspace();
  ASSIGN_OR_RETURN(const Manifest manifest, workspace.LoadManifest());
  ASSIGN_OR_RETURN(const Receipt receipt, workspace.LoadReceipt());
  ASSIGN_OR_RETURN(const SigningKey owner, workspace.OwnerKey());
  if (receipt.latest.manifest_digest != manifest.digest()) {
    return FailedPrecondition(absl::StrCat(
        workspace.Path(kManifestFile), " is not the manifest of the receipt (expected SHA-256 ",
        ToHex(receipt.latest.manifest_digest), "): restore the one that the cluster enforces"));
  }
  if (manifest.FindRole(options.role) == nullptr) {
    return MakeError(StatusCode::kInvalidArgument,
                     "the manifest has no role '" + options.role + "'");
  }
  // Before it becomes part of a path.
  if (!IsName(options.node)) {
    return MakeError(StatusCode::kInvalidArgument,
                     "--node: expected 1 to 63 of a-z, 0-9 and '-', a letter or digit at the ends");
  }
  wire::Invitation invitation;
  invitation.cluster_id = ToBytes(ByteView(receipt.cluster_id));
  invitation.service_key_spki = receipt.service_key_spki;
  invitation.endpoints = options.endpoints;
  invitation.node = options.node;
  invitation.role = options.role;
  invitation.address = options.address;
  invitation.gateway = options.gateway;
  invitation.issue_time = env.clock.Now();
  invitation.control_plane_images = manifest.ImagesFor(kRoleControlPlane);
  invitation.tpm_roots = manifest.tpm_roots();
  invitation.minimum_generation = receipt.latest.generation;
  ASSIGN_OR_RETURN(const std::string file, wire::MakeInvitation(std::move(invitation), owner));
  const std::string path =
      options.output.empty() ? workspace.InvitationPath(options.node) : options.output;
  RETURN_IF_ERROR(WriteFileAtomically(path, AsBytes(file), 0644));

  return Answer{.text = absl::StrCat("invitation   ", path, "\n",                              //
                                     "node         ", options.node, ", ", options.role, "\n",  //
                                     "cluster id   ", ToHex(receipt.cluster_id), "\n\nNext: boot ",
                                     options.node, " with it. It joins by itself.\n"),
                .json = {{"node", options.node},
                         {"role", options.role},
                         {"cluster_id", ToHex(receipt.cluster_id)},
                         {"invitation", path}},
                .verdict = {}};
}

}  // namespace kedge::cli
