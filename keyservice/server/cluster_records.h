// A cluster's record, its manifests and their history in a store. The keys, in the order in which
// they are written: "manifest/DIGEST", "transition/GENERATION", "cluster", and last "latest", which
// makes the rest count (docs/FORMATS.md, "Records").
#pragma once

#include <optional>
#include <vector>

#include "base/status.h"
#include "keyservice/core/manifest.h"
#include "keyservice/core/store.h"
#include "keyservice/core/transition.h"
#include "keyservice/server/record_wire.h"

namespace kedge::keyservice {

inline constexpr char kCommitKey[] = "latest";

struct StoredCluster {
  ClusterRecord record;
  std::vector<Transition> history;  // oldest first; a provisional record has only the latest
  Manifest manifest;                // of the latest transition
};

// Writes over what an attempt that was cut short has left.
Status SaveCluster(Store& store, const ClusterRecord& record, const Manifest& manifest);
// nullopt: the store holds no committed cluster. DATA_LOSS with fault STORE_CORRUPT where something
// is missing or does not fit together. The history's signatures are not verified here: that takes
// the seed.
StatusOr<std::optional<StoredCluster>> LoadCluster(Store& store);

// Writes `value` whatever is there.
Status Overwrite(Store& store, std::string_view key, ByteView value);

}  // namespace kedge::keyservice
