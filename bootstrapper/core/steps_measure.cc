// Stage measure: what the host hands in is copied, measured, and only then looked at.
#include "attestation/model/measure_once.h"
#include "bootstrapper/core/network_file.h"
#include "bootstrapper/core/steps.h"

namespace kedge {
std::string_view NameOf(DiskContent content) {
  switch (content) {
    case DiskContent::kBlank:
      return "blank";
    case DiskContent::kLuks2:
      return "luks2";
    case DiskContent::kForeign:
      return "foreign";
  }
  return "foreign";
}

bool IsInvitedByACluster(const Node& node) { return !node.invitation->IsFirstNode(); }
bool IsControlPlane(const Node& node) { return node.invitation->role == kControlPlane; }

// The copy is written before it is measured: if this program is cut off in between, the next run
// measures the same bytes, whatever the host shows by then.
StatusOr<bool> InvitationKept(Node& node) {
  ASSIGN_OR_RETURN(std::optional<Bytes> kept,
                   node.ports.run.Read(kInvitationRunFile, kMaxInvitationSize));
  if (!kept) return false;
  node.invitation_bytes = *std::move(kept);
  return true;
}

Status KeepInvitation(Node& node) {
  ASSIGN_OR_RETURN(node.invitation_bytes, node.ports.machine.ReadInvitation());
  return node.ports.run.Write(kInvitationRunFile, node.invitation_bytes);
}

Status MeasureInitData(Node& node) {
  return MeasureOnce(node.ports.tpm, node.ports.event_log, InitDataEvent(node.invitation_bytes))
      .status();
}

Status VerifyInvitation(Node& node) {
  ASSIGN_OR_RETURN(node.invitation, node.ports.machine.VerifyInvitation(node.invitation_bytes));
  return absl::OkStatus();
}

Status MeasureClusterId(Node& node) {
  const Bytes& claimed =
      node.own_service ? node.own_service->cluster_id : node.invitation->cluster_id;
  const auto cluster_id = ToArray<std::tuple_size_v<ClusterId>>(claimed);
  if (!cluster_id) return Internal("a cluster id of the wrong length was let through");
  return MeasureOnce(node.ports.tpm, node.ports.event_log, ClusterIdEvent(*cluster_id)).status();
}

Status InspectDisk(Node& node) {
  ASSIGN_OR_RETURN(const DiskInspection disk, node.ports.disk.Inspect());
  return node.ports.run.Write(kDiskContentRunFile, AsBytes(NameOf(disk.content)));
}

Status AnnounceControlPlane(Node& node) { return node.ports.run.Write(kControlPlaneRunFile, {}); }

Status ConfigureNetwork(Node& node) {
  ASSIGN_OR_RETURN(const std::string file,
                   RenderNetworkFile(node.invitation->address, node.invitation->gateway));
  return node.ports.network.Configure(file);
}

}  // namespace kedge
