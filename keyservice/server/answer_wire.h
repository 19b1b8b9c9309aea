// Answers to the wire. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attestation/model/issuer.h"
#include "base/bytes.h"
#include "base/status.h"
#include "keyservice/core/lockout_guard.h"
#include "keyservice/core/manifest_update.h"
#include "keyservice/core/node_command.h"
#include "keyservice/core/node_registry.h"
#include "keyservice/core/refusal_log.h"
#include "keyservice/core/seed_share.h"
#include "keyservice/core/service_phase.h"
#include "keyservice/server/live_cluster.h"

namespace kedge::keyservice {

struct ReleaseAnswer {
  ReleaseOrder order = ReleaseOrder::kNone;
  std::string node_certificate_pem;
  std::string ca_certificate_pem;
  Sha256Digest manifest_digest{};
  uint64_t manifest_generation = 0;
  uint64_t disk_counter = 0;
  uint64_t next_disk_counter = 0;
  bool disk_accepted = false;
};
Bytes ToWire(const ReleaseAnswer& answer);

struct InitResult {
  ClusterPtr cluster;
  std::vector<SeedShare> seed_shares;
  bool trust_on_first_use = false;
};
Bytes ToWire(const InitResult& result);
Bytes RecoverResultToWire(const LiveCluster& cluster, const std::optional<Receipt>& receipt);

// What the service shows of its own machine beside its evidence.
struct CoordinatorProof {
  ServicePhase phase = ServicePhase::kAwaitingInit;
  std::string node;
  Endorsements endorsements;
  Bytes activation_hmac;  // empty: no credential was sent
  ClusterPtr cluster;     // null before init and before recovery
};
Bytes ToWire(const CoordinatorProof& proof);

// How far owners have come with an update.
struct UpdateProgress {
  Transition step;  // not signed
  ApprovalTally tally;
};
struct UpdateOutcome {
  bool in_force = false;
  UpdateProgress progress;
  std::vector<LockoutRisk> risks;
  Receipt receipt;  // of the state now
};
// kedge.v1.SetManifestAnswer as JSON.
StatusOr<std::string> PrintSetManifestAnswer(const UpdateOutcome& outcome);

// Everything that an owner may see.
struct ServiceReport {
  ServicePhase phase = ServicePhase::kAwaitingInit;
  std::string node;
  ClusterPtr cluster;  // null as above
  bool store_attached = false;
  std::string problem;
  std::vector<NodeEntry> nodes;
  std::vector<RefusalEntry> refusals;
  std::optional<Receipt> receipt;
  std::optional<UpdateProgress> pending;
};
// kedge.v1.StatusAnswer as JSON.
StatusOr<std::string> PrintStatus(const ServiceReport& report);

// kedge.v1.NodeCommandAnswer as JSON.
StatusOr<std::string> PrintNodeCommandAnswer(const NodeCommandOutcome& outcome);

}  // namespace kedge::keyservice
