#include "keyservice/core/node_registry.h"

#include <absl/strings/str_cat.h>

#include <array>

namespace kedge {
namespace {

using enum RegistryState;
using enum NodeTrigger;

constexpr std::array kStates = {kEnrolled, kFormatting, kFormatted, kJoined, kRevoked};
constexpr size_t kTriggers = 5;

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
    {kEnrolled,   kReportsJoined,       "NOT_FORMATTED",  kEnrolled,   ReleaseOrder::kNone},

    {kFormatting, kAsksWithBlankDisk,   "",               kFormatting, ReleaseOrder::kFormat},
    {kFormatting, kAsksWithLuks2Disk,   "",               kFormatting, ReleaseOrder::kFormat},
    {kFormatting, kAsksWithForeignDisk, "",               kFormatting, ReleaseOrder::kFormat},
    {kFormatting, kReportsFormatted,    "",               kFormatted,  ReleaseOrder::kNone},
    {kFormatting, kReportsJoined,       "NOT_FORMATTED",  kFormatting, ReleaseOrder::kNone},

    {kFormatted,  kAsksWithBlankDisk,   "DISK_BLANK",     kFormatted,  ReleaseOrder::kNone},
    {kFormatted,  kAsksWithLuks2Disk,   "",               kFormatted,  ReleaseOrder::kOpen},
    {kFormatted,  kAsksWithForeignDisk, "DISK_FOREIGN",   kFormatted,  ReleaseOrder::kNone},
    {kFormatted,  kReportsFormatted,    "",               kFormatted,  ReleaseOrder::kNone},
    {kFormatted,  kReportsJoined,       "",               kJoined,     ReleaseOrder::kNone},

    {kJoined,     kAsksWithBlankDisk,   "DISK_BLANK",     kJoined,     ReleaseOrder::kNone},
    {kJoined,     kAsksWithLuks2Disk,   "",               kJoined,     ReleaseOrder::kOpen},
    {kJoined,     kAsksWithForeignDisk, "DISK_FOREIGN",   kJoined,     ReleaseOrder::kNone},
    {kJoined,     kReportsFormatted,    "",               kJoined,     ReleaseOrder::kNone},
    {kJoined,     kReportsJoined,       "",               kJoined,     ReleaseOrder::kNone},

    {kRevoked,    kAsksWithBlankDisk,   "NODE_REVOKED",   kRevoked,    ReleaseOrder::kNone},
    {kRevoked,    kAsksWithLuks2Disk,   "NODE_REVOKED",   kRevoked,    ReleaseOrder::kNone},
    {kRevoked,    kAsksWithForeignDisk, "NODE_REVOKED",   kRevoked,    ReleaseOrder::kNone},
    {kRevoked,    kReportsFormatted,    "NODE_REVOKED",   kRevoked,    ReleaseOrder::kNone},
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
    case kReportsJoined:
      return "reports JOINED";
  }
  return "asks";
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
                    const std::optional<NodeEntry>& entry, std::string_view name_of_identity) {
  const std::string node(name);
  if (entry && entry->identity != identity) {
    return Refused(
        "IDENTITY_MISMATCH",
        absl::StrCat("the name ", node, " belongs to the machine ", ToHex(entry->identity.value),
                     ", asked by ", ToHex(identity.value), "; another machine needs another name"));
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

Status CheckHeader(const NodeEntry& entry, const Sha256Digest& header_digest) {
  if (!entry.header_digest || *entry.header_digest == header_digest) return absl::OkStatus();
  return Refused("DISK_MISMATCH",
                 absl::StrCat("node ", entry.name, " has a disk with header ",
                              ToHex(*entry.header_digest), ", but shows ", ToHex(header_digest)));
}

}  // namespace kedge
