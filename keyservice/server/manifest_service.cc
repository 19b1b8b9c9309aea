// Owners change the manifest: one step of the history at a time, or one approval nearer to it.
#include <absl/strings/str_cat.h>

#include "keyservice/server/cluster_records.h"
#include "keyservice/server/key_service.h"
#include "keyservice/server/service_log.h"

namespace kedge::keyservice {
namespace {

constexpr char kPendingKey[] = "pending";

// Before the disk is open there may be a newer history on it.
Status CheckAttached(bool attached) {
  if (attached) return absl::OkStatus();
  return MakeFault(StatusCode::kUnavailable, "STORE_NOT_ATTACHED", Advice::kRetry,
                   "the history is on a disk that is not open yet; nothing can be changed there");
}

std::optional<RunningMachine> MachineOf(const NodeEntry& entry) {
  if (entry.state == RegistryState::kRevoked || !entry.last_seen || !entry.last_seen->trusted) {
    return std::nullopt;
  }
  return RunningMachine{.node = entry.name,
                        .role = entry.role,
                        .image = entry.last_seen->image,
                        .level = entry.last_seen->level,
                        .identity_kind = entry.identity.kind};
}

}  // namespace

// What does not count is no error: approvals can be given again, and a damaged record must not keep
// owners from that.
std::optional<PendingUpdate> KeyService::LoadPending() const {
  if (!cluster_) return std::nullopt;
  const StatusOr<std::optional<StoredValue>> stored = parts_.store.Get(kPendingKey);
  if (!stored.ok() || !stored->has_value()) return std::nullopt;
  StatusOr<PendingUpdate> pending = ParsePendingUpdate((*stored)->value);
  if (!pending.ok() || pending->approvals.empty() ||
      pending->step.previous != TransitionHash(cluster_->receipt().latest) ||
      !TallyApprovals(cluster_->manifest(), pending->step, pending->approvals).ok()) {
    return std::nullopt;
  }
  return *std::move(pending);
}

std::optional<UpdateProgress> KeyService::Progress() const {
  const std::optional<PendingUpdate> pending = LoadPending();
  if (!pending) return std::nullopt;
  StatusOr<ApprovalTally> tally =
      TallyApprovals(cluster_->manifest(), pending->step, pending->approvals);
  if (!tally.ok()) return std::nullopt;
  return UpdateProgress{.step = pending->step, .tally = *std::move(tally)};
}

UpdateFacts KeyService::FactsForUpdate(std::vector<Sha256Digest> tested_share_keys) const {
  UpdateFacts facts{.current = &cluster_->manifest(),
                    .machines = {},
                    .coordinator_node = cluster_->facts().coordinator_node,
                    .tested_share_keys = std::move(tested_share_keys)};
  for (const NodeEntry& entry : nodes_.All()) {
    if (auto machine = MachineOf(entry)) facts.machines.push_back(*std::move(machine));
  }
  return facts;
}

StatusOr<UpdateOutcome> KeyService::SetManifest(const ClusterPtr& seen,
                                                const UpdateRequest& request) {
  absl::MutexLock lock(&mutex_);
  RETURN_IF_ERROR(CheckSeen(seen));
  RETURN_IF_ERROR(CheckAttached(parts_.store.attached()));
  const Manifest& current = cluster_->manifest();
  if (request.step.previous != TransitionHash(cluster_->receipt().latest)) {
    return Refused("HISTORY_MOVED",
                   absl::StrCat("the approvals are for another state than the one in force, "
                                "generation ",
                                current.generation(), "; see `kedge status`, and sign again"));
  }
  RETURN_IF_ERROR(CheckIsUpdate(current, request.next));
  ASSIGN_OR_RETURN(const PendingUpdate update,
                   AddApprovals(current, LoadPending(), request.step, request.approvals));
  UpdateOutcome outcome{
      .in_force = false,
      .progress = {.step = update.step, .tally = {}},
      .risks = FindLockoutRisks(request.next, FactsForUpdate(request.tested_share_keys)),
      .receipt = {}};
  ASSIGN_OR_RETURN(outcome.progress.tally, TallyApprovals(current, update.step, update.approvals));
  if (!request.dry_run) {
    RETURN_IF_ERROR(CheckLockout(outcome.risks, request.allow));
    outcome.in_force = outcome.progress.tally.complete();
    if (outcome.in_force) {
      RETURN_IF_ERROR(CommitStep(request.next, update.approvals).status());
    } else {
      RETURN_IF_ERROR(PutManifest(parts_.store, request.next));
      RETURN_IF_ERROR(Overwrite(parts_.store, kPendingKey, PrintPendingUpdate(update)));
    }
    LogUpdate(update.step, outcome.progress.tally,
              outcome.in_force ? "is in force" : "waits for more owners");
  }
  ASSIGN_OR_RETURN(outcome.receipt, ReceiptNow());
  return outcome;
}

StatusOr<Transition> KeyService::CommitStep(const Manifest& next,
                                            std::span<const OwnerProof> approvals) {
  ASSIGN_OR_RETURN(const std::optional<StoredHistory> history,
                   ReadHistory(parts_.store, HistoryExtent::kLatestOnly));
  if (!history ||
      TransitionHash(history->transitions.back()) != TransitionHash(cluster_->receipt().latest)) {
    return Corrupt("the history in the store is not the one in force");
  }
  ASSIGN_OR_RETURN(const SigningKey transaction, cluster_->keys().TransactionKey());
  ASSIGN_OR_RETURN(const StoredHistory after,
                   AdvanceHistory(parts_.store, *history, next, approvals, transaction));
  const Transition step = after.transitions.back();
  StatusOr<ClusterPtr> cluster = cluster_->After(step, next, CurrentTime());
  if (!cluster.ok()) {
    // The step counts, so nothing may be judged by the manifest before it any more.
    problem_ = cluster.status();
    return problem_;
  }
  cluster_ = *std::move(cluster);
  ClusterRecord record = cluster_->record();
  record.provisional = false;
  const Status saved = SaveRecord(parts_.store, record);
  // The history has the step; the next start makes the record from it.
  if (!saved.ok()) LogStoreTrouble(saved);
  return step;
}

Status KeyService::CancelUpdate(const ClusterPtr& seen, const Sha256Digest& manifest_digest,
                                std::string_view owner) {
  absl::MutexLock lock(&mutex_);
  RETURN_IF_ERROR(CheckSeen(seen));
  RETURN_IF_ERROR(CheckAttached(parts_.store.attached()));
  const std::optional<UpdateProgress> progress = Progress();
  if (!progress || progress->step.manifest_digest != manifest_digest) {
    return Refused("NOTHING_PENDING",
                   absl::StrCat("no update to the manifest ", ToHex(manifest_digest), " waits"));
  }
  const PendingUpdate nothing{.step = progress->step, .approvals = {}};
  RETURN_IF_ERROR(Overwrite(parts_.store, kPendingKey, PrintPendingUpdate(nothing)));
  LogUpdate(progress->step, progress->tally, absl::StrCat("was cancelled by ", std::string(owner)));
  return absl::OkStatus();
}

}  // namespace kedge::keyservice
