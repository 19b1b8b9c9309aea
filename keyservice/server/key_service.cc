#include "keyservice/server/key_service.h"

#include <absl/strings/cord.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "keyservice/server/cluster_records.h"
#include "keyservice/server/service_log.h"

namespace kedge::keyservice {
namespace {

constexpr absl::string_view kPeerUrl = "kedge.dev/peer";
constexpr char kRefusalsKey[] = "refusals";

Peer PeerOf(const Status& status) {
  const auto payload = status.GetPayload(kPeerUrl);
  if (!payload || payload->empty()) return {};
  const std::string text(*payload);
  return {.node = text.substr(1), .known = text[0] == '+'};
}

// What a peer did wrong is kept; what a network did is not.
bool IsRefusal(const Status& status) {
  return !status.ok() && status.code() != StatusCode::kCancelled &&
         (GetFault(status) || status.code() != StatusCode::kUnavailable);
}

}  // namespace

Status WithPeer(const Status& status, const Peer& peer) {
  if (status.ok()) return status;
  Status out = status;
  out.SetPayload(kPeerUrl, absl::Cord(absl::StrCat(peer.known ? "+" : "-", peer.node)));
  return out;
}

StatusOr<std::unique_ptr<KeyService>> KeyService::Start(ServiceParts parts) {
  std::unique_ptr<KeyService> service(new KeyService(std::move(parts)));
  absl::MutexLock lock(&service->mutex_);
  RETURN_IF_ERROR(service->Resume());
  LogPhase(service->phase_, "started");
  return service;
}

Status KeyService::Resume() {
  ASSIGN_OR_RETURN(std::optional<SecretBytes> seed, parts_.vault.Load());
  ASSIGN_OR_RETURN(std::optional<StoredCluster> stored, LoadCluster(parts_.store));
  ASSIGN_OR_RETURN(phase_, PhaseAtStart({.seed_in_keyring = seed.has_value(),
                                         .records_in_store = stored.has_value(),
                                         .disk = parts_.disk}));
  if (phase_ != ServicePhase::kServing) return absl::OkStatus();
  ASSIGN_OR_RETURN(KeyTree keys, KeyTree::Create(*std::move(seed), stored->record.salt));
  ASSIGN_OR_RETURN(cluster_,
                   LiveCluster::Open(std::move(keys), std::move(stored->record), stored->history,
                                     std::move(stored->manifest), CurrentTime()));
  RETURN_IF_ERROR(nodes_.Load(parts_.store));
  return LoadRefusals();
}

Status KeyService::AttachStore(std::unique_ptr<Store> medium) {
  absl::MutexLock lock(&mutex_);
  const Status status = Attach(std::move(medium));
  // Once the store has moved there is no second try: whatever went wrong, nothing is released from
  // records that were not taken.
  if (!status.ok() && (parts_.store.attached() || FaultCode(status) == "ROLLBACK_DETECTED")) {
    problem_ = status;
    refusals_.Add({.correlation_id = "",
                   .time = CurrentTime(),
                   .node = own_node(),
                   .code = FaultCode(status),
                   .reason = MessageOf(status)},
                  RefusalLog::Peer::kKnown);
  }
  LogAttach(status);
  return status;
}

Status KeyService::Attach(std::unique_ptr<Store> medium) {
  const std::optional<NodeEntry> detached =
      cluster_ ? nodes_.Find(cluster_->facts().coordinator_node) : std::nullopt;
  const uint64_t receipt_counter = cluster_ ? cluster_->receipt().coordinator_disk_counter : 0;
  // A cluster that is known from the owner's receipt alone has records somewhere: a fresh disk is
  // one that was put back.
  const bool expect_records = cluster_ && cluster_->record().provisional;
  const auto found =
      parts_.store.Attach(std::move(medium), expect_records ? AttachableStore::IfFresh::kRefuse
                                                            : AttachableStore::IfFresh::kFill);
  if (FaultCode(found.status()) == "STORE_FRESH") {
    return Refused("ROLLBACK_DETECTED",
                   "the state disk holds no history, though the owner's receipt shows that there "
                   "was one; restore the newest copy of this disk");
  }
  RETURN_IF_ERROR(found.status());
  if (*found == AttachableStore::Found::kFilled && cluster_) RETURN_IF_ERROR(TakeRecords());
  RETURN_IF_ERROR(nodes_.Load(parts_.store));
  RETURN_IF_ERROR(LoadRefusals());
  if (!cluster_ || *found != AttachableStore::Found::kFilled) return absl::OkStatus();
  return TakeOwnEntry(detached, receipt_counter);
}

// These records were on this node's own state disk. It is formatted, even if the power went before
// the node could say so; and its counters are what it was granted before they could be read.
Status KeyService::TakeOwnEntry(const std::optional<NodeEntry>& detached,
                                uint64_t receipt_counter) {
  std::optional<NodeEntry> own = nodes_.Find(cluster_->facts().coordinator_node);
  if (!own) return absl::OkStatus();
  if (own->state == RegistryState::kEnrolled || own->state == RegistryState::kFormatting) {
    own->state = RegistryState::kFormatted;
  }
  if (!detached || !detached->disk_accepted) {
    RETURN_IF_ERROR(CheckRegistryCounter(*own, receipt_counter));
  }
  if (detached) RETURN_IF_ERROR(CarryCounters(*detached, *own));
  return nodes_.Put(parts_.store, *own);
}

// The attached store's records, verified under the seed at hand and against what is known.
Status KeyService::TakeRecords() {
  ASSIGN_OR_RETURN(std::optional<StoredCluster> stored, LoadCluster(parts_.store));
  if (!stored) return Internal("an attached store lost its records");
  const Transition latest = stored->history.back();
  ASSIGN_OR_RETURN(SecretBytes seed, cluster_->keys().seed().Clone());
  ASSIGN_OR_RETURN(KeyTree keys, KeyTree::Create(std::move(seed), stored->record.salt));
  ASSIGN_OR_RETURN(ClusterPtr cluster,
                   LiveCluster::Open(std::move(keys), std::move(stored->record), stored->history,
                                     std::move(stored->manifest), CurrentTime()));
  if (cluster->facts().cluster_id != cluster_->facts().cluster_id) {
    return Refused("HISTORY_NOT_AUTHENTIC", "the state disk's records are another cluster's");
  }
  RETURN_IF_ERROR(CheckFreshness(latest, cluster_->receipt().latest));
  cluster_ = std::move(cluster);
  return absl::OkStatus();
}

KeyService::View KeyService::Now() const {
  absl::MutexLock lock(&mutex_);
  return {.phase = phase_, .cluster = cluster_};
}

Status KeyService::CheckAnswers(RequestKind kind) const {
  absl::MutexLock lock(&mutex_);
  RETURN_IF_ERROR(kedge::CheckAnswered(phase_, kind));
  const bool needs_records = kind == RequestKind::kRelease || kind == RequestKind::kReport ||
                             kind == RequestKind::kNodeCommand ||
                             kind == RequestKind::kSetManifest ||
                             kind == RequestKind::kCancelUpdate;
  return needs_records ? problem_ : absl::OkStatus();
}

RegistryFacts KeyService::FactsFor(std::string_view node, const HardwareIdentity& identity) const {
  absl::MutexLock lock(&mutex_);
  return nodes_.FactsFor(node, identity, parts_.store.attached());
}

Status KeyService::CheckSeen(const ClusterPtr& seen) const {
  RETURN_IF_ERROR(problem_);
  if (seen && seen == cluster_) return absl::OkStatus();
  return MakeFault(StatusCode::kUnavailable, "STATE_CHANGED", Advice::kRetry,
                   "the service has changed since this exchange began");
}

StatusOr<ReleaseDecision> KeyService::CommitRelease(const ClusterPtr& seen, const NodeFacts& facts,
                                                    ByteView ak_name, const DiskReport& disk,
                                                    const LastSeen& last_seen) {
  absl::MutexLock lock(&mutex_);
  RETURN_IF_ERROR(CheckSeen(seen));
  const RegistryFacts registry =
      nodes_.FactsFor(facts.node, facts.identity, parts_.store.attached());
  RETURN_IF_ERROR(AuthoriseNode(facts, seen->facts(), registry));
  NodeEntry entry = registry.entry.value_or(
      NodeEntry{.name = facts.node, .role = facts.role, .identity = facts.identity});
  entry.ak_name = ToBytes(ak_name);
  entry.last_seen = last_seen;
  StatusOr<ReleaseDecision> decided = DecideDisk(entry, disk);
  // The name is bound whatever the disk says.
  RETURN_IF_ERROR(nodes_.Put(parts_.store, decided.ok() ? decided->entry : entry));
  ASSIGN_OR_RETURN(ReleaseDecision decision, std::move(decided));
  LogRelease(decision.entry, decision.order);
  return decision;
}

Status KeyService::CommitReport(const ClusterPtr& seen, const NodeFacts& facts, ByteView ak_name,
                                const ReportRequest& report, const LastSeen& last_seen) {
  absl::MutexLock lock(&mutex_);
  RETURN_IF_ERROR(CheckSeen(seen));
  const RegistryFacts registry =
      nodes_.FactsFor(facts.node, facts.identity, parts_.store.attached());
  if (!registry.entry || !Equal(registry.entry->ak_name, ak_name)) {
    return Refused("AK_NOT_REGISTERED", "the node's registration has changed meanwhile");
  }
  RETURN_IF_ERROR(AuthoriseNode(facts, seen->facts(), registry));
  NodeEntry entry = *registry.entry;
  ASSIGN_OR_RETURN(const NodeStep step, StepOf(entry.state, report.trigger));
  if (report.header_digest) {
    RETURN_IF_ERROR(CheckHeader(entry, *report.header_digest));
    entry.header_digest = report.header_digest;
  }
  if (report.trigger != NodeTrigger::kReportsJoined) {
    RETURN_IF_ERROR(AcknowledgeCounter(entry, report.disk_counter));
    entry.tpm_counter_behind = report.tpm_counter_behind;
  }
  entry.state = step.next;
  entry.last_seen = last_seen;
  RETURN_IF_ERROR(nodes_.Put(parts_.store, entry));
  LogReport(entry);
  return absl::OkStatus();
}

StatusOr<NodeCommandOutcome> KeyService::CommitCommand(const ClusterPtr& seen,
                                                       const NodeCommand& command,
                                                       std::string_view owner) {
  absl::MutexLock lock(&mutex_);
  RETURN_IF_ERROR(CheckSeen(seen));
  const auto* rebind = std::get_if<RebindCommand>(&command.action);
  const RegistryFacts registry =
      nodes_.FactsFor(command.node, rebind == nullptr ? HardwareIdentity() : rebind->identity,
                      parts_.store.attached());
  ASSIGN_OR_RETURN(NodeCommandOutcome outcome,
                   ApplyNodeCommand(command, seen->facts(), registry, owner, CurrentTime()));
  if (!outcome.changed) return outcome;
  RETURN_IF_ERROR(nodes_.Put(parts_.store, outcome.entry));
  LogCommand(command, outcome.entry, owner);
  return outcome;
}

void KeyService::NoteRefusedIdentity(std::string_view node, const HardwareIdentity& identity) {
  absl::MutexLock lock(&mutex_);
  std::optional<NodeEntry> entry = nodes_.Find(node);
  const absl::Time now = CurrentTime();
  if (!entry || entry->identity == identity || !budget_.Take(now)) return;
  entry->last_refused = RefusedIdentity{.identity = identity, .time = now};
  const Status status = nodes_.Put(parts_.store, *entry);
  if (!status.ok()) LogStoreTrouble(status);
}

void KeyService::NoteRefusedEvidence(std::string_view node, ByteView ak_name,
                                     const LastSeen& last_seen) {
  absl::MutexLock lock(&mutex_);
  std::optional<NodeEntry> entry = nodes_.Find(node);
  if (!entry || !Equal(entry->ak_name, ak_name) || !budget_.Take(last_seen.time)) return;
  entry->last_seen = last_seen;
  const Status status = nodes_.Put(parts_.store, *entry);
  if (!status.ok()) LogStoreTrouble(status);
}

StatusOr<ClusterPtr> KeyService::Initialise(Manifest manifest,
                                            const HardwareIdentity& coordinator) {
  absl::MutexLock lock(&mutex_);
  RETURN_IF_ERROR(kedge::CheckAnswered(phase_, RequestKind::kInit));
  ASSIGN_OR_RETURN(ClusterPtr cluster,
                   LiveCluster::Make(std::move(manifest), own_node(), coordinator, CurrentTime(),
                                     parts_.random));
  RETURN_IF_ERROR(Serve(cluster));
  LogPhase(phase_, "initialised");
  return cluster;
}

StatusOr<ClusterPtr> KeyService::Recover(KeyTree keys, ClusterRecord record, Manifest manifest,
                                         std::optional<uint64_t> accept_disk_counter) {
  absl::MutexLock lock(&mutex_);
  RETURN_IF_ERROR(kedge::CheckAnswered(phase_, RequestKind::kRecover));
  record.provisional = true;
  ASSIGN_OR_RETURN(ClusterPtr cluster, LiveCluster::Open(std::move(keys), std::move(record), {},
                                                         std::move(manifest), CurrentTime()));
  if (parts_.store.attached()) {
    // The disk is open already (this is not the initrd): its records decide at once.
    cluster_ = cluster;
    Status taken = TakeRecords();
    if (taken.ok()) taken = nodes_.Load(parts_.store);
    const auto own = nodes_.Find(cluster->facts().coordinator_node);
    if (taken.ok() && own && !accept_disk_counter) {
      taken = CheckRegistryCounter(*own, cluster->receipt().coordinator_disk_counter);
    }
    if (!taken.ok()) {
      cluster_ = nullptr;
      return taken;
    }
    RETURN_IF_ERROR(parts_.vault.Keep(cluster->keys().seed()));
    phase_ = ServicePhase::kServing;
  } else {
    RETURN_IF_ERROR(PutProvisionalEntry(*cluster, accept_disk_counter));
    RETURN_IF_ERROR(Serve(cluster));
  }
  LogPhase(phase_, "recovered");
  return cluster_;
}

// This node, as far as the owner's receipt knows it.
Status KeyService::PutProvisionalEntry(const LiveCluster& cluster,
                                       std::optional<uint64_t> accept_disk_counter) {
  const ClusterFacts& facts = cluster.facts();
  if (facts.coordinator_node.empty()) return absl::OkStatus();
  const uint64_t floor = cluster.receipt().coordinator_disk_counter;
  NodeEntry entry{.name = facts.coordinator_node,
                  .role = std::string(kRoleControlPlane),
                  .state = RegistryState::kFormatted,
                  .identity = facts.coordinator};
  if (accept_disk_counter) {
    entry.disk_counter = floor;
    // It may have been granted since the receipt was made.
    entry.next_disk_counter = floor + 1;
    RETURN_IF_ERROR(kedge::AcceptDiskCounter(entry, *accept_disk_counter));
    LogDiskAccepted(entry);
  } else {
    entry.disk_counter_floor = floor;
  }
  return nodes_.Put(parts_.store, entry);
}

StatusOr<std::optional<Receipt>> KeyService::NewestReceipt() const {
  absl::MutexLock lock(&mutex_);
  if (!cluster_) return std::optional<Receipt>();
  ASSIGN_OR_RETURN(Receipt receipt, ReceiptNow());
  return std::optional<Receipt>(std::move(receipt));
}

StatusOr<Receipt> KeyService::ReceiptNow() const {
  uint64_t counter = cluster_->receipt().coordinator_disk_counter;
  const auto own = nodes_.Find(cluster_->facts().coordinator_node);
  if (own && parts_.store.attached()) counter = std::max(counter, own->disk_counter);
  return cluster_->ReceiptAt(counter);
}

// Records first, then the seed, then the phase: cut off in between, the service waits again.
Status KeyService::Serve(ClusterPtr cluster) {
  RETURN_IF_ERROR(SaveCluster(parts_.store, cluster->record(), cluster->manifest()));
  RETURN_IF_ERROR(parts_.vault.Keep(cluster->keys().seed()));
  cluster_ = std::move(cluster);
  phase_ = ServicePhase::kServing;
  return absl::OkStatus();
}

void KeyService::Record(const ExchangeEvent& event) {
  const Peer peer = PeerOf(event.status);
  LogExchange(event, peer);
  if (!IsRefusal(event.status)) return;
  absl::MutexLock lock(&mutex_);
  refusals_.Add({.correlation_id = event.correlation_id,
                 .time = CurrentTime(),
                 .node = peer.node,
                 .code = FaultCode(event.status),
                 .reason = MessageOf(event.status)},
                peer.known ? RefusalLog::Peer::kKnown : RefusalLog::Peer::kStranger);
  if (peer.known && budget_.Take(CurrentTime())) SaveRefusals();
}

Status KeyService::LoadRefusals() {
  ASSIGN_OR_RETURN(const std::optional<StoredValue> stored, parts_.store.Get(kRefusalsKey));
  if (!stored) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<RefusalEntry> refusals, ParseRefusals(stored->value));
  refusals_.RestoreKnown(std::move(refusals));
  return absl::OkStatus();
}

