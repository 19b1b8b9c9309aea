// Stage join, in the real root: from an open disk to a joined node.
#include "bootstrapper/core/node_waits.h"
#include "bootstrapper/core/steps.h"

namespace kedge {
namespace {

StatusOr<bool> HasContent(Node& node, const char* name, const std::string& wanted) {
  ASSIGN_OR_RETURN(const std::optional<Bytes> found,
                   node.ports.state.Read(name, kMaxNodeStateSize));
  return found && Equal(*found, AsBytes(wanted));
}

}  // namespace

Status LoadNodeState(Node& node) {
  RETURN_IF_ERROR(LoadInvitation(node));
  ASSIGN_OR_RETURN(const bool written, StateWrittenInThisBoot(node));
  if (!written) {
    return MakeFault(StatusCode::kFailedPrecondition, "NODE_STATE_MISSING", Advice::kReboot,
                     "the initrd of this boot wrote no node state: reboot, and see its journal");
  }
  if (node.state->node != node.invitation->node || node.state->role != node.invitation->role) {
    return Refused("NODE_STATE_FOREIGN", "the node state on the disk is another node's");
  }
  if (node.invitation->IsFirstNode()) {
    node.own_service = ServiceIdentity{.cluster_id = node.state->cluster_id,
                                       .service_key_spki = node.state->service_key_spki};
  }
  return absl::OkStatus();
}

StatusOr<bool> CertificatesWritten(Node& node) {
  ASSIGN_OR_RETURN(const bool own,
                   HasContent(node, kNodeCertificateFile, node.state->node_certificate_pem));
  ASSIGN_OR_RETURN(const bool ca,
                   HasContent(node, kCaCertificateFile, node.state->ca_certificate_pem));
  return own && ca;
}

Status WriteCertificates(Node& node) {
  RETURN_IF_ERROR(
      node.ports.state.Write(kNodeCertificateFile, AsBytes(node.state->node_certificate_pem)));
  return node.ports.state.Write(kCaCertificateFile, AsBytes(node.state->ca_certificate_pem));
}

StatusOr<bool> JoinReported(Node& node) {
  ASSIGN_OR_RETURN(const std::optional<Bytes> marker, node.ports.run.Read(kJoinedRunFile, 1));
  return marker.has_value();
}

Status ReportJoined(Node& node) {
  ASSIGN_OR_RETURN(const KeyServiceAddress service, NextKeyService(node));
  RETURN_IF_ERROR(WaitingForKeyService(
      node.ports.key_service.Report(service, {.node = node.state->node,
                                              .role = node.state->role,
                                              .invitation = node.invitation_bytes,
                                              .state = "JOINED",
                                              .header_digest = node.state->header_digest})));
  return node.ports.run.Write(kJoinedRunFile, {});
}

Status StartJoinTarget(Node& node) { return node.ports.units.Start(kJoinTarget); }

}  // namespace kedge
