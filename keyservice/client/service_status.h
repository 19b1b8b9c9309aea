// The owner's view of a cluster, as its key service gives it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "base/status.h"
#include "keyservice/client/service_check.h"
#include "keyservice/core/lockout_guard.h"
#include "keyservice/core/receipt.h"

namespace kedge::client {

// Text as the service writes it (proto/kedge.proto, NodeStatus); empty where it does not know.
struct NodeRow {
  std::string json{};  // of this node alone, printed again
  std::string name;
  std::string role;
  std::string image;
  std::string state;
  std::string pcr15;
  std::string identity_kind;
  std::string identity;
  bool host_controlled = false;
  std::string evidence_level;
  std::string verdict;
  std::string boot_phase;
  std::string last_seen;
  std::string disk;
  uint64_t disk_counter = 0;
  uint64_t next_disk_counter = 0;  // 0: none pending
  bool disk_accepted = false;
  std::string warning;
  // The machine that last asked under this name in vain, and when.
  std::string refused_identity_kind;
  std::string refused_identity;
  std::string refused_time;
  std::vector<std::string> revoked_identities;
  struct Act {
    std::string time;
    std::string command;
    std::string owner;
    std::string reason;
  };
  std::vector<Act> owner_acts;  // newest last
};

struct RefusalRow {
  std::string correlation_id;
  std::string time;
  std::string node;
  std::string code;
  std::string reason;
  uint32_t count = 1;
};

// How far owners have come with a manifest after the one in force.
struct UpdateRow {
  uint64_t generation = 0;
  std::string manifest_digest;  // hex
  uint32_t needed = 1;
  std::vector<std::string> approved;  // names of owner keys
  std::vector<std::string> missing;   // who could still approve
};

struct ServiceStatus {
  SeenService service;  // the machine that answered
  std::string json;     // the whole answer, printed again
  std::string phase;
  std::string node;
  std::string cluster;
  std::string cluster_id;  // hex
  uint64_t manifest_generation = 0;
  bool store_attached = false;
  std::string problem;  // fault that stops every release; else empty
  std::vector<NodeRow> nodes;
  std::vector<RefusalRow> refusals;
  std::optional<Receipt> receipt;  // not verified yet
  std::optional<UpdateRow> pending;
};

// The content of a status box: kedge.v1.StatusAnswer in strict JSON, text without control
// characters (it goes to a terminal). MALFORMED. `service` is left as it is.
Status ParseStatus(const SecretBytes& json, ServiceStatus* out);

// What became of a manifest that was sent.
struct SetManifestResult {
  SeenService service;
  bool in_force = false;  // false: it waits for more owners, or was only judged
  UpdateRow progress;
  std::vector<LockoutRisk> risks;
  Receipt receipt;  // not verified yet
};
// The content of a set-manifest box, as above. `service` is left as it is.
Status ParseSetManifestAnswer(const SecretBytes& json, SetManifestResult* out);

// What a command did.
struct NodeCommandResult {
  SeenService service;
  NodeRow node;          // as it is now
  bool changed = false;  // false: it was so already
};
// The content of a node-command box, as above. `service` is left as it is.
Status ParseNodeCommandAnswer(const SecretBytes& json, NodeCommandResult* out);

}  // namespace kedge::client
