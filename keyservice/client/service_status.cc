#include "keyservice/client/service_status.h"

#include <algorithm>

#include "proto/kedge.pb.h"
#include "proto/wire/json.h"
#include "proto/wire/receipt.h"

namespace kedge::client {
namespace {

constexpr wire::JsonLimits kLimits{
    .max_bytes = size_t{1} << 20, .max_depth = 6, .max_values = 65536};

// A node's name for itself may come from a stranger: nothing of it may steer the terminal.
std::string Shown(const std::string& text) {
  std::string out = text;
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
  return out;
}

StatusOr<NodeRow> FromWire(const v1::NodeStatus& node) {
  ASSIGN_OR_RETURN(std::string json, wire::PrintJson(node));
  NodeRow row{.json = std::move(json),
              .name = Shown(node.name()),
              .role = Shown(node.role()),
              .image = Shown(node.image()),
              .state = Shown(node.state()),
              .pcr15 = Shown(node.pcr15()),
              .identity_kind = Shown(node.identity_kind()),
              .identity = Shown(node.identity()),
              .host_controlled = node.host_controlled(),
              .evidence_level = Shown(node.evidence_level()),
              .verdict = Shown(node.verdict()),
              .boot_phase = Shown(node.boot_phase()),
              .last_seen = Shown(node.last_seen()),
              .disk = Shown(node.disk()),
              .disk_counter = node.disk_counter(),
              .next_disk_counter = node.next_disk_counter(),
              .disk_accepted = node.disk_accepted(),
              .warning = Shown(node.warning()),
              .refused_identity_kind = Shown(node.refused_identity_kind()),
              .refused_identity = Shown(node.refused_identity()),
              .refused_time = Shown(node.refused_time()),
              .revoked_identities = {},
              .owner_acts = {}};
  for (const std::string& identity : node.revoked_identities()) {
    row.revoked_identities.push_back(Shown(identity));
  }
  for (const v1::OwnerActRecord& act : node.owner_acts()) {
    row.owner_acts.push_back({.time = Shown(act.time()),
                              .command = Shown(act.command()),
                              .owner = Shown(act.owner()),
                              .reason = Shown(act.reason())});
  }
  return row;
}

RefusalRow FromWire(const v1::RefusalRecord& refusal) {
  return {.correlation_id = Shown(refusal.correlation_id()),
          .time = Shown(refusal.time()),
          .node = Shown(refusal.node()),
          .code = Shown(refusal.code()),
          .reason = Shown(refusal.reason()),
          .count = refusal.count()};
}

UpdateRow FromWire(const v1::UpdateProgress& progress) {
  UpdateRow row{.generation = progress.generation(),
                .manifest_digest = Shown(progress.manifest_digest()),
                .needed = progress.needed(),
                .approved = {},
                .missing = {}};
  for (const std::string& name : progress.approved()) row.approved.push_back(Shown(name));
  for (const std::string& name : progress.missing()) row.missing.push_back(Shown(name));
  return row;
}

}  // namespace

Status ParseStatus(const SecretBytes& json, ServiceStatus* out) {
  v1::StatusAnswer message;
  RETURN_IF_ERROR(json.Reveal(
      [&message](ByteView text) { return wire::ParseJson(AsText(text), kLimits, &message); }));
  ASSIGN_OR_RETURN(out->json, wire::PrintJson(message));
  out->phase = Shown(message.phase());
  out->node = Shown(message.node());
  out->cluster = Shown(message.cluster());
  out->cluster_id = Shown(message.cluster_id());
  out->manifest_generation = message.manifest_generation();
  out->store_attached = message.store_attached();
  out->problem = Shown(message.problem());
  if (message.has_receipt()) {
    ASSIGN_OR_RETURN(out->receipt, wire::FromWire(message.receipt()));
  }
  if (message.has_pending_update()) out->pending = FromWire(message.pending_update());
  for (const v1::NodeStatus& node : message.nodes()) {
    ASSIGN_OR_RETURN(out->nodes.emplace_back(), FromWire(node));
  }
  for (const v1::RefusalRecord& refusal : message.refusals()) {
    out->refusals.push_back(FromWire(refusal));
  }
  return absl::OkStatus();
}

Status ParseSetManifestAnswer(const SecretBytes& json, SetManifestResult* out) {
  v1::SetManifestAnswer message;
  RETURN_IF_ERROR(json.Reveal(
      [&message](ByteView text) { return wire::ParseJson(AsText(text), kLimits, &message); }));
  out->in_force = message.in_force();
  out->progress = FromWire(message.progress());
  for (const v1::LockoutRiskNote& risk : message.risks()) {
    out->risks.push_back({.code = Shown(risk.code()), .what = Shown(risk.what())});
  }
  ASSIGN_OR_RETURN(out->receipt, wire::FromWire(message.receipt()));
  return absl::OkStatus();
}

Status ParseNodeCommandAnswer(const SecretBytes& json, NodeCommandResult* out) {
  v1::NodeCommandAnswer message;
  RETURN_IF_ERROR(json.Reveal(
      [&message](ByteView text) { return wire::ParseJson(AsText(text), kLimits, &message); }));
  ASSIGN_OR_RETURN(out->node, FromWire(message.node()));
  out->changed = message.changed();
  return absl::OkStatus();
}

}  // namespace kedge::client
