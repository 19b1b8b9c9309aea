// The registry of nodes: the authority over who owns which disk (design: Node life, "Registry").
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <string_view>

#include "attestation/verify/verify.h"
#include "base/bytes.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "keyservice/core/service_phase.h"

namespace kedge {

enum class RegistryState {
  kEnrolled,    // name, machine and AK are bound; no disk yet
  kFormatting,  // told to format; written before the key leaves
  kFormatted,   // its disk holds data under our key
  kJoined,
  kRevoked,
};
std::string_view ToString(RegistryState state);  // "ENROLLED" …
std::optional<RegistryState> ParseRegistryState(std::string_view text);

// What verified evidence last said about a node; for the owner's status.
struct LastSeen {
  absl::Time time;
  bool trusted = false;
  std::string image;       // "name version", empty if none matched
  std::string boot_phase;  // by PCR 11
  Bytes pcr15;
  EvidenceLevel level = EvidenceLevel::kHostVtpm;
  std::string failure;  // the first failed check, empty if trusted
};

struct NodeEntry {
  std::string name{};
  std::string role{};
  RegistryState state = RegistryState::kEnrolled;
  HardwareIdentity identity{};  // never changes once written (S18)
  Bytes ak_name{};              // empty: no AK is bound yet
  // Of the header that the node reported when it had formatted; nullopt before, and after a
  // recovery for as long as the registry itself cannot be read.
  std::optional<Sha256Digest> header_digest{};
  std::optional<LastSeen> last_seen{};
};

enum class ReleaseOrder { kNone, kFormat, kOpen };
std::string_view ToString(ReleaseOrder order);  // "none", "format", "open"

// What a node asks or tells, as far as its registry state decides about it.
enum class NodeTrigger {
  kAsksWithBlankDisk,
  kAsksWithLuks2Disk,
  kAsksWithForeignDisk,
  kReportsFormatted,
  kReportsJoined,
};
NodeTrigger TriggerOfDisk(StateDiskContent content);

struct NodeStep {
  RegistryState next = RegistryState::kEnrolled;
  ReleaseOrder order = ReleaseOrder::kNone;
};
// One look into the table in node_registry.cc. Faults: DISK_NOT_BLANK, DISK_BLANK, DISK_FOREIGN,
// NOT_FORMATTING, NOT_FORMATTED, NODE_REVOKED.
StatusOr<NodeStep> StepOf(RegistryState state, NodeTrigger trigger);

// Whether the machine `identity` may act as `name` in `role`; `entry` is what is registered under
// the name, `name_of_identity` the name that the machine already has (empty: none). Faults:
// IDENTITY_MISMATCH, ROLE_MISMATCH, IDENTITY_IN_USE.
Status CheckBinding(std::string_view name, std::string_view role, const HardwareIdentity& identity,
                    const std::optional<NodeEntry>& entry, std::string_view name_of_identity);

// Compares a reported header with the registered one, where both are known. Fault DISK_MISMATCH.
Status CheckHeader(const NodeEntry& entry, const Sha256Digest& header_digest);

}  // namespace kedge
