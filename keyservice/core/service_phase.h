// Where a key service is in its life, and what it answers there.
//
//   blank disk ──> AWAITING_INIT ──init──────> SERVING <──recover── AWAITING_SEED <── LUKS2 disk
//                                                 ^
//                       seed in the kernel keyring (restart, switch-root)
#pragma once

#include <optional>
#include <string_view>

#include "base/status.h"

namespace kedge {

enum class ServicePhase { kAwaitingInit, kAwaitingSeed, kServing };
std::string_view ToString(ServicePhase phase);  // "AWAITING_INIT", "AWAITING_SEED", "SERVING"

enum class RequestKind {
  kRelease,
  kReport,
  kInit,
  kRecover,
  kStatus,
  kVerify,
  kNodeCommand,
  kSetManifest,
  kCancelUpdate,
};
std::string_view ToString(RequestKind kind);

// OK, or UNAVAILABLE/FAILED_PRECONDITION with the fault that the table names: AWAITING_INIT and
// AWAITING_SEED (retry later), ALREADY_INITIALISED, NOTHING_TO_RECOVER (ask the operator).
Status CheckAnswered(ServicePhase phase, RequestKind kind);

// What the state disk showed before anybody had a key (/run/kedge/disk-content).
enum class StateDiskContent { kBlank, kLuks2, kForeign };
std::optional<StateDiskContent> ParseStateDiskContent(std::string_view text);

// What a starting service finds.
struct StartFacts {
  bool seed_in_keyring = false;
  bool records_in_store = false;  // the cluster's record, in whichever store is reachable
  StateDiskContent disk = StateDiskContent::kForeign;
};
// Fails with DISK_FOREIGN (never initialise beside somebody's data), or with SEED_WITHOUT_RECORDS
// (this boot has lost its records; reboot and recover).
StatusOr<ServicePhase> PhaseAtStart(const StartFacts& facts);

}  // namespace kedge
