// An update that waits for more owners (docs/FORMATS.md, "Pending update").
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "keyservice/core/manifest_update.h"

namespace kedge {

inline constexpr std::string_view kPendingUpdateFormat = "kedge.pending-update.v1";

// There is at most one. It counts only after the step that it names as `previous`.
struct PendingUpdate {
  Transition step;  // not signed by the seed yet
  std::vector<OwnerProof> approvals;
};

// What waits once `approvals` came in for `step`, which CheckIsUpdate accepts. An owner that has
// approved already counts once. Where all that came is enough by itself it takes the place of
// whatever waited; otherwise fault UPDATE_PENDING for another manifest than the one that waits.
// Faults of TallyApprovals; APPROVAL_MISSING where nobody approved.
StatusOr<PendingUpdate> AddApprovals(const Manifest& current,
                                     const std::optional<PendingUpdate>& pending,
                                     const Transition& step, std::span<const OwnerProof> approvals);

// The record: lp(format) lp(previous) lp(u64 generation) lp(manifest_digest) lp(approvals), the
// last as PrintApprovals has it. MALFORMED for anything else.
Bytes PrintPendingUpdate(const PendingUpdate& pending);
StatusOr<PendingUpdate> ParsePendingUpdate(ByteView bytes);

}  // namespace kedge
