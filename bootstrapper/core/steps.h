// Effects, preconditions and evidence of the steps in life.cc.
#pragma once

#include "bootstrapper/core/life.h"

namespace kedge {

// Preconditions.
bool IsInvitedByACluster(const Node& node);
bool IsControlPlane(const Node& node);
bool IsFirstNode(const Node& node);
bool IsOrderedToFormat(const Node& node);
bool IsDiskUnreported(const Node& node);
bool IsCounterUnacknowledged(const Node& node);

// Evidence.
StatusOr<bool> InvitationKept(Node& node);
StatusOr<bool> StateWrittenInThisBoot(Node& node);
StatusOr<bool> DiskOpened(Node& node);
StatusOr<bool> CertificatesWritten(Node& node);
StatusOr<bool> JoinReported(Node& node);

// Effects, stage measure (steps_measure.cc).
Status KeepInvitation(Node& node);
Status MeasureInitData(Node& node);
Status VerifyInvitation(Node& node);
Status InspectDisk(Node& node);
Status AnnounceControlPlane(Node& node);
Status ConfigureNetwork(Node& node);
// Stages measure and initrd: the same event, measured at most once.
Status MeasureClusterId(Node& node);

// Effects, stage initrd (steps_initrd.cc; the disk: steps_disk.cc).
Status LoadInvitation(Node& node);
Status FindOwnService(Node& node);
Status GetRelease(Node& node);
Status FormatDisk(Node& node);
Status OpenDisk(Node& node);
Status AdvanceDisk(Node& node);
Status CountInTpm(Node& node);
Status WriteNodeState(Node& node);
Status ReportFormatted(Node& node);
Status AcknowledgeDisk(Node& node);
Status MeasureNode(Node& node);
Status MeasureCap(Node& node);

// Effects, stage join (steps_join.cc).
Status LoadNodeState(Node& node);
Status WriteCertificates(Node& node);
Status ReportJoined(Node& node);
Status StartJoinTarget(Node& node);

// The disk's names, and where the release is.
DiskBinding BindingOf(const Node& node);
const Bytes& ClusterIdOf(const Node& node);
const Bytes& ServiceKeyOf(const Node& node);

// Where to ask: the own key service, or the next of the invitation's endpoints.
StatusOr<KeyServiceAddress> NextKeyService(Node& node);

}  // namespace kedge
