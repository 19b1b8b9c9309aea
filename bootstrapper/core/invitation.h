// The invitation as a node uses it: what the owner says about this node and its cluster.
#pragma once

#include <absl/time/time.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

inline constexpr size_t kMaxInvitationSize = 64 * 1024;
inline constexpr std::string_view kControlPlane = "control-plane";
inline constexpr std::string_view kWorker = "worker";

struct Invitation {
  std::string node{};
  std::string role{};
  // Both empty only for the first node, before its cluster exists.
  Bytes cluster_id{};
  Bytes service_key_spki{};
  std::vector<std::string> endpoints{};
  std::string address{};  // "192.168.77.12/24"; empty = DHCP
  std::string gateway{};  // empty = none
  absl::Time issue_time{};
  uint64_t minimum_generation = 0;

  // A control plane without pins: it asks the key service in its own machine.
  bool IsFirstNode() const { return cluster_id.empty(); }
};

// The rules that the node relies on: a name and role of the right form, pins for everyone but the
// first control plane (no pin = no release, no format), endpoints where there are pins. Fault
// INVITATION_NOT_ACCEPTED.
Status ValidateInvitation(const Invitation& invitation);

// now = max(RTC, build time of the image, owner-signed issue time): the host can make the clock
// slow, but not slower than what was measured or signed (design: Node life, "Clock").
absl::Time EffectiveNow(absl::Time rtc, absl::Time build_time, absl::Time issue_time);

}  // namespace kedge
