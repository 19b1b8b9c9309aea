// Stage initrd: from a measured node to an open state disk.
#include "attestation/model/measure_once.h"
#include "bootstrapper/core/node_waits.h"
#include "bootstrapper/core/steps.h"
#include "crypto/x509.h"

namespace kedge {
namespace {

Status SaveState(Node& node) {
  return node.ports.state.Write(kNodeStateFile, AsBytes(EncodeNodeState(*node.state)));
}

Status Report(Node& node, const char* state) {
  ASSIGN_OR_RETURN(const KeyServiceAddress service, NextKeyService(node));
  return WaitingForKeyService(node.ports.key_service.Report(
      service, {.node = node.state->node,
                .role = node.state->role,
                .invitation = node.invitation_bytes,
                .state = state,
                .header_digest = node.state->header_digest,
                .disk_counter = node.state->disk_counter,
                .tpm_counter_behind = node.state->tpm_counter_behind}));
}

}  // namespace

const Bytes& ClusterIdOf(const Node& node) {
  return node.own_service ? node.own_service->cluster_id : node.invitation->cluster_id;
}

const Bytes& ServiceKeyOf(const Node& node) {
  return node.own_service ? node.own_service->service_key_spki : node.invitation->service_key_spki;
}

bool IsFirstNode(const Node& node) { return node.invitation->IsFirstNode(); }
bool IsOrderedToFormat(const Node& node) {
  return node.release && node.release->order == DiskOrder::kFormat;
}
bool IsDiskUnreported(const Node& node) { return !node.state->disk_reported; }
bool IsCounterUnacknowledged(const Node& node) { return !node.state->counter_acknowledged; }

StatusOr<KeyServiceAddress> NextKeyService(Node& node) {
  KeyServiceAddress service{.endpoint = node.options.own_service,
                            .cluster_id = ClusterIdOf(node),
                            .service_key_spki = ServiceKeyOf(node),
                            .minimum_generation = node.invitation->minimum_generation,
                            .same_machine = node.invitation->IsFirstNode()};
  if (!service.same_machine) {
    const auto& endpoints = node.invitation->endpoints;
    service.endpoint = endpoints[node.endpoint_turn++ % endpoints.size()];
  }
  if (service.service_key_spki.empty()) return Internal("a key service without a pinned key");
  return service;
}

StatusOr<bool> StateWrittenInThisBoot(Node& node) {
  ASSIGN_OR_RETURN(const bool mounted, node.ports.state.Mounted());
  if (!mounted) return false;
  ASSIGN_OR_RETURN(const std::optional<Bytes> bytes,
                   node.ports.state.Read(kNodeStateFile, kMaxNodeStateSize));
  if (!bytes) return false;
  StatusOr<NodeState> state = ParseNodeState(*bytes);
  ASSIGN_OR_RETURN(const std::string boot_id, node.ports.machine.BootId());
  // Of an earlier boot, perhaps in an earlier format: files of this boot are whole and ours.
  if (!state.ok() || state->boot_id != boot_id) return false;
  node.opened_header = state->header_digest;
  node.state = *std::move(state);
  return true;
}

Status LoadInvitation(Node& node) {
  ASSIGN_OR_RETURN(const bool kept, InvitationKept(node));
  if (!kept) return FailedPrecondition("no measured invitation: has kedge-measure.service run?");
  return VerifyInvitation(node);
}

Status FindOwnService(Node& node) {
  StatusOr<ServiceIdentity> service = node.ports.key_service.Discover(node.options.own_service);
  if (!service.ok()) return WaitingForKeyService(service.status());
  if (service->cluster_id.size() != std::tuple_size_v<ClusterId> ||
      service->service_key_spki.empty()) {
    return WaitingForKeyService(MakeFault(StatusCode::kUnavailable, "AWAITING_INIT", Advice::kRetry,
                                          "the key service in this machine has no cluster yet"));
  }
  node.own_service = *std::move(service);
  return absl::OkStatus();
}

Status GetRelease(Node& node) {
  ASSIGN_OR_RETURN(const DiskInspection disk, node.ports.disk.Inspect());
  ASSIGN_OR_RETURN(const KeyServiceAddress service, NextKeyService(node));
  StatusOr<Release> release =
      node.ports.key_service.GetRelease(service, {.node = node.invitation->node,
                                                  .role = node.invitation->role,
                                                  .invitation = node.invitation_bytes,
                                                  .disk_content = disk.content,
                                                  .header_digest = disk.header_digest,
                                                  .disk_counter = disk.disk_counter});
  if (!release.ok()) return WaitingForKeyService(release.status());
  node.release = *std::move(release);
  return absl::OkStatus();
}

Status WriteNodeState(Node& node) {
  const Release& release = *node.release;
  ASSIGN_OR_RETURN(std::string boot_id, node.ports.machine.BootId());
  // The key first: the state file is the evidence that everything before it is there.
  RETURN_IF_ERROR(node.ports.state.WriteSecret(kNodeKeyFile, release.node_key_pem));
  node.state = NodeState{
      .node = node.invitation->node,
      .role = node.invitation->role,
      .cluster_id = ClusterIdOf(node),
      .service_key_spki = ServiceKeyOf(node),
      .manifest_digest = release.manifest_digest,
      .manifest_generation = release.manifest_generation,
      .dek_generation = release.dek_generation,
      .header_digest = *node.opened_header,
      .disk_reported = release.order == DiskOrder::kOpen,
      .disk_counter = release.counters.next,
      .counter_acknowledged = false,
      .tpm_counter = node.tpm_counter,
      .tpm_counter_behind = node.tpm_counter_behind,
      .boot_id = std::move(boot_id),
      .written_at = EffectiveNow(node.ports.clock.Now(), node.options.build_time,
                                 node.invitation->issue_time),
      .ca_certificate_pem = release.ca_certificate_pem,
      .node_certificate_pem = release.node_certificate_pem,
  };
  RETURN_IF_ERROR(SaveState(node));
  node.release.reset();  // the key is wiped as soon as nothing needs it
  return absl::OkStatus();
}

Status ReportFormatted(Node& node) {
  RETURN_IF_ERROR(Report(node, "FORMATTED"));
  node.state->disk_reported = true;
  node.state->counter_acknowledged = true;
  return SaveState(node);
}

Status AcknowledgeDisk(Node& node) {
  RETURN_IF_ERROR(Report(node, "ADVANCED"));
  node.state->counter_acknowledged = true;
  return SaveState(node);
}

Status MeasureNode(Node& node) {
  ASSIGN_OR_RETURN(const Bytes ca_spki, SpkiOfCertificate(node.state->ca_certificate_pem));
  return MeasureOnce(node.ports.tpm, node.ports.event_log,
                     NodeEvent(node.state->role, node.state->manifest_digest, Sha256(ca_spki)))
      .status();
}

Status MeasureCap(Node& node) {
  return MeasureOnce(node.ports.tpm, node.ports.event_log, CapEvent()).status();
}

}  // namespace kedge
