// The history of a cluster's manifests in its store: content-addressed, signed at its end, changed
// by compare-and-swap only (docs/FORMATS.md, "History").
//
//   manifest/DIGEST              the manifest's exact bytes
//   transition/GENERATION-HASH   one step: which manifest, after which step
//   approvals/GENERATION-HASH    the owners' signatures for that step; none for the first
//   latest                       the last step; only it makes the others count
//
// Each value but `latest` is named by its own hash, so that two writers, or one that was cut off,
// never leave anything that another's history would take for its own.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/status.h"
#include "crypto/ecdsa.h"
#include "keyservice/core/manifest.h"
#include "keyservice/core/manifest_update.h"
#include "keyservice/core/store.h"
#include "keyservice/core/transition.h"

namespace kedge::keyservice {

inline constexpr char kCommitKey[] = "latest";

struct StoredHistory {
  std::vector<Transition> transitions;  // oldest first
  Manifest manifest;                    // of the last one
  uint64_t revision = 0;                // of `latest`
};

enum class HistoryExtent {
  kWhole,
  kLatestOnly,  // after a recovery, as far as the owner's receipt knows it
};

// Everything that can be checked without the seed: each value read is what its name says, each step
// follows the one before it, and was approved by an owner of the manifest that it left. nullopt: no
// history. DATA_LOSS with fault STORE_CORRUPT for what is missing or changed; faults of
// CheckApprovals.
StatusOr<std::optional<StoredHistory>> ReadHistory(Store& store, HistoryExtent extent);

// What the seed and the owner say of it: signed under the seed's transaction key (fault
// HISTORY_NOT_AUTHENTIC), and not older than `floor`, the newest step that its reader knows of
// (faults ROLLBACK_DETECTED, HISTORY_FORKED).
Status AcceptHistory(const StoredHistory& history, const VerifyKey& transaction,
                     const std::optional<Transition>& floor);

// Makes `next` the manifest after `seen`, which was accepted: faults of CheckIsUpdate and
// CheckApprovals, before anything is written. Where somebody has changed the history since `seen`
// was read: ABORTED, fault REVISION_CONFLICT. Once it returns, the step survives a power cut; cut
// off before, either the old history is there or the new one, whole.
StatusOr<StoredHistory> AdvanceHistory(Store& store, const StoredHistory& seen,
                                       const Manifest& next, std::span<const OwnerProof> approvals,
                                       const SigningKey& transaction);

// The values that the first step needs before `latest` may name it, over whatever an attempt that
// was cut off has left. After a recovery the step is the last that the owner's receipt knows.
Status WriteFirstStep(Store& store, const Transition& step, const Manifest& manifest);

// A manifest under its digest: what an update that waits names.
Status PutManifest(Store& store, const Manifest& manifest);

// Writes `value` whatever is there.
Status Overwrite(Store& store, std::string_view key, ByteView value);
// DATA_LOSS with fault STORE_CORRUPT.
Status Corrupt(std::string_view message);
// The value of `key`; STORE_CORRUPT where there is none.
StatusOr<Bytes> Need(Store& store, const std::string& key);

}  // namespace kedge::keyservice
