#include "keyservice/server/manifest_history.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <algorithm>

#include "keyservice/core/receipt.h"
#include "keyservice/server/record_wire.h"
#include "proto/wire/manifest.h"

namespace kedge::keyservice {
namespace {

std::string ManifestKey(const Sha256Digest& digest) { return "manifest/" + ToHex(digest); }

// Twenty digits, so that the keys sort as the numbers do.
std::string StepKey(std::string_view what, uint64_t generation, const Sha256Digest& hash) {
  return absl::StrFormat("%s/%020d-%s", what, generation, ToHex(hash));
}
// Before steps were named by their hash as well.
std::string OldTransitionKey(uint64_t generation) {
  return absl::StrFormat("transition/%020d", generation);
}

StatusOr<Transition> ReadTransition(Store& store, uint64_t generation, const Sha256Digest& hash) {
  std::string key = StepKey("transition", generation, hash);
  ASSIGN_OR_RETURN(std::optional<StoredValue> value, store.Get(key));
  if (!value) {
    key = OldTransitionKey(generation);
    ASSIGN_OR_RETURN(value, store.Get(key));
  }
  if (!value) {
    return Corrupt(absl::StrCat("the store has no step of generation ", generation, " with hash ",
                                ToHex(hash)));
  }
  ASSIGN_OR_RETURN(Transition step, ParseTransition(value->value));
  if (step.generation != generation || TransitionHash(step) != hash) {
    return Corrupt(key + " does not hold the step that it is named after");
  }
  return step;
}

StatusOr<Manifest> ReadManifest(Store& store, const Sha256Digest& digest) {
  const std::string key = ManifestKey(digest);
  ASSIGN_OR_RETURN(const Bytes bytes, Need(store, key));
  if (Sha256(bytes) != digest) return Corrupt(key + " does not hold what it is named after");
  return wire::ParseManifest(bytes);
}

// Puts `step` into the store, unless it is there already under another signature of the same key:
// another writer's, or one of an attempt that was cut off. Returns what is there then.
StatusOr<Transition> PutTransition(Store& store, const Transition& step,
                                   const VerifyKey& transaction) {
  const std::string key = StepKey("transition", step.generation, TransitionHash(step));
  ASSIGN_OR_RETURN(const std::optional<StoredValue> found, store.Get(key));
  if (found) {
    StatusOr<Transition> there = ParseTransition(found->value);
    if (there.ok() && TransitionHash(*there) == TransitionHash(step) &&
        VerifyTransition(*there, transaction).ok()) {
      return there;
    }
  }
  ASSIGN_OR_RETURN(const std::string text, PrintTransition(step));
  RETURN_IF_ERROR(store.CompareAndSwap(key, found ? found->revision : 0, AsBytes(text)).status());
  return step;
}

Status CheckStep(Store& store, const Manifest& before, const Transition& step) {
  ASSIGN_OR_RETURN(const Bytes record,
                   Need(store, StepKey("approvals", step.generation, TransitionHash(step))));
  ASSIGN_OR_RETURN(const std::vector<OwnerProof> approvals, ParseApprovals(record));
  return CheckApprovals(before, step, approvals);
}

StatusOr<StoredHistory> Read(Store& store, const StoredValue& commit, HistoryExtent extent) {
  ASSIGN_OR_RETURN(const Transition latest, ParseTransition(commit.value));
  ASSIGN_OR_RETURN(const Transition last,
                   ReadTransition(store, latest.generation, TransitionHash(latest)));
  if (last != latest) return Corrupt("the last step is not the one that `latest` is");
  std::vector<Transition> steps = {latest};
  while (extent == HistoryExtent::kWhole && steps.back().previous != Sha256Digest{}) {
    const Transition& after = steps.back();
    if (after.generation == 1) return Corrupt("the first generation follows another one");
    ASSIGN_OR_RETURN(Transition step, ReadTransition(store, after.generation - 1, after.previous));
    steps.push_back(std::move(step));
  }
  std::reverse(steps.begin(), steps.end());
  ASSIGN_OR_RETURN(Manifest manifest, ReadManifest(store, steps.front().manifest_digest));
  for (size_t i = 1; i < steps.size(); ++i) {
    RETURN_IF_ERROR(CheckStep(store, manifest, steps[i]));
    ASSIGN_OR_RETURN(manifest, ReadManifest(store, steps[i].manifest_digest));
  }
  return StoredHistory{.transitions = std::move(steps),
                       .manifest = std::move(manifest),
                       .revision = commit.revision};
}

}  // namespace

Status PutManifest(Store& store, const Manifest& manifest) {
  return Overwrite(store, ManifestKey(manifest.digest()), manifest.bytes());
}

Status Overwrite(Store& store, std::string_view key, ByteView value) {
  ASSIGN_OR_RETURN(const std::optional<StoredValue> current, store.Get(key));
  return store.CompareAndSwap(key, current ? current->revision : 0, value).status();
}

Status Corrupt(std::string_view message) {
  return MakeFault(StatusCode::kDataLoss, "STORE_CORRUPT", Advice::kAskOperator, message);
}

StatusOr<Bytes> Need(Store& store, const std::string& key) {
  ASSIGN_OR_RETURN(std::optional<StoredValue> value, store.Get(key));
  if (!value) return Corrupt(absl::StrCat("the store has no ", key));
  return std::move(value->value);
}

StatusOr<std::optional<StoredHistory>> ReadHistory(Store& store, HistoryExtent extent) {
  ASSIGN_OR_RETURN(const std::optional<StoredValue> commit, store.Get(kCommitKey));
  if (!commit) return std::optional<StoredHistory>();
  StatusOr<StoredHistory> history = Read(store, *commit, extent);
  if (history.ok()) return std::optional<StoredHistory>(*std::move(history));
  if (FaultCode(history.status()) != "MALFORMED") return history.status();
  return Corrupt(MessageOf(history.status()));
}

Status AcceptHistory(const StoredHistory& history, const VerifyKey& transaction,
                     const std::optional<Transition>& floor) {
  RETURN_IF_ERROR(VerifyHistory(history.transitions, transaction));
  return floor ? CheckFreshness(history.transitions.back(), *floor) : absl::OkStatus();
}

Status WriteFirstStep(Store& store, const Transition& step, const Manifest& manifest) {
  ASSIGN_OR_RETURN(const std::string text, PrintTransition(step));
  RETURN_IF_ERROR(PutManifest(store, manifest));
  return Overwrite(store, StepKey("transition", step.generation, TransitionHash(step)),
                   AsBytes(text));
}

StatusOr<StoredHistory> AdvanceHistory(Store& store, const StoredHistory& seen,
                                       const Manifest& next, std::span<const OwnerProof> approvals,
                                       const SigningKey& transaction) {
  RETURN_IF_ERROR(CheckIsUpdate(seen.manifest, next));
  ASSIGN_OR_RETURN(Transition step,
                   SignTransition(next.generation(), next.digest(),
                                  TransitionHash(seen.transitions.back()), transaction));
  RETURN_IF_ERROR(CheckApprovals(seen.manifest, step, approvals));
  RETURN_IF_ERROR(PutManifest(store, next));
  RETURN_IF_ERROR(Overwrite(store, StepKey("approvals", step.generation, TransitionHash(step)),
                            PrintApprovals(approvals)));
  ASSIGN_OR_RETURN(step, PutTransition(store, step, transaction.public_key()));
  ASSIGN_OR_RETURN(const std::string latest, PrintTransition(step));
  ASSIGN_OR_RETURN(const uint64_t revision,
                   store.CompareAndSwap(kCommitKey, seen.revision, AsBytes(latest)));
  StoredHistory history{.transitions = seen.transitions, .manifest = next, .revision = revision};
  history.transitions.push_back(step);
  return history;
}

}  // namespace kedge::keyservice
