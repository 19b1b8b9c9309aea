#include "keyservice/core/release_decision.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>

#include "base/names.h"

namespace kedge {
namespace {

struct FailureCode {
  std::string_view check;  // name of the first failed check, or the beginning of it up to a '.'
  std::string_view code;
};

// Longest names first: the first row that fits counts.
constexpr std::array kFailureCodes = {
    FailureCode{"pcr.12", "LOAD_OPTIONS_CHANGED"},
    FailureCode{"pcr.13", "SYSTEM_EXTENSION"},
    FailureCode{"pcr.14", "LOG_REPLAY"},
    FailureCode{"pcr.15", "CLUSTER_ID_NOT_MEASURED"},
    FailureCode{"pcr", "IMAGE_NOT_ALLOWED"},
    FailureCode{"image", "IMAGE_NOT_ALLOWED"},
    FailureCode{"event.cluster-id", "CLUSTER_ID_NOT_MEASURED"},
    FailureCode{"event.init-data", "INVITATION_NOT_MEASURED"},
    FailureCode{"event.order", "LOG_REPLAY"},
    FailureCode{"boot.cap", "NODE_CAPPED"},
    FailureCode{"boot.phase", "BOOT_PHASE"},
    FailureCode{"evidence.level", "EVIDENCE_LEVEL"},
    FailureCode{"policy", "POLICY_NOT_COMPLETE"},
};

std::string_view CodeOf(std::string_view check) {
  for (const FailureCode& row : kFailureCodes) {
    if (check == row.check || (check.starts_with(row.check) && check[row.check.size()] == '.')) {
      return row.code;
    }
  }
  return "EVIDENCE_NOT_ACCEPTED";
}

Status NotAccepted(std::string_view message) { return Refused("INVITATION_NOT_ACCEPTED", message); }

bool IsCoordinator(const NodeFacts& facts, const ClusterFacts& cluster) {
  return facts.node == cluster.coordinator_node && facts.identity == cluster.coordinator;
}

Status CheckInvitation(const NodeFacts& facts, const ClusterFacts& cluster) {
  const InvitationTerms& invitation = facts.invitation;
  if (cluster.manifest->FindOwnerKey(invitation.owner_key_digest) == nullptr) {
    return NotAccepted(absl::StrCat("the invitation is signed by ",
                                    ToHex(invitation.owner_key_digest),
                                    ", which is no owner key of the manifest"));
  }
  if (invitation.node != facts.node || invitation.role != facts.role) {
    return NotAccepted(absl::StrCat("the invitation is for ", invitation.node, " as ",
                                    invitation.role, ", asked as ", facts.node, " as ",
                                    facts.role));
  }
  const bool pinned = !invitation.cluster_id.empty() || !invitation.service_key_spki.empty();
  if (!pinned && !IsCoordinator(facts, cluster)) {
    return NotAccepted("the invitation names no cluster; only the first node may come with such");
  }
  if (pinned && (!Equal(invitation.cluster_id, cluster.cluster_id) ||
                 !Equal(invitation.service_key_spki, cluster.service_key_spki))) {
    return NotAccepted(absl::StrCat("the invitation is to the cluster ",
                                    ToHex(invitation.cluster_id), ", this is ",
                                    ToHex(cluster.cluster_id)));
  }
  if (invitation.minimum_generation > cluster.manifest->generation()) {
    return NotAccepted(absl::StrCat("the invitation demands manifest generation ",
                                    invitation.minimum_generation, ", this service is at ",
                                    cluster.manifest->generation()));
  }
  return absl::OkStatus();
}

}  // namespace

Status CheckIdentityKind(const Manifest& manifest, std::string_view role, IdentityKind kind) {
  const std::string name(role);
  const RolePolicy* policy = manifest.FindRole(role);
  if (policy == nullptr) {
    return Refused("ROLE_NOT_ALLOWED", absl::StrCat("the manifest has no role ", name));
  }
  const auto& kinds = policy->identity_kinds;
  if (std::find(kinds.begin(), kinds.end(), kind) != kinds.end()) return absl::OkStatus();
  return Refused("IDENTITY_KIND", absl::StrCat("the manifest does not accept the identity kind ",
                                               std::string(ToString(kind)), " for ", name));
}

StatusOr<AppraisalPolicy> PolicyForNode(std::string_view role, const Sha256Digest& invitation,
                                        BootPhase phase, const ClusterFacts& cluster) {
  const RolePolicy* policy = cluster.manifest->FindRole(role);
  if (policy == nullptr) {
    return Refused("ROLE_NOT_ALLOWED",
                   absl::StrCat("the manifest has no role ", std::string(role)));
  }
  return AppraisalPolicy{.images = cluster.manifest->ImagesFor(role),
                         .accepted_levels = policy->evidence_levels,
                         .phase = phase,
                         .cluster_id = cluster.cluster_id,
                         .init_data = invitation};
}

Status CheckAppraisal(const Appraisal& appraisal) {
  if (appraisal.verdict.trusted()) return absl::OkStatus();
  const auto& checks = appraisal.verdict.checks;
  const auto failed = std::find_if(checks.begin(), checks.end(), [](const Check& check) {
    return check.result == CheckResult::kFail;
  });
  const std::string_view code =
      failed == checks.end() ? "EVIDENCE_NOT_ACCEPTED" : CodeOf(failed->name);
  return Refused(code, appraisal.verdict.FirstFailure());
}

Status AuthoriseNode(const NodeFacts& facts, const ClusterFacts& cluster,
                     const RegistryFacts& registry) {
  if (!IsName(facts.node)) return Malformed("a node's name is an RFC 1123 label");
  if (facts.volume != kStateVolume) {
    return Refused("VOLUME_UNKNOWN", absl::StrCat("there is no volume '", facts.volume, "'"));
  }
  RETURN_IF_ERROR(CheckIdentityKind(*cluster.manifest, facts.role, facts.identity.kind));
  RETURN_IF_ERROR(CheckInvitation(facts, cluster));
  if (registry.identity_revoked) {
    return Refused("NODE_REVOKED",
                   absl::StrCat("the machine ", ToHex(facts.identity.value),
                                " is revoked by an owner, and asks as ", facts.node));
  }
  // Before the appraisal: asking for another machine's disk is said as such, whatever else is
  // wrong.
  RETURN_IF_ERROR(CheckBinding(facts.node, facts.role, facts.identity, registry.entry,
                               registry.name_of_identity, facts.shown_header));
  RETURN_IF_ERROR(CheckAppraisal(facts.appraisal));
  if (!registry.attached && !IsCoordinator(facts, cluster)) {
    return MakeFault(StatusCode::kUnavailable, "STORE_NOT_ATTACHED", Advice::kRetry,
                     "the registry is on a disk that is not open yet; only its own node is served "
                     "until then");
  }
  return absl::OkStatus();
}

StatusOr<ReleaseDecision> DecideDisk(NodeEntry entry, const DiskReport& disk) {
  ASSIGN_OR_RETURN(const NodeStep step, StepOf(entry.state, TriggerOfDisk(disk.content)));
  if (step.order == ReleaseOrder::kOpen) RETURN_IF_ERROR(CheckHeader(entry, disk.header_digest));
  RETURN_IF_ERROR(GrantCounter(entry, step.order, disk.disk_counter));
  entry.state = step.next;
  return ReleaseDecision{.order = step.order, .entry = std::move(entry)};
}

}  // namespace kedge
