#include "bootstrapper/core/life.h"

#include "bootstrapper/core/backoff.h"
#include "bootstrapper/core/steps.h"

namespace kedge {
namespace {

// Waiting for something in this very machine.
constexpr absl::Duration kSoon = absl::Seconds(2);

constexpr bool (*kAlways)(const Node&) = nullptr;
// The effect may happen again, or looks for its own evidence (MeasureOnce).
constexpr StatusOr<bool> (*kRepeatable)(Node&) = nullptr;

// Order is meaning: nothing is said to a remote key service before PCR 15 holds the cluster id;
// nothing is parsed before it is measured; nothing is written to a disk that was not opened with
// the released key; the cap comes last, and with it the right to ask for the key again ends.
// Columns: name, stage, purpose; then precondition, evidence, effect, longest wait, retry from.
// clang-format off
constexpr Step kLife[] = {
    // ---- initrd, before anything else of Kedge ------------------------------------------------
    {"keep-invitation", Stage::kMeasure, "copies the host's invitation once, as it is",
     kAlways, InvitationKept, KeepInvitation, kSoon, ""},
    {"measure-init-data", Stage::kMeasure, "extends PCR 14 with the invitation's digest",
     kAlways, kRepeatable, MeasureInitData, kSoon, ""},
    {"verify-invitation", Stage::kMeasure, "verifies the owner's signature",
     kAlways, kRepeatable, VerifyInvitation, kSoon, ""},
    {"measure-pinned-cluster", Stage::kMeasure, "extends PCR 15 with the pinned cluster id",
     IsInvitedByACluster, kRepeatable, MeasureClusterId, kSoon, ""},
    {"inspect-disk", Stage::kMeasure, "says what the state disk shows, for the key service",
     kAlways, kRepeatable, InspectDisk, kSoon, ""},
    {"announce-role", Stage::kMeasure, "lets a control plane's key service start",
     IsControlPlane, kRepeatable, AnnounceControlPlane, kSoon, ""},
    {"configure-network", Stage::kMeasure, "starts the network: static address or DHCP",
     kAlways, kRepeatable, ConfigureNetwork, kSoon, ""},

    // ---- initrd: attest, unlock ---------------------------------------------------------------
    {"load-invitation", Stage::kInitrd, "reads what was measured",
     kAlways, kRepeatable, LoadInvitation, kSoon, ""},
    {"find-own-service", Stage::kInitrd, "waits until the key service in this machine has a seed",
     IsFirstNode, kRepeatable, FindOwnService, kSoon, ""},
    {"measure-cluster-id", Stage::kInitrd, "extends PCR 15, exactly once in this boot",
     kAlways, kRepeatable, MeasureClusterId, kSoon, ""},
    {"release", Stage::kInitrd, "attests, and is given the disk's key and the node's certificate",
     kAlways, StateWrittenInThisBoot, GetRelease, kLongestWait, ""},
    {"format-if-ordered", Stage::kInitrd, "formats the disk, only ever on the service's order",
     IsOrderedToFormat, DiskOpened, FormatDisk, kSoon, "release"},
    {"open-disk", Stage::kInitrd, "checks the header, opens and mounts the disk",
     kAlways, DiskOpened, OpenDisk, kSoon, "release"},
    {"advance-disk", Stage::kInitrd, "takes the disk's header to its next counter",
     kAlways, StateWrittenInThisBoot, AdvanceDisk, kSoon, "release"},
    {"count-in-tpm", Stage::kInitrd, "counts this boot in the TPM, which corroborates",
     kAlways, StateWrittenInThisBoot, CountInTpm, kSoon, "release"},
    {"write-node-state", Stage::kInitrd, "writes the node's key and state to the disk",
     kAlways, StateWrittenInThisBoot, WriteNodeState, kSoon, ""},
    {"report-formatted", Stage::kInitrd, "tells the service that the disk is formatted",
     IsDiskUnreported, kRepeatable, ReportFormatted, kLongestWait, ""},
    {"acknowledge-disk", Stage::kInitrd, "tells the service where the disk's counter is",
     IsCounterUnacknowledged, kRepeatable, AcknowledgeDisk, kLongestWait, ""},
    {"measure-node", Stage::kInitrd, "extends PCR 14 with role, manifest and CA",
     kAlways, kRepeatable, MeasureNode, kSoon, ""},
    {"measure-cap", Stage::kInitrd, "extends PCR 14: this boot gets no key again",
     kAlways, kRepeatable, MeasureCap, kSoon, ""},

    // ---- real root: join ----------------------------------------------------------------------
    {"load-node-state", Stage::kJoin, "reads what the initrd of this boot wrote to the disk",
     kAlways, kRepeatable, LoadNodeState, kSoon, ""},
    {"write-certificates", Stage::kJoin, "writes the certificates for the node's own services",
     kAlways, CertificatesWritten, WriteCertificates, kSoon, ""},
    {"report-joined", Stage::kJoin, "attests again, from the running system",
     kAlways, JoinReported, ReportJoined, kLongestWait, ""},
    {"start-join-target", Stage::kJoin, "starts what waits for a joined node",
     kAlways, kRepeatable, StartJoinTarget, kSoon, ""},
};
// clang-format on

}  // namespace

std::span<const Step> LifeOfANode() { return kLife; }

}  // namespace kedge
