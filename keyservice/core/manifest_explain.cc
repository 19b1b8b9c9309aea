#include "keyservice/core/manifest_explain.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>

namespace kedge {
namespace {

template <typename T>
std::string NamesOf(const std::vector<T>& entries) {
  return absl::StrJoin(entries, ", ",
                       [](std::string* out, const T& entry) { out->append(entry.name); });
}

std::string LevelsOf(const RolePolicy& role) {
  return absl::StrJoin(role.evidence_levels, ", ",
                       [](std::string* out, EvidenceLevel level) { out->append(ToString(level)); });
}

std::string ImagesOf(const Manifest& manifest, const RolePolicy& role) {
  return absl::StrJoin(manifest.ImagesFor(role.role), ", ",
                       [](std::string* out, const ReferenceValues& image) {
                         absl::StrAppend(out, image.image_name, " ", image.image_version);
                       });
}

PowerStatement SeedShareOwners(const Manifest& manifest) {
  return {
      .who =
          "whoever can open a share that holds the whole seed, or enough threshold shares "
          "(seed_share_keys: " +
          NamesOf(manifest.seed_share_keys()) + ")",
      .can = {"derive every disk key of every node, past and to come, and read the disks",
              "derive every workload secret: data that workloads encrypt with them is readable to "
              "the seed's owners. Use them only where data owner and seed owner are the same",
              "derive the CA key and issue certificates for any node",
              "derive the cluster's identity key and pose as its key service",
              "sign the manifest history"},
      .cannot = {"command a running key service: that takes an owner key"}};
}

PowerStatement Owners(const Manifest& manifest) {
  const std::string update =
      manifest.owner_threshold() == 1
          ? "put another manifest in force, with other owners too"
          : absl::StrCat("put another manifest in force together with ",
                         manifest.owner_threshold() - 1,
                         " more of them, and take back one that waits for that");
  return {.who = "each owner alone (owner_keys: " + NamesOf(manifest.owner_keys()) + ")",
          .can = {update, "invite nodes under any name and role",
                  "rebind a node's name and disk to another machine, revoke machines, accept an "
                  "older disk",
                  "see status and the reasons of refusals",
                  "recover the cluster, together with the seed"},
          .cannot = {"derive any key: that takes the seed"}};
}

PowerStatement Machines(const Manifest& manifest, const RolePolicy& role) {
  PowerStatement out{
      .who = absl::StrCat("a machine of role ", role.role, " (images: ", ImagesOf(manifest, role),
                          "; evidence: ", LevelsOf(role), "), invited by an owner"),
      .can = {"get the key of its own disk, while it shows the disk's newest state",
              "get a node certificate for its own name"},
      .cannot = {"get another node's key, or its own under another cluster"}};
  if (role.role == kRoleControlPlane) {
    out.can.push_back(
        "hold the seed in memory while it runs the key service, and so derive "
        "everything that the seed's owners can: its image must be trusted with all "
        "of it");
  }
  return out;
}

PowerStatement TpmAuthorities(const Manifest& manifest) {
  return {.who = "the authorities of TPMs (tpm_roots: " + NamesOf(manifest.tpm_roots()) + ")",
          .can = {"certify a key as a TPM's that is none, and with it forge the evidence of a "
                  "machine that an owner invites"},
          .cannot = {"take over the name or disk of a registered machine"}};
}

bool AcceptsHostVtpm(const RolePolicy& role) {
  const auto& levels = role.evidence_levels;
  return std::find(levels.begin(), levels.end(), EvidenceLevel::kHostVtpm) != levels.end();
}

PowerStatement Hosts(const Manifest& manifest) {
  std::vector<std::string> exposed;
  bool key_service = false;
  for (const RolePolicy& role : manifest.roles()) {
    if (!AcceptsHostVtpm(role)) continue;
    exposed.push_back(role.role);
    key_service = key_service || role.role == kRoleControlPlane;
  }
  PowerStatement out{.who = "who runs the hosts of the machines",
                     .can = {"stop machines, destroy disks, and put a whole older disk back, which "
                             "is refused as STALE_DISK"},
                     .cannot = {}};
  if (exposed.empty()) {
    out.cannot = {"read memory or disks of a machine, as far as its TEE holds"};
    return out;
  }
  out.can.push_back("with host-vtpm (" + absl::StrJoin(exposed, ", ") +
                    "): read the memory of the machine and forge its evidence: not confidential");
  if (key_service) {
    out.can.push_back("so get the seed from a control plane, and everything that it derives");
  }
  return out;
}

}  // namespace

std::vector<PowerStatement> ExplainManifest(const Manifest& manifest) {
  std::vector<PowerStatement> out = {SeedShareOwners(manifest), Owners(manifest)};
  for (const RolePolicy& role : manifest.roles()) out.push_back(Machines(manifest, role));
  out.push_back(TpmAuthorities(manifest));
  out.push_back(Hosts(manifest));
  return out;
}

}  // namespace kedge
