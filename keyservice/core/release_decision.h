// Who gets a disk's key, and what the node must do with the disk. Pure: every fact is an argument,
// and one place decides (S5, S18).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "attestation/verify/verify.h"
#include "base/status.h"
#include "keyservice/core/manifest.h"
#include "keyservice/core/node_registry.h"

namespace kedge {

inline constexpr std::string_view kStateVolume = "state";

// The cluster that this service serves.
struct ClusterFacts {
  ClusterId cluster_id{};
  Bytes service_key_spki;
  std::shared_ptr<const Manifest> manifest;
  // The node that runs the service, named at init; it alone may come without a cluster's pins.
  std::string coordinator_node;
  HardwareIdentity coordinator;
};

// What a node's invitation says; its own signature is verified already (proto/wire/invitation.h).
struct InvitationTerms {
  Sha256Digest file_digest{};
  Sha256Digest owner_key_digest{};
  Bytes cluster_id;  // both empty for the first node
  Bytes service_key_spki;
  std::string node;
  std::string role;
  uint64_t minimum_generation = 0;
};

struct DiskReport {
  StateDiskContent content = StateDiskContent::kForeign;
  Sha256Digest header_digest{};  // for kLuks2
  uint64_t disk_counter = 0;     // for kLuks2, as its header shows it
};

// What a node asks for and what verified evidence says about it.
struct NodeFacts {
  std::string node;
  std::string role;
  std::string volume;
  Appraisal appraisal;
  HardwareIdentity identity;  // of the verified EK
  InvitationTerms invitation;
  // Of its LUKS2 disk, where it asks for the key to one.
  std::optional<Sha256Digest> shown_header = std::nullopt;
};

// What the registry knows.
struct RegistryFacts {
  std::optional<NodeEntry> entry;  // under the node's name
  std::string name_of_identity;    // under which the machine is registered; empty: none
  bool identity_revoked = false;   // the machine is revoked, under whatever name
  bool attached = false;           // the registry itself is readable, not only the receipt
};

struct ReleaseDecision {
  ReleaseOrder order = ReleaseOrder::kNone;
  NodeEntry entry;  // to be written before the key leaves
};

// Faults ROLE_NOT_ALLOWED and IDENTITY_KIND: `manifest` has no such role, or does not accept this
// kind of identity for it.
Status CheckIdentityKind(const Manifest& manifest, std::string_view role, IdentityKind kind);

// The policy that a node of `role` with this invitation is appraised against. Fault
// ROLE_NOT_ALLOWED where the manifest has no such role.
StatusOr<AppraisalPolicy> PolicyForNode(std::string_view role, const Sha256Digest& invitation,
                                        BootPhase phase, const ClusterFacts& cluster);

// OK for a trusted verdict. Otherwise a fault that names what a node's console may show:
// IMAGE_NOT_ALLOWED, LOAD_OPTIONS_CHANGED, SYSTEM_EXTENSION, CLUSTER_ID_NOT_MEASURED,
// INVITATION_NOT_MEASURED, NODE_CAPPED, BOOT_PHASE,
// EVIDENCE_LEVEL, LOG_REPLAY, POLICY_NOT_COMPLETE.
Status CheckAppraisal(const Appraisal& appraisal);

// Everything but the disk: name, role, invitation, evidence, identity. Faults as above, and
// VOLUME_UNKNOWN, INVITATION_NOT_ACCEPTED, IDENTITY_KIND, NODE_REVOKED, STORE_NOT_ATTACHED (retry),
// and those of CheckBinding. Says nothing about whose AK it was: bind it before acting on this.
Status AuthoriseNode(const NodeFacts& facts, const ClusterFacts& cluster,
                     const RegistryFacts& registry);

// The disk's part, for an authorised node whose AK is bound: faults of StepOf, CheckHeader and
// GrantCounter.
StatusOr<ReleaseDecision> DecideDisk(NodeEntry entry, const DiskReport& disk);

}  // namespace kedge
