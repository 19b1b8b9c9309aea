// kedge node: the registry of nodes, one owner's order at a time.
#include <absl/strings/str_cat.h>

#include "base/names.h"
#include "cli/commands.h"
#include "cli/owner_session.h"
#include "cli/show.h"
#include "cli/table.h"

namespace kedge::cli {
namespace {

Status NotANode(const std::string& name) {
  return Refused("NODE_UNKNOWN",
                 "the key service knows no node '" + name + "'; see `kedge node list`");
}

StatusOr<client::NodeRow> Find(const client::ServiceStatus& status, const std::string& name) {
  for (const client::NodeRow& node : status.nodes) {
    if (node.name == name) return node;
  }
  return NotANode(name);
}

// Before it goes anywhere.
Status CheckName(const std::string& name) {
  if (IsName(name)) return absl::OkStatus();
  return MakeError(StatusCode::kInvalidArgument,
                   "NAME: expected 1 to 63 of a-z, 0-9 and '-', a letter or digit at the ends");
}

std::string IdentityText(const client::NodeRow& node) {
  return absl::StrCat(node.identity_kind, " ", node.identity,
                      node.host_controlled ? " (host-controlled)" : "");
}

std::string Or(const std::string& text) { return text.empty() ? "-" : text; }

std::string DiskText(const client::NodeRow& node) {
  std::string out = absl::StrCat(Or(node.disk), ", counter ", node.disk_counter);
  if (node.next_disk_counter != 0) absl::StrAppend(&out, ", pending ", node.next_disk_counter);
  if (node.disk_accepted) absl::StrAppend(&out, ", accepted by an owner");
  return out;
}

std::string NodeText(const client::NodeRow& node) {
  std::string out = absl::StrCat("node         ", node.name, ", ", node.role, "\n",  //
                                 "state        ", node.state, "\n",                  //
                                 "machine      ", IdentityText(node), "\n",          //
                                 "disk         ", DiskText(node), "\n",              //
                                 "image        ", Or(node.image), "\n",              //
                                 "evidence     ", Or(node.evidence_level), "\n",     //
                                 "verdict      ", Or(node.verdict), "\n",            //
                                 "last seen    ", Or(node.last_seen), "\n");
  if (!node.refused_identity.empty()) {
    absl::StrAppend(&out, "refused      ", node.refused_identity_kind, " ", node.refused_identity,
                    " asked as ", node.name, " at ", node.refused_time,
                    "; if this is its new machine: `kedge node rebind ", node.name,
                    " --last-refused`\n");
  }
  for (const std::string& identity : node.revoked_identities) {
    absl::StrAppend(&out, "revoked      ", identity, "\n");
  }
  if (node.owner_acts.empty()) return out;
  Table table({"TIME", "ORDER", "OWNER", "REASON"});
  for (const auto& act : node.owner_acts) {
    table.Add({act.time, act.command, act.owner, act.reason});
  }
  return absl::StrCat(out, "\n", table.Print());
}

nlohmann::ordered_json NodeJson(const client::NodeRow& node) {
  return nlohmann::ordered_json::parse(node.json);
}

// The machine that a rebinding names: spelled out, or the one that the service has last refused
// under this name.
StatusOr<HardwareIdentity> MachineOf(const Environment& env, OwnerSession& session,
                                     const NodeRebindOptions& options) {
  if (options.identity.empty() != options.last_refused) {
    return MakeError(StatusCode::kInvalidArgument,
                     "name the new machine: either its --identity, or --last-refused");
  }
  HardwareIdentity identity{.kind = IdentityKind::kEk, .value = {}};
  std::string hex = options.identity;
  if (options.last_refused) {
    Progress(env, "asking which machine was last refused as " + options.target.name);
    ASSIGN_OR_RETURN(const client::ServiceStatus status, session.GetStatus());
    ASSIGN_OR_RETURN(const client::NodeRow node, Find(status, options.target.name));
    if (node.refused_identity.empty()) {
      return Refused("NONE_REFUSED",
                     "no machine was refused as " + options.target.name +
                         " since its last binding: boot the new machine with the node's invitation "
                         "and disk, and try again");
    }
    ASSIGN_OR_RETURN(identity.kind, ParseIdentityKind(node.refused_identity_kind));
    hex = node.refused_identity;
  }
  const auto bytes = FromHex(hex);
  if (!bytes || bytes->size() != 32) {
    return MakeError(StatusCode::kInvalidArgument, "--identity: expected 64 hexadecimal digits");
  }
  identity.value = *bytes;
  return identity;
}

StatusOr<Answer> Order(const Environment& env, OwnerSession& session, const NodeCommand& command) {
  RETURN_IF_ERROR(CheckReason(command.reason));
  Progress(env, absl::StrCat("ordering: ", std::string(NameOf(command)), " ", command.node));
  ASSIGN_OR_RETURN(const client::NodeCommandResult result, session.Command(command));
  Answer answer;
  answer.text = absl::StrCat(result.changed ? "" : "it was so already; nothing was changed\n",
                             NodeText(result.node));
  answer.json = {{"changed", result.changed}, {"node", NodeJson(result.node)}};
  return answer;
}

}  // namespace

StatusOr<Answer> ListNodes(const Environment& env, const Common& common,
                           const std::string& endpoint) {
  ASSIGN_OR_RETURN(OwnerSession session, OwnerSession::Open(env, common, endpoint));
  ASSIGN_OR_RETURN(const client::ServiceStatus status, session.GetStatus());
  Answer answer;
  answer.json = {{"nodes", nlohmann::ordered_json::array()}};
  for (const client::NodeRow& node : status.nodes) answer.json["nodes"].push_back(NodeJson(node));
  if (status.nodes.empty()) {
    answer.text = "no nodes known yet\n";
    return answer;
  }
  Table table({"NODE", "ROLE", "STATE", "MACHINE", "DISK", "VERDICT", "LAST SEEN", "REFUSED AS IT",
               "LAST ORDER"});
  for (const client::NodeRow& node : status.nodes) {
    const std::string order =
        node.owner_acts.empty()
            ? ""
            : absl::StrCat(node.owner_acts.back().command, " ", node.owner_acts.back().time);
    table.Add({node.name, node.role, node.state,
               absl::StrCat(node.identity_kind, " ", Short(node.identity)), node.disk, node.verdict,
               node.last_seen, Short(node.refused_identity), order});
  }
  answer.text = table.Print();
  return answer;
}

StatusOr<Answer> ShowNode(const Environment& env, const Common& common, const NodeTarget& target) {
  RETURN_IF_ERROR(CheckName(target.name));
  ASSIGN_OR_RETURN(OwnerSession session, OwnerSession::Open(env, common, target.endpoint));
  ASSIGN_OR_RETURN(const client::ServiceStatus status, session.GetStatus());
  ASSIGN_OR_RETURN(const client::NodeRow node, Find(status, target.name));
  return Answer{.text = NodeText(node), .json = NodeJson(node), .verdict = {}};
}

StatusOr<Answer> RebindNode(const Environment& env, const Common& common,
                            const NodeRebindOptions& options) {
  RETURN_IF_ERROR(CheckName(options.target.name));
  ASSIGN_OR_RETURN(OwnerSession session, OwnerSession::Open(env, common, options.target.endpoint));
  ASSIGN_OR_RETURN(HardwareIdentity identity, MachineOf(env, session, options));
  return Order(env, session,
               {.node = options.target.name,
                .reason = options.reason,
                .action = RebindCommand{.identity = std::move(identity)}});
}

StatusOr<Answer> RevokeNode(const Environment& env, const Common& common,
                            const NodeRevokeOptions& options) {
  RETURN_IF_ERROR(CheckName(options.target.name));
  ASSIGN_OR_RETURN(OwnerSession session, OwnerSession::Open(env, common, options.target.endpoint));
  return Order(env, session,
               {.node = options.target.name, .reason = options.reason, .action = RevokeCommand{}});
}

StatusOr<Answer> AcceptDisk(const Environment& env, const Common& common,
                            const NodeAcceptDiskOptions& options) {
  RETURN_IF_ERROR(CheckName(options.target.name));
  if (options.counter > kMaxDiskCounter) {
    return MakeError(StatusCode::kInvalidArgument,
                     "--counter: no disk counter is as large; see `kedge status`");
  }
  ASSIGN_OR_RETURN(OwnerSession session, OwnerSession::Open(env, common, options.target.endpoint));
  return Order(env, session,
               {.node = options.target.name,
                .reason = options.reason,
                .action = AcceptDiskCommand{.disk_counter = options.counter}});
}

}  // namespace kedge::cli
