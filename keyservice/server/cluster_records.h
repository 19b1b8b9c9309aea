// A cluster's record beside the history of its manifests (manifest_history.h). The keys, in the
// order in which a first manifest writes them: the step's, "cluster", and last "latest", which
// makes the rest count (docs/FORMATS.md, "Records").
#pragma once

#include <optional>
#include <vector>

#include "base/status.h"
#include "keyservice/core/manifest.h"
#include "keyservice/core/store.h"
#include "keyservice/core/transition.h"
#include "keyservice/server/manifest_history.h"
#include "keyservice/server/record_wire.h"

namespace kedge::keyservice {

struct StoredCluster {
  ClusterRecord record;
  std::vector<Transition> history;  // oldest first; a provisional record has only the latest
  Manifest manifest;                // of the latest transition
};

// Writes over what an attempt that was cut short has left.
Status SaveCluster(Store& store, const ClusterRecord& record, const Manifest& manifest);
// The record alone, after a further step.
Status SaveRecord(Store& store, const ClusterRecord& record);
// nullopt: the store holds no committed cluster. Faults of ReadHistory, and ROLLBACK_DETECTED or
// HISTORY_FORKED where the history is behind the cluster's own record. The seed's signatures are
// not verified here.
StatusOr<std::optional<StoredCluster>> LoadCluster(Store& store);

}  // namespace kedge::keyservice
