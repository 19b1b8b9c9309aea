// The life of a node, as one table of steps. The table itself is in life.cc: read that first.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "bootstrapper/core/node_state.h"
#include "bootstrapper/core/ports.h"

namespace kedge {

// Files in /run/kedge that other units wait for or read.
inline constexpr char kInvitationRunFile[] = "invitation";       // exact bytes as measured
inline constexpr char kDiskContentRunFile[] = "disk-content";    // "blank", "luks2", "foreign"
inline constexpr char kControlPlaneRunFile[] = "control-plane";  // exists on control planes
inline constexpr char kJoinedRunFile[] = "joined";               // exists once JOINED was accepted
// Files on the state disk.
inline constexpr char kNodeKeyFile[] = "pki/node.key";
inline constexpr char kNodeCertificateFile[] = "pki/node.crt";
inline constexpr char kCaCertificateFile[] = "pki/ca.crt";

// What kDiskContentRunFile and a disk report say.
std::string_view NameOf(DiskContent content);  // "blank", "luks2", "foreign"

inline constexpr char kJoinTarget[] = "kedge-joined.target";
inline constexpr char kStateVolume[] = "state";

struct LifeOptions {
  absl::Time build_time;  // of the image; measured with it
  std::string own_service = "127.0.0.1:7443";
};

// What one run of the program learns on its way; never evidence that something was done in the
// world. Lost when the program ends.
struct Node {
  Node(Ports& ports_in, const LifeOptions& options_in) : ports(ports_in), options(options_in) {}

  Ports& ports;
  const LifeOptions& options;
  Bytes invitation_bytes;
  std::optional<Invitation> invitation;
  std::optional<ServiceIdentity> own_service;  // first node only
  size_t endpoint_turn = 0;                    // endpoints are tried in turn
  std::optional<Release> release;
  std::optional<Sha256Digest> opened_header;  // the disk is open
  uint64_t tpm_counter = 0;                   // once this boot is counted; 0: cannot be
  bool tpm_counter_behind = false;
  std::optional<NodeState> state;
};

struct Step {
  std::string_view name;
  Stage stage;
  // What it does, in one line.
  std::string_view purpose;
  // Precondition beyond the steps before it: where it says false the step is not part of this
  // node's life. nullptr = always.
  bool (*applies)(const Node& node);
  // Evidence in the world that the effect has happened in this boot; it may fill `node` from that
  // evidence. nullptr = the effect is safe to repeat, or looks for its own evidence.
  StatusOr<bool> (*done)(Node& node);
  Status (*effect)(Node& node);
  // Longest wait between two tries after a transient failure.
  absl::Duration longest_wait;
  // After a refusal, try again from this earlier step (a new key may be released); "" = this step.
  std::string_view retry_from;
};

std::span<const Step> LifeOfANode();

}  // namespace kedge
