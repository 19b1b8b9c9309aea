// Owners' approval of a manifest that takes the place of another (docs/FORMATS.md, "History").
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "crypto/ecdsa.h"
#include "keyservice/core/manifest.h"
#include "keyservice/core/owner_proof.h"
#include "keyservice/core/transition.h"

namespace kedge {

inline constexpr std::string_view kApprovalsFormat = "kedge.approvals.v1";
inline constexpr size_t kMaxApprovals = 256;

// Whether `next` is an update of `current` at all; no override helps. Faults UPDATE_OTHER_CLUSTER,
// UPDATE_NOT_NEXT (the generation must be one more).
Status CheckIsUpdate(const Manifest& current, const Manifest& next);

// What an owner signs, ECDSA P-384 with SHA-384:
// lp("kedge/1 manifest update") lp(previous) lp(u64 generation) lp(manifest_digest), where
// `previous` is the TransitionHash of the state that is left. So a signature is for one step of one
// cluster's history, and says nothing after any other.
Bytes UpdateMessage(const Sha256Digest& previous, uint64_t generation,
                    const Sha256Digest& manifest_digest);
StatusOr<OwnerProof> ApproveUpdate(const Sha256Digest& previous, const Manifest& next,
                                   const SigningKey& owner);

// Where a step stands with the owners of the manifest that it leaves. Names of owner keys, in that
// manifest's order.
struct ApprovalTally {
  uint32_t needed = 1;
  std::vector<std::string> approved;
  std::vector<std::string> missing;  // who could still approve
  bool complete() const { return approved.size() >= needed; }
};
// Counts the owners of `current` that approved exactly this step; what was handed in may be nothing
// else. Faults NOT_OWNER, APPROVAL_TWICE.
StatusOr<ApprovalTally> TallyApprovals(const Manifest& current, const Transition& step,
                                       std::span<const OwnerProof> approvals);
// OK where as many owners of `current` as its threshold demands approved the step. Faults of
// TallyApprovals, and APPROVAL_MISSING, which names who could still approve.
Status CheckApprovals(const Manifest& current, const Transition& step,
                      std::span<const OwnerProof> approvals);

// The record of a step's approvals: lp(format) lp(u32 count), then lp(key_digest) lp(signature) of
// each. MALFORMED for anything else.
Bytes PrintApprovals(std::span<const OwnerProof> approvals);
StatusOr<std::vector<OwnerProof>> ParseApprovals(ByteView bytes);

}  // namespace kedge
