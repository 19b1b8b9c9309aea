// What would lock a cluster's owners, its key service or its nodes out if a manifest took the place
// of the one in force. Pure; the facts are the caller's to gather.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "keyservice/core/manifest.h"
#include "keyservice/core/node_registry.h"

namespace kedge {

// A registered machine, by what its evidence said last.
struct RunningMachine {
  std::string node;
  std::string role;
  std::string image;  // "name version"; empty: none matched
  EvidenceLevel level = EvidenceLevel::kHostVtpm;
  IdentityKind identity_kind = IdentityKind::kEk;
};

struct UpdateFacts {
  const Manifest* current = nullptr;  // null: `next` is a cluster's first
  // Last seen, trusted under `current`, not revoked.
  std::vector<RunningMachine> machines;
  std::string coordinator_node;  // empty: not known
  // SHA-256 of the SPKI of each seed-share key that was seen to open its share of this cluster.
  std::vector<Sha256Digest> tested_share_keys;
};

struct LockoutRisk {
  std::string code;  // stable, upper case; names the override too
  std::string what;
};
// NO_OWNER_KEPT, OWNER_KEY_REMOVED, NO_SHARE_TESTED, SHARE_KEY_WITHOUT_SHARE, TPM_ROOT_REMOVED,
// COORDINATOR_UNKNOWN, COORDINATOR_NOT_ALLOWED, NODES_NOT_ALLOWED. Of a first manifest there is
// none: its shares are made with it, and nothing runs yet.
std::vector<LockoutRisk> FindLockoutRisks(const Manifest& next, const UpdateFacts& facts);

// OK where every risk is overridden by its code. Otherwise the first that is not, as the fault.
// INVALID_ARGUMENT for an override of something that is no risk now: it was meant for another
// update.
Status CheckLockout(std::span<const LockoutRisk> risks, std::span<const std::string> overrides);

}  // namespace kedge