void KeyService::SaveRefusals() {
  const auto& known = refusals_.known();
  const auto text = PrintRefusals({known.begin(), known.end()});
  const Status saved =
      text.ok() ? Overwrite(parts_.store, kRefusalsKey, AsBytes(*text)) : text.status();
  if (!saved.ok()) LogStoreTrouble(saved);
}

ServiceReport KeyService::Report() const {
  absl::MutexLock lock(&mutex_);
  return {.phase = phase_,
          .node = own_node(),
          .cluster = cluster_,
          .store_attached = parts_.store.attached(),
          .problem = problem_.ok() ? "" : FaultCode(problem_),
          .nodes = nodes_.All(),
          .refusals = refusals_.All(),
          .receipt = std::nullopt,
          .pending = Progress()};
}

std::string KeyService::Describe() const {
  absl::MutexLock lock(&mutex_);
  switch (phase_) {
    case ServicePhase::kAwaitingInit:
      return "AWAITING_INIT: waiting for the owner's 'kedge init'";
    case ServicePhase::kAwaitingSeed:
      return "AWAITING_SEED: waiting for the owner's 'kedge recover'";
    case ServicePhase::kServing:
      break;
  }
  if (!problem_.ok()) return absl::StrCat("SERVING nobody: ", FaultCode(problem_));
  if (!parts_.store.attached()) return "SERVING this node only: the state disk is not open yet";
  return absl::StrCat("SERVING ", nodes_.All().size(), " registered nodes");
}

absl::Time KeyService::CurrentTime() const {
  const absl::Time issued =
      parts_.invitation ? parts_.invitation->invitation.issue_time : absl::InfinitePast();
  return EffectiveNow(parts_.rtc.Now(), parts_.build_time, issued);
}

std::string KeyService::own_node() const {
  return parts_.invitation ? parts_.invitation->invitation.node : "";
}

}  // namespace kedge::keyservice
