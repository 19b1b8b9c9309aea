// What an owner may change about a registered node: whose machine it is, whether it is one at all,
// and which state of its disk counts. Pure; the owner's signature is verified before
// (owner_proof.h).
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "attestation/verify/verify.h"
#include "base/status.h"
#include "keyservice/core/node_registry.h"
#include "keyservice/core/release_decision.h"

namespace kedge {

inline constexpr size_t kMaxCommandReason = 256;   // bytes, printable ASCII
inline constexpr size_t kMaxOwnerActs = 16;        // remembered for a node; the oldest is forgotten
inline constexpr size_t kMaxRevokedMachines = 64;  // for one name; never forgotten

// The name goes to another machine; the disk, its header and its counters stay what they are. The
// next release enrols that machine's AK.
struct RebindCommand {
  HardwareIdentity identity;
};
// The machine gets nothing any more, under any name, and there is no way back for it. The name and
// its disk can be rebound to another machine.
struct RevokeCommand {};

// The disk that shows this counter is the node's, whatever was acknowledged (AcceptDiskCounter).
struct AcceptDiskCommand {
  uint64_t disk_counter = 0;
};

struct NodeCommand {
  std::string node;
  std::string reason;  // for the owners' status; revoking needs one
  std::variant<RebindCommand, RevokeCommand, AcceptDiskCommand> action;
};
std::string_view NameOf(const NodeCommand& command);  // "rebind", "revoke", "accept-disk"

struct NodeCommandOutcome {
  NodeEntry entry;
  bool changed = false;  // false: it was so already, and nothing is to be written
};

// `registry`: what is registered under the command's node, and for a rebinding what is known of the
// machine that it names. `owner`: the name of the key that signed. Faults: NODE_UNKNOWN,
// COORDINATOR_NODE (the machine that runs the key service is named by the receipt, and is not
// changed from within), REASON_MISSING, ROLE_NOT_ALLOWED, IDENTITY_KIND,
// IDENTITY_IN_USE, IDENTITY_REVOKED,
// TOO_MANY_REVOKED, those of AcceptDiskCounter with USE_RECOVER for the disk of the machine that
// runs the key service (it holds the registry itself), STORE_NOT_ATTACHED (retry); MALFORMED for a
// reason that cannot be shown.
StatusOr<NodeCommandOutcome> ApplyNodeCommand(const NodeCommand& command,
                                              const ClusterFacts& cluster,
                                              const RegistryFacts& registry, std::string_view owner,
                                              absl::Time now);

// Printable ASCII, at most kMaxCommandReason bytes; may be empty. MALFORMED.
Status CheckReason(std::string_view reason);

}  // namespace kedge
