// The key service's state: phase, cluster, node registry, refusals, and the store behind them. One
// mutex guards all of it; every decision that is recorded is made and recorded under it.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "attestation/channel/exchange.h"
#include "attestation/channel_grpc/server.h"
#include "attestation/model/issuer.h"
#include "base/clock.h"
#include "base/random.h"
#include "keyservice/core/lockout_guard.h"
#include "keyservice/core/node_command.h"
#include "keyservice/core/pending_update.h"
#include "keyservice/core/refusal_log.h"
#include "keyservice/core/release_decision.h"
#include "keyservice/core/seed_vault.h"
#include "keyservice/core/service_phase.h"
#include "keyservice/server/answer_wire.h"
#include "keyservice/server/invitation_cache.h"
#include "keyservice/server/live_cluster.h"
#include "keyservice/server/node_records.h"
#include "keyservice/server/request_wire.h"
#include "keyservice/store/attachable_store.h"
#include "proto/wire/invitation.h"

namespace kedge::keyservice {

// What the program injects. References outlive the service.
struct ServiceParts {
  Issuer& issuer;
  const Clock& rtc;       // the machine's own: never for judging, see KeyService::CurrentTime
  absl::Time build_time;  // of the measured image
  Random& random;
  SeedVault& vault;
  AttachableStore& store;
  // This node's own, as measured; nullopt: whoever comes first owns the cluster (said as such).
  std::optional<wire::OpenedInvitation> invitation;
  StateDiskContent disk = StateDiskContent::kForeign;
  // What TEEs' evidence does not bring along; null: nothing.
  CollateralSource* collateral = nullptr;
};

// Whose exchange it was, as far as it was known when it ended.
struct Peer {
  std::string node;    // as it named itself
  bool known = false;  // its evidence or its owner key was verified
};
// Carried in a status to where the refusal is recorded.
Status WithPeer(const Status& status, const Peer& peer);

// What came for a manifest after the one in force.
struct UpdateRequest {
  Manifest next;
  Transition step;  // what the approvals are for; not signed by the seed
  std::vector<OwnerProof> approvals;
  std::vector<std::string> allow;  // codes of lock-out risks
  std::vector<Sha256Digest> tested_share_keys;
  bool dry_run = false;  // judge only
};

// Thread-safe.
class KeyService {
 public:
  // Finds its phase: the seed in the vault, records in the store, the disk. Faults of PhaseAtStart,
  // and those of LiveCluster::Open where seed and records do not fit.
  static StatusOr<std::unique_ptr<KeyService>> Start(ServiceParts parts);

  // The state disk is open: moves the store to `medium`, and takes the records there for the truth
  // if they are as new as what is known already. Final faults (ROLLBACK_DETECTED, HISTORY_FORKED,
  // HISTORY_NOT_AUTHENTIC, STORE_CORRUPT …): nothing is released any more. Retryable ones: the
  // store stays where it is, call again.
  Status AttachStore(std::unique_ptr<Store> medium);

  // For ExchangeServer: a new exchange, and what became of one.
  std::unique_ptr<ServerExchange> NewExchange();
  void Record(const ExchangeEvent& event);

  // One line: the phase and what is waited for.
  std::string Describe() const;

  // ---- For the exchanges ------------------------------------------------------------------------
  struct View {
    ServicePhase phase = ServicePhase::kAwaitingInit;
    ClusterPtr cluster;  // null before init and before recovery
  };
  View Now() const;
  // Whether a request is answered now: the phase's table, and for what lives from the records a
  // final fault as above.
  Status CheckAnswers(RequestKind kind) const;

  // The registry's part of authorising: RegistryFacts for AuthoriseNode.
  RegistryFacts FactsFor(std::string_view node, const HardwareIdentity& identity) const;

