// The invitation as a node uses it: what the owner says about this node and its cluster.
#pragma once

#include <absl/time/time.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace kedge {

inline constexpr size_t kMaxInvitationSize = 64 * 1024;
inline constexpr std::string_view kControlPlane = "control-plane";
inline constexpr std::string_view kWorker = "worker";

// Only ever made from an invitation whose signature and content were verified
// (Machine::VerifyInvitation).
struct Invitation {
  std::string node{};  // an RFC 1123 label
  std::string role{};
  // Both empty only for the first node, a control plane before its cluster exists. No pin = no
  // release, no format.
  Bytes cluster_id{};
  Bytes service_key_spki{};
  std::vector<std::string> endpoints{};  // "host:port"; at least one where there are pins
  std::string address{};                 // "192.168.77.12/24"; empty = DHCP
  std::string gateway{};                 // empty = none
  absl::Time issue_time{};
  uint64_t minimum_generation = 0;

  // A control plane without pins: it asks the key service in its own machine.
  bool IsFirstNode() const { return cluster_id.empty(); }
};

}  // namespace kedge
