#include "keyservice/core/node_registry.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>

namespace kedge {
namespace {

using enum RegistryState;
using enum NodeTrigger;

constexpr std::array kStates = {kEnrolled, kFormatting, kFormatted, kJoined, kRevoked};
constexpr size_t kTriggers = 6;

struct Row {
  RegistryState state;
  NodeTrigger trigger;
  std::string_view refusal;  // "" = allowed, and then:
  RegistryState next;
  ReleaseOrder order;
};

// The life of a node as the key service sees it. A disk is formatted only by the rows that say so:
// it was blank when the node had none (ENROLLED), or nothing was ever reported on it (FORMATTING:
// whatever it shows now is a format that was cut short).
// clang-format off
constexpr std::array<Row, kStates.size() * kTriggers> kTable = {{
    {kEnrolled,   kAsksWithBlankDisk,   "",               kFormatting, ReleaseOrder::kFormat},
    {kEnrolled,   kAsksWithLuks2Disk,   "DISK_NOT_BLANK", kEnrolled,   ReleaseOrder::kNone},
    {kEnrolled,   kAsksWithForeignDisk, "DISK_NOT_BLANK", kEnrolled,   ReleaseOrder::kNone},
    {kEnrolled,   kReportsFormatted,    "NOT_FORMATTING", kEnrolled,   ReleaseOrder::kNone},
    {kEnrolled,   kReportsAdvanced,     "NOT_FORMATTED",  kEnrolled,   ReleaseOrder::kNone},
    {kEnrolled,   kReportsJoined,       "NOT_FORMATTED",  kEnrolled,   ReleaseOrder::kNone},

    {kFormatting, kAsksWithBlankDisk,   "",               kFormatting, ReleaseOrder::kFormat},
    {kFormatting, kAsksWithLuks2Disk,   "",               kFormatting, ReleaseOrder::kFormat},
    {kFormatting, kAsksWithForeignDisk, "",               kFormatting, ReleaseOrder::kFormat},
    {kFormatting, kReportsFormatted,    "",               kFormatted,  ReleaseOrder::kNone},
    {kFormatting, kReportsAdvanced,     "NOT_FORMATTED",  kFormatting, ReleaseOrder::kNone},
    {kFormatting, kReportsJoined,       "NOT_FORMATTED",  kFormatting, ReleaseOrder::kNone},

    {kFormatted,  kAsksWithBlankDisk,   "DISK_BLANK",     kFormatted,  ReleaseOrder::kNone},
    {kFormatted,  kAsksWithLuks2Disk,   "",               kFormatted,  ReleaseOrder::kOpen},
    {kFormatted,  kAsksWithForeignDisk, "DISK_FOREIGN",   kFormatted,  ReleaseOrder::kNone},
    {kFormatted,  kReportsFormatted,    "",               kFormatted,  ReleaseOrder::kNone},
    {kFormatted,  kReportsAdvanced,     "",               kFormatted,  ReleaseOrder::kNone},
    {kFormatted,  kReportsJoined,       "",               kJoined,     ReleaseOrder::kNone},

    {kJoined,     kAsksWithBlankDisk,   "DISK_BLANK",     kJoined,     ReleaseOrder::kNone},
    {kJoined,     kAsksWithLuks2Disk,   "",               kJoined,     ReleaseOrder::kOpen},
    {kJoined,     kAsksWithForeignDisk, "DISK_FOREIGN",   kJoined,     ReleaseOrder::kNone},
    {kJoined,     kReportsFormatted,    "",               kJoined,     ReleaseOrder::kNone},
    {kJoined,     kReportsAdvanced,     "",               kJoined,     ReleaseOrder::kNone},
    {kJoined,     kReportsJoined,       "",               kJoined,     ReleaseOrder::kNone},

    {kRevoked,    kAsksWithBlankDisk,   "NODE_REVOKED",   kRevoked,    ReleaseOrder::kNone},
    {kRevoked,    kAsksWithLuks2Disk,   "NODE_REVOKED",   kRevoked,    ReleaseOrder::kNone},
    {kRevoked,    kAsksWithForeignDisk, "NODE_REVOKED",   kRevoked,    ReleaseOrder::kNone},
    {kRevoked,    kReportsFormatted,    "NODE_REVOKED",   kRevoked,    ReleaseOrder::kNone},
    {kRevoked,    kReportsAdvanced,     "NODE_REVOKED",   kRevoked,    ReleaseOrder::kNone},
    {kRevoked,    kReportsJoined,       "NODE_REVOKED",   kRevoked,    ReleaseOrder::kNone},
}};
// clang-format on

constexpr bool TableIsComplete() {
  for (size_t i = 0; i < kTable.size(); ++i) {
    if (kTable[i].state != kStates[i / kTriggers]) return false;
    if (static_cast<size_t>(kTable[i].trigger) != i % kTriggers) return false;
  }
  return true;
}
static_assert(TableIsComplete(), "every state and trigger has one row, in order");

std::string_view ToString(NodeTrigger trigger) {
  switch (trigger) {
    case kAsksWithBlankDisk:
      return "asks with a blank disk";
    case kAsksWithLuks2Disk:
      return "asks with a LUKS2 disk";
    case kAsksWithForeignDisk:
      return "asks with a disk that Kedge does not accept";
    case kReportsFormatted:
      return "reports FORMATTED";
    case kReportsAdvanced:
      return "reports ADVANCED";
    case kReportsJoined:
      return "reports JOINED";
  }
  return "asks";
}

Status StaleDisk(const NodeEntry& entry, uint64_t shown) {
  std::string expected;
  if (entry.disk_counter_floor) {
    expected = absl::StrCat("at least ", *entry.disk_counter_floor, " by the owner's receipt");
  } else {
    expected = absl::StrCat(entry.disk_counter);
    if (entry.next_disk_counter != 0) {
      absl::StrAppend(&expected, " or ", entry.next_disk_counter);
    }
  }
  return Refused("STALE_DISK",
                 absl::StrCat("node ", entry.name, " shows its disk at counter ", shown,
                              ", expected ", expected,
                              ": an older copy of the disk, or an older registry. Attach the "
                              "newest copy; if it is lost, accept this one with ",
                              entry.disk_counter_floor ? "`kedge recover --accept-disk-counter`"
                                                       : "`kedge node accept-disk`"));
}

}  // namespace

std::string_view ToString(RegistryState state) {
  switch (state) {
    case kEnrolled:
      return "ENROLLED";
    case kFormatting:
      return "FORMATTING";
    case kFormatted:
      return "FORMATTED";
    case kJoined:
      return "JOINED";
    case kRevoked:
      return "REVOKED";
  }
  return "REVOKED";
}

std::optional<RegistryState> ParseRegistryState(std::string_view text) {
  for (const RegistryState state : kStates) {
    if (ToString(state) == text) return state;
  }
  return std::nullopt;
}

std::string_view ToString(ReleaseOrder order) {
  switch (order) {
    case ReleaseOrder::kNone:
      return "none";
    case ReleaseOrder::kFormat:
      return "format";
    case ReleaseOrder::kOpen:
      return "open";
  }
  return "none";
}

NodeTrigger TriggerOfDisk(StateDiskContent content) {
  switch (content) {
    case StateDiskContent::kBlank:
      return kAsksWithBlankDisk;
    case StateDiskContent::kLuks2:
      return kAsksWithLuks2Disk;
    case StateDiskContent::kForeign:
      return kAsksWithForeignDisk;
  }
  return kAsksWithForeignDisk;
}

StatusOr<NodeStep> StepOf(RegistryState state, NodeTrigger trigger) {
  const Row& row = kTable[static_cast<size_t>(state) * kTriggers + static_cast<size_t>(trigger)];
  if (row.refusal.empty()) return NodeStep{.next = row.next, .order = row.order};
  return Refused(row.refusal, absl::StrCat("a node that is ", std::string(ToString(state)), " ",
                                           std::string(ToString(trigger))));
}

Status CheckBinding(std::string_view name, std::string_view role, const HardwareIdentity& identity,
                    const std::optional<NodeEntry>& entry, std::string_view name_of_identity,
                    const std::optional<Sha256Digest>& shown_header) {
  const std::string node(name);
  if (entry && entry->identity != identity) {
    const std::string machines =
        absl::StrCat("the name ", node, " belongs to the machine ", ToHex(entry->identity.value),
                     ", asked by ", ToHex(identity.value));
    if (shown_header && shown_header == entry->header_digest) {
      return Refused("MACHINE_CHANGED",
                     absl::StrCat(machines, ", which has the node's disk: after a new TPM, or if ",
                                  "you moved the disk, see `kedge node rebind`"));
    }
    return Refused("IDENTITY_MISMATCH",
                   absl::StrCat(machines, "; another machine needs another name"));
  }
  if (!name_of_identity.empty() && name_of_identity != name) {
    return Refused("IDENTITY_IN_USE",
                   absl::StrCat("the machine ", ToHex(identity.value), " already is ",
                                std::string(name_of_identity), " and asks as ", node));
  }
  if (entry && entry->role != role) {
    return Refused("ROLE_MISMATCH", absl::StrCat("node ", node, " is registered as ", entry->role,
                                                 ", asks as ", std::string(role)));
  }
  return absl::OkStatus();
}

Status GrantCounter(NodeEntry& entry, ReleaseOrder order, uint64_t shown) {
  if (order == ReleaseOrder::kFormat) {
    entry.next_disk_counter = std::max(entry.next_disk_counter, entry.disk_counter + 1);
    return absl::OkStatus();
  }
  if (order != ReleaseOrder::kOpen) return absl::OkStatus();
  if (shown > kMaxDiskCounter) return StaleDisk(entry, shown);
  if (entry.disk_counter_floor) {
    if (shown < *entry.disk_counter_floor) return StaleDisk(entry, shown);
    entry.disk_counter = shown;
    entry.next_disk_counter = shown + 1;
    return absl::OkStatus();
  }
  if (shown != entry.disk_counter &&
      (entry.next_disk_counter == 0 || shown != entry.next_disk_counter)) {
    return StaleDisk(entry, shown);
  }
  if (entry.next_disk_counter == 0) entry.next_disk_counter = entry.disk_counter + 1;
  return absl::OkStatus();
}

Status AcknowledgeCounter(NodeEntry& entry, uint64_t reported) {
  if (reported != 0 && reported == entry.next_disk_counter) {
    entry.disk_counter = reported;
    entry.next_disk_counter = 0;
    entry.disk_counter_floor.reset();
    entry.disk_accepted = false;
    return absl::OkStatus();
  }
  // Said before, and its answer was lost; or a node of a version that does not count.
  if (reported == entry.disk_counter) return absl::OkStatus();
  return Refused("DISK_COUNTER",
                 absl::StrCat("node ", entry.name, " says that its disk is at counter ", reported,
                              "; it was at ", entry.disk_counter, ", and ", entry.next_disk_counter,
                              " was granted"));
}

Status CarryCounters(const NodeEntry& granted, NodeEntry& own) {
  if (granted.disk_counter_floor && granted.next_disk_counter == 0) return absl::OkStatus();
  const uint64_t highest = std::max(granted.disk_counter, granted.next_disk_counter);
  if (own.disk_counter > highest) return StaleDisk(own, granted.disk_counter);
  if (own.disk_counter == highest) return absl::OkStatus();
  own.disk_counter = granted.disk_counter;
  own.next_disk_counter = granted.next_disk_counter;
  own.disk_accepted = granted.disk_accepted;
  return absl::OkStatus();
}

Status CheckRegistryCounter(const NodeEntry& own, uint64_t receipt_counter) {
  if (own.disk_counter >= receipt_counter) return absl::OkStatus();
  NodeEntry expected = own;
  expected.disk_counter_floor = receipt_counter;
  return StaleDisk(expected, own.disk_counter);
}

Status AcceptDiskCounter(NodeEntry& entry, uint64_t counter) {
  if (entry.state == kRevoked) {
    return Refused("NODE_REVOKED", absl::StrCat("node ", entry.name, " is revoked"));
  }
  if (entry.state != kFormatted && entry.state != kJoined) {
    return Refused("NOT_FORMATTED",
                   absl::StrCat("node ", entry.name, " is ", std::string(ToString(entry.state)),
                                ": it has no disk that could be stale"));
  }
  if (counter > kMaxDiskCounter) {
    return MakeError(StatusCode::kInvalidArgument,
                     absl::StrCat(counter, " is no disk counter; see `kedge status`"));
  }
  entry.next_disk_counter = std::max({entry.disk_counter, entry.next_disk_counter, counter}) + 1;
  entry.disk_counter = counter;
  entry.disk_counter_floor.reset();
  entry.disk_accepted = true;
  return absl::OkStatus();
}

Status CheckHeader(const NodeEntry& entry, const Sha256Digest& header_digest) {
  if (!entry.header_digest || *entry.header_digest == header_digest) return absl::OkStatus();
  return Refused("DISK_MISMATCH",
                 absl::StrCat("node ", entry.name, " has a disk with header ",
                              ToHex(*entry.header_digest), ", but shows ", ToHex(header_digest)));
}

}  // namespace kedge
