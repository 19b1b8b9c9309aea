#include "keyservice/client/service_status.h"

#include <algorithm>

#include "proto/kedge.pb.h"
#include "proto/wire/json.h"

namespace kedge::client {
namespace {

constexpr wire::JsonLimits kLimits{
    .max_bytes = size_t{1} << 20, .max_depth = 4, .max_values = 65536};

// A node's name for itself may come from a stranger: nothing of it may steer the terminal.
std::string Shown(const std::string& text) {
  std::string out = text;
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
  return out;
}

NodeRow FromWire(const v1::NodeStatus& node) {
  return {.name = Shown(node.name()),
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
          .disk = Shown(node.disk())};
}

RefusalRow FromWire(const v1::RefusalRecord& refusal) {
  return {.correlation_id = Shown(refusal.correlation_id()),
          .time = Shown(refusal.time()),
          .node = Shown(refusal.node()),
          .code = Shown(refusal.code()),
          .reason = Shown(refusal.reason()),
          .count = refusal.count()};
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
  for (const v1::NodeStatus& node : message.nodes()) out->nodes.push_back(FromWire(node));
  for (const v1::RefusalRecord& refusal : message.refusals()) {
    out->refusals.push_back(FromWire(refusal));
  }
  return absl::OkStatus();
}

}  // namespace kedge::client
