// The registry of nodes: the authority over who owns which disk (design: Node life, "Registry").
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

// A machine that showed in full who it is (evidence in order, certified EK, AK beside that EK),
// asked under a name that another machine has, and was refused. An owner may move the name to it.
struct RefusedIdentity {
  HardwareIdentity identity;
  absl::Time time;
};

// What an owner ordered about a node, for the owners' status.
struct OwnerAct {
  absl::Time time;
  std::string command;  // "rebind", "revoke", "accept-disk"
  std::string owner;    // name of the owner key in the manifest
  std::string reason;   // may be empty
};

struct NodeEntry {
  std::string name{};
  std::string role{};
  RegistryState state = RegistryState::kEnrolled;
  // Only an owner's signature changes it (S18; node_command.h).
  HardwareIdentity identity{};
  Bytes ak_name{};  // empty: no AK is bound yet
  // Of the header that the node reported when it had formatted; nullopt before, and after a
  // recovery for as long as the registry itself cannot be read.
  std::optional<Sha256Digest> header_digest{};
  std::optional<LastSeen> last_seen{};

  // Freshness of its disk (design: Node life, "Four counters"). The last counter that the node
  // acknowledged; 0 before its first format, and for a disk of header format 1.
  uint64_t disk_counter = 0;
  // The counter that went out with the last release and is not acknowledged yet: the disk may show
  // this one too. 0: none.
  uint64_t next_disk_counter = 0;
  // Only in an entry made at a recovery, while the registry itself cannot be read: the disk must
  // show at least this much, by the owner's receipt.
  std::optional<uint64_t> disk_counter_floor{};
  // The owner took the disk as it is (AcceptDiskCounter); ends with the next acknowledgement.
  bool disk_accepted = false;
  // Said by the node at its last acknowledgement: its TPM counts less than its disk remembers.
  bool tpm_counter_behind = false;
  std::optional<RefusedIdentity> last_refused{};
  // Of kRevoked: the state in which another machine would take over.
  std::optional<RegistryState> revoked_from{};
  // Machines that owners have revoked: they get nothing under any name, ever.
  std::vector<HardwareIdentity> revoked{};
  std::vector<OwnerAct> acts{};  // newest last
};

enum class ReleaseOrder { kNone, kFormat, kOpen };
std::string_view ToString(ReleaseOrder order);  // "none", "format", "open"

// What a node asks or tells, as far as its registry state decides about it.
enum class NodeTrigger {
  kAsksWithBlankDisk,
  kAsksWithLuks2Disk,
  kAsksWithForeignDisk,
  kReportsFormatted,
  kReportsAdvanced,
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
// the name, `name_of_identity` the name that the machine already has (empty: none), `shown_header`
// the header of its disk, where it shows one. Faults: IDENTITY_MISMATCH, ROLE_MISMATCH,
// IDENTITY_IN_USE; MACHINE_CHANGED in place of IDENTITY_MISMATCH for another machine with the
// node's own disk. A header is no secret: the two tell the owner what happened, and prove nothing.
Status CheckBinding(std::string_view name, std::string_view role, const HardwareIdentity& identity,
                    const std::optional<NodeEntry>& entry, std::string_view name_of_identity,
                    const std::optional<Sha256Digest>& shown_header);

// Counters beyond this are never made.
inline constexpr uint64_t kMaxDiskCounter = uint64_t{1} << 62;

// A node is about to be told to format, or to open a disk whose header shows the counter `shown`
// (the node's word; its header MAC decides there): the entry's next counter is now pending. Write
// it before the key leaves. Fault STALE_DISK, only for kOpen: the disk shows neither the counter
// that was acknowledged last nor the one that is pending.
Status GrantCounter(NodeEntry& entry, ReleaseOrder order, uint64_t shown);
// The node says that its disk holds `reported`, everywhere. Fault DISK_COUNTER: that was neither
// acknowledged nor granted.
Status AcknowledgeCounter(NodeEntry& entry, uint64_t reported);
// The registry of the node that runs the service was just read from its own disk; `granted` is what
// it was told before that. Takes its counters into `own`, unless they are acknowledged there
// already. Fault STALE_DISK where `own` was acknowledged beyond them: what the header shows is
// older than what the disk holds.
Status CarryCounters(const NodeEntry& granted, NodeEntry& own);
// `own` is in a registry that was read from the disk which it is about: it was acknowledged at
// least as far as the owner's receipt says. Fault STALE_DISK.
Status CheckRegistryCounter(const NodeEntry& own, uint64_t receipt_counter);
// The owner takes the disk that shows `counter` for the node's, whatever was acknowledged: the way
// out of STALE_DISK. What comes next is beyond every counter that was ever granted, so that no
// other copy of the disk becomes current again. Faults NODE_REVOKED, NOT_FORMATTED;
// INVALID_ARGUMENT beyond kMaxDiskCounter.
Status AcceptDiskCounter(NodeEntry& entry, uint64_t counter);

// Compares a reported header with the registered one, where both are known. Fault DISK_MISMATCH.
Status CheckHeader(const NodeEntry& entry, const Sha256Digest& header_digest);

}  // namespace kedge
