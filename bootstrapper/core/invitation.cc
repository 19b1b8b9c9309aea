#include "bootstrapper/core/invitation.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "attestation/model/measured_event.h"

namespace kedge {
namespace {

// An RFC 1123 label: the name ends up in certificates and in messages.
bool IsNodeName(const std::string& name) {
  const auto allowed = [](char c) {
    return absl::ascii_islower(static_cast<unsigned char>(c)) ||
           absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-';
  };
  return !name.empty() && name.size() <= 63 && name.front() != '-' && name.back() != '-' &&
         std::all_of(name.begin(), name.end(), allowed);
}

Status NotAccepted(std::string_view why) {
  return Refused("INVITATION_NOT_ACCEPTED",
                 absl::StrCat("the invitation ", absl::string_view(why.data(), why.size()),
                              ": hand in one made by `kedge prepare` or `kedge invite`"));
}

}  // namespace

Status ValidateInvitation(const Invitation& invitation) {
  if (!IsNodeName(invitation.node)) return NotAccepted("names no valid node");
  if (invitation.role != kControlPlane && invitation.role != kWorker) {
    return NotAccepted("has neither the role control-plane nor worker");
  }
  if (invitation.cluster_id.empty() != invitation.service_key_spki.empty()) {
    return NotAccepted("pins a cluster id without its identity key, or the reverse");
  }
  if (invitation.cluster_id.empty()) {
    if (invitation.role != kControlPlane) return NotAccepted("pins no cluster for a worker");
    return absl::OkStatus();
  }
  if (invitation.cluster_id.size() != std::tuple_size_v<ClusterId>) {
    return NotAccepted("has a cluster id of the wrong length");
  }
  if (invitation.endpoints.empty()) return NotAccepted("names no endpoint of the key service");
  return absl::OkStatus();
}

absl::Time EffectiveNow(absl::Time rtc, absl::Time build_time, absl::Time issue_time) {
  return std::max({rtc, build_time, issue_time});
}

}  // namespace kedge
