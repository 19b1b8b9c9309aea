#include "keyservice/core/node_command.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <iterator>

namespace kedge {
namespace {

struct Deciding {
  const NodeCommand& command;
  const ClusterFacts& cluster;
  const RegistryFacts& registry;
  NodeEntry entry;
};

// Whoever runs the key service is named by the receipt that owners hold, and would lose its own
// records with its disk key.
Status CheckNotCoordinator(const Deciding& deciding) {
  const std::string& node = deciding.command.node;
  if (node != deciding.cluster.coordinator_node) return absl::OkStatus();
  return Refused("COORDINATOR_NODE",
                 absl::StrCat("node ", node,
                              " runs the key service itself: its machine is the one "
                              "in the owner's receipt and cannot be changed or revoked from here"));
}

StatusOr<NodeCommandOutcome> Apply(const RebindCommand& rebind, Deciding deciding) {
  RETURN_IF_ERROR(CheckNotCoordinator(deciding));
  NodeEntry& entry = deciding.entry;
  const RegistryFacts& registry = deciding.registry;
  const std::string machine = ToHex(rebind.identity.value);
  if (registry.identity_revoked) {
    return Refused("IDENTITY_REVOKED",
                   absl::StrCat("the machine ", machine,
                                " is revoked, which is for ever; name another machine"));
  }
  if (rebind.identity == entry.identity) return NodeCommandOutcome{std::move(entry), false};
  if (!registry.name_of_identity.empty()) {
    return Refused("IDENTITY_IN_USE", absl::StrCat("the machine ", machine, " already is ",
                                                   registry.name_of_identity));
  }
  RETURN_IF_ERROR(CheckIdentityKind(*deciding.cluster.manifest, entry.role, rebind.identity.kind));
  if (entry.state == RegistryState::kRevoked) {
    entry.state = entry.revoked_from.value_or(RegistryState::kEnrolled);
    entry.revoked_from.reset();
  }
  entry.identity = rebind.identity;
  // All of these are of the machine before.
  entry.ak_name.clear();
  entry.last_seen.reset();
  entry.last_refused.reset();
  entry.tpm_counter_behind = false;
  return NodeCommandOutcome{std::move(entry), true};
}

StatusOr<NodeCommandOutcome> Apply(const RevokeCommand&, Deciding deciding) {
  RETURN_IF_ERROR(CheckNotCoordinator(deciding));
  NodeEntry& entry = deciding.entry;
  if (deciding.command.reason.empty()) {
    return Refused("REASON_MISSING", "revoking a node needs a reason: say it with --reason");
  }
  if (entry.state == RegistryState::kRevoked) return NodeCommandOutcome{std::move(entry), false};
  if (entry.revoked.size() >= kMaxRevokedMachines) {
    return Refused("TOO_MANY_REVOKED",
                   absl::StrCat("node ", entry.name, " has had ", entry.revoked.size(),
                                " machines revoked; give the next one another name"));
  }
  entry.revoked_from = entry.state;
  entry.state = RegistryState::kRevoked;
  entry.revoked.push_back(entry.identity);
  return NodeCommandOutcome{std::move(entry), true};
}

StatusOr<NodeCommandOutcome> Apply(const AcceptDiskCommand& accept, Deciding deciding) {
  NodeEntry& entry = deciding.entry;
  if (entry.name == deciding.cluster.coordinator_node) {
    return Refused("USE_RECOVER",
                   "the disk of the node that runs the key service holds the registry itself: "
                   "reboot it and run `kedge recover --accept-disk-counter`");
  }
  if (entry.disk_accepted && entry.disk_counter == accept.disk_counter) {
    return NodeCommandOutcome{std::move(entry), false};
  }
  RETURN_IF_ERROR(AcceptDiskCounter(entry, accept.disk_counter));
  return NodeCommandOutcome{std::move(entry), true};
}

}  // namespace

std::string_view NameOf(const NodeCommand& command) {
  constexpr std::string_view kNames[] = {"rebind", "revoke", "accept-disk"};
  static_assert(std::size(kNames) == std::variant_size_v<decltype(command.action)>);
  return kNames[command.action.index()];
}

Status CheckReason(std::string_view reason) {
  const bool printable =
      std::all_of(reason.begin(), reason.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (printable && reason.size() <= kMaxCommandReason) return absl::OkStatus();
  return Malformed(
      absl::StrCat("a reason is at most ", kMaxCommandReason, " characters of printable ASCII"));
}

StatusOr<NodeCommandOutcome> ApplyNodeCommand(const NodeCommand& command,
                                              const ClusterFacts& cluster,
                                              const RegistryFacts& registry, std::string_view owner,
                                              absl::Time now) {
  RETURN_IF_ERROR(CheckReason(command.reason));
  if (!registry.attached) {
    return MakeFault(
        StatusCode::kUnavailable, "STORE_NOT_ATTACHED", Advice::kRetry,
        "the registry is on a disk that is not open yet; nothing can be changed there");
  }
  if (!registry.entry) {
    return Refused("NODE_UNKNOWN", absl::StrCat("no node is registered as '", command.node, "'"));
  }
  ASSIGN_OR_RETURN(NodeCommandOutcome outcome, std::visit(
                                                   [&](const auto& action) {
                                                     return Apply(action,
                                                                  {.command = command,
                                                                   .cluster = cluster,
                                                                   .registry = registry,
                                                                   .entry = *registry.entry});
                                                   },
                                                   command.action));
  if (!outcome.changed) return outcome;
  auto& acts = outcome.entry.acts;
  acts.push_back({.time = now,
                  .command = std::string(NameOf(command)),
                  .owner = std::string(owner),
                  .reason = command.reason});
  if (acts.size() > kMaxOwnerActs) acts.erase(acts.begin());
  return outcome;
}

}  // namespace kedge
