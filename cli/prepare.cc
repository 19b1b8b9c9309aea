#include <absl/strings/str_cat.h>

#include "cli/commands.h"
#include "cli/outside_files.h"
#include "proto/wire/invitation.h"
#include "proto/wire/manifest.h"

namespace kedge::cli {
namespace {

constexpr int kSeedShareKeyBits = 4096;

Status RequireEmpty(const Workspace& workspace) {
  for (const char* name : {kOwnerKeyFile, kSeedShareKeyFile, kManifestFile, kReceiptFile}) {
    if (workspace.Has(name)) {
      return MakeError(StatusCode::kAlreadyExists,
                       workspace.Path(name) +
                           " exists already: this workspace belongs to a cluster. Name another "
                           "folder with --workspace; nothing was changed");
    }
  }
  return absl::OkStatus();
}

}  // namespace

StatusOr<Answer> Prepare(const Environment& env, const Common& common,
                         const PrepareOptions& options) {
  const Workspace workspace = common.OpenWorkspace();
  RETURN_IF_ERROR(RequireEmpty(workspace));
  const std::vector<std::string> roles = {std::string(kRoleControlPlane), std::string(kRoleWorker)};
  ManifestTerms terms;
  terms.cluster = options.cluster;
  terms.generation = 1;
  ASSIGN_OR_RETURN(terms.images, LoadReferences(options.images, roles));
  ASSIGN_OR_RETURN(terms.tpm_roots, LoadTpmRoots(options.tpm_roots));
  ASSIGN_OR_RETURN(terms.roles, PoliciesOfBothRoles(options.evidence_levels));

  ASSIGN_OR_RETURN(const SigningKey owner, SigningKey::Generate(Curve::kP384));
  Progress(env, "making the seed-share key (RSA-4096)");
  ASSIGN_OR_RETURN(const RsaPrivateKey share, RsaPrivateKey::Generate(kSeedShareKeyBits));
  const Sha256Digest owner_digest = Sha256(owner.public_key().spki());
  terms.owner_keys.push_back({"owner", owner.public_key(), owner_digest});
  terms.seed_share_keys.push_back({"owner", share.public_key(), Sha256(share.public_key().spki())});
  ASSIGN_OR_RETURN(const std::string manifest_text, wire::PrintManifest(terms));
  // Read back as the key service will: a mistake shows here, not in the first machine.
  ASSIGN_OR_RETURN(const Manifest manifest, wire::ParseManifest(AsBytes(manifest_text)));

  wire::Invitation first;
  first.node = options.first_node;
  first.role = std::string(kRoleControlPlane);
  first.address = options.address;
  first.gateway = options.gateway;
  first.issue_time = env.clock.Now();
  ASSIGN_OR_RETURN(const std::string invitation, wire::MakeInvitation(first, owner));

  RETURN_IF_ERROR(workspace.MakeFolder());
  ASSIGN_OR_RETURN(const SecretBytes owner_pem, owner.PrivatePem());
  ASSIGN_OR_RETURN(const SecretBytes share_pem, share.PrivatePem());
  RETURN_IF_ERROR(workspace.CreateSecret(kOwnerKeyFile, owner_pem));
  RETURN_IF_ERROR(workspace.CreateSecret(kSeedShareKeyFile, share_pem));
  RETURN_IF_ERROR(workspace.Create(kManifestFile, manifest_text));
  const std::string invitation_name = options.first_node + ".invitation.json";
  RETURN_IF_ERROR(workspace.Create(invitation_name, invitation));

  Answer answer;
  answer.json = {{"workspace", workspace.folder()},
                 {"cluster", manifest.cluster()},
                 {"manifest_digest", ToHex(manifest.digest())},
                 {"owner_key_digest", ToHex(owner_digest)},
                 {"invitation", workspace.Path(invitation_name)}};
  absl::StrAppend(&answer.text, "workspace    ", workspace.folder(), "\n",  //
                  "cluster      ", manifest.cluster(), ", manifest ", ToHex(manifest.digest()),
                  "\n",                                        //
                  "owner key    ", ToHex(owner_digest), "\n",  //
                  "invitation   ", workspace.Path(invitation_name), "\n");
  for (const std::string& level : options.evidence_levels) {
    if (level == ToString(EvidenceLevel::kHostVtpm)) {
      absl::StrAppend(&answer.text,
                      "\nThe manifest accepts host-vtpm: not confidential. Who runs the host runs "
                      "the TPM.\n");
    }
  }
  absl::StrAppend(&answer.text, "\nKeep ", kOwnerKeyFile, " and ", kSeedShareKeyFile,
                  " safe and apart from the cluster: without them nobody can recover it.\nNext: "
                  "boot ",
                  options.first_node,
                  " with the invitation, then `kedge init --endpoint HOST:7443`.\n");
  return answer;
}

}  // namespace kedge::cli