  // A node whose AK is bound to the identity in `facts` asks for its disk's key: authorises again,
  // decides, and has the registry entry on the store before it returns. `seen` is the cluster that
  // the exchange began with (fault STATE_CHANGED, retry, where it is not the one of now).
  StatusOr<ReleaseDecision> CommitRelease(const ClusterPtr& seen, const NodeFacts& facts,
                                          ByteView ak_name, const DiskReport& disk,
                                          const LastSeen& last_seen);
  Status CommitReport(const ClusterPtr& seen, const NodeFacts& facts, ByteView ak_name,
                      const ReportRequest& report, const LastSeen& last_seen);
  // An owner, proven, changes a node's registration: on the store before it returns.
  StatusOr<NodeCommandOutcome> CommitCommand(const ClusterPtr& seen, const NodeCommand& command,
                                             std::string_view owner);
  // Owners put another manifest in force, or come nearer to it: judged, and on the store before it
  // returns. Faults of CheckIsUpdate, AddApprovals and CheckLockout, after which nothing has
  // changed; HISTORY_MOVED where the approvals are for another state than the one of now.
  StatusOr<UpdateOutcome> SetManifest(const ClusterPtr& seen, const UpdateRequest& request);
  // An owner, proven, takes back the update that waits. Fault NOTHING_PENDING.
  Status CancelUpdate(const ClusterPtr& seen, const Sha256Digest& manifest_digest,
                      std::string_view owner);
  // Notes which machine was proven to ask under another one's name, for the owner to see.
  void NoteRefusedIdentity(std::string_view node, const HardwareIdentity& identity);
  // Notes what a registered AK's evidence said when it was refused.
  void NoteRefusedEvidence(std::string_view node, ByteView ak_name, const LastSeen& last_seen);

  // The first manifest: makes the cluster, keeps the seed in the vault, serves.
  StatusOr<ClusterPtr> Initialise(Manifest manifest, const HardwareIdentity& coordinator);
  // After an outage. WRONG_SEED and every other fault leave the service waiting. The receipt's
  // counter is what this node's own disk must at least show (fault STALE_DISK, at its release or
  // once its records are read), unless the owner accepts the disk that shows `accept_disk_counter`.
  StatusOr<ClusterPtr> Recover(KeyTree keys, ClusterRecord record, Manifest manifest,
                               std::optional<uint64_t> accept_disk_counter);
  // What the owner should keep from now on; nullopt where there is no cluster yet.
  StatusOr<std::optional<Receipt>> NewestReceipt() const;

  ServiceReport Report() const;
  // For every date that is judged or written: EffectiveNow of this machine.
  absl::Time CurrentTime() const;
  const ServiceParts& parts() const { return parts_; }
  InvitationCache& invitations() { return invitations_; }
  std::string own_node() const;

 private:
  explicit KeyService(ServiceParts parts) : parts_(std::move(parts)) {}
  Status Resume() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Status TakeRecords() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Status Attach(std::unique_ptr<Store> medium) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Status TakeOwnEntry(const std::optional<NodeEntry>& detached, uint64_t receipt_counter)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Status PutProvisionalEntry(const LiveCluster& cluster,
                             std::optional<uint64_t> accept_disk_counter)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Status CheckSeen(const ClusterPtr& seen) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Status Serve(ClusterPtr cluster) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  StatusOr<Transition> CommitStep(const Manifest& next, std::span<const OwnerProof> approvals)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  UpdateFacts FactsForUpdate(std::vector<Sha256Digest> tested_share_keys) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<PendingUpdate> LoadPending() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<UpdateProgress> Progress() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  StatusOr<Receipt> ReceiptNow() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Status LoadRefusals() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SaveRefusals() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const ServiceParts parts_;
  InvitationCache invitations_;
  mutable absl::Mutex mutex_;
  ServicePhase phase_ ABSL_GUARDED_BY(mutex_) = ServicePhase::kAwaitingInit;
  ClusterPtr cluster_ ABSL_GUARDED_BY(mutex_);
  Status problem_ ABSL_GUARDED_BY(mutex_);  // final: stops every release
  NodeRecords nodes_ ABSL_GUARDED_BY(mutex_);
  RefusalLog refusals_ ABSL_GUARDED_BY(mutex_);
  WriteBudget budget_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kedge::keyservice
