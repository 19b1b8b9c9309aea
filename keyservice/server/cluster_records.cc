#include "keyservice/server/cluster_records.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include "proto/wire/manifest.h"

namespace kedge::keyservice {
namespace {

std::string ManifestKey(const Sha256Digest& digest) { return "manifest/" + ToHex(digest); }
// Twenty digits, so that the keys sort as the numbers do.
std::string TransitionKey(uint64_t generation) {
  return absl::StrFormat("transition/%020d", generation);
}

Status Corrupt(std::string_view message) {
  return MakeFault(StatusCode::kDataLoss, "STORE_CORRUPT", Advice::kAskOperator, message);
}

StatusOr<Bytes> Need(Store& store, const std::string& key) {
  ASSIGN_OR_RETURN(std::optional<StoredValue> value, store.Get(key));
  if (!value) return Corrupt(absl::StrCat("the store has no ", key));
  return std::move(value->value);
}

StatusOr<StoredCluster> Load(Store& store, ByteView commit) {
  ASSIGN_OR_RETURN(const Transition latest, ParseTransition(commit));
  ASSIGN_OR_RETURN(const Bytes cluster, Need(store, "cluster"));
  ASSIGN_OR_RETURN(ClusterRecord record, ParseClusterRecord(cluster));
  std::vector<Transition> history;
  ASSIGN_OR_RETURN(const std::vector<std::string> keys, store.List("transition/"));
  for (const std::string& key : keys) {
    ASSIGN_OR_RETURN(const Bytes value, Need(store, key));
    ASSIGN_OR_RETURN(Transition transition, ParseTransition(value));
    // One beyond the commit was being written when the power went: it does not count.
    if (transition.generation > latest.generation) continue;
    if (key != TransitionKey(transition.generation)) {
      return Corrupt(absl::StrCat(key, " holds generation ", transition.generation));
    }
    history.push_back(std::move(transition));
  }
  if (history.empty() || history.back() != latest) {
    return Corrupt("the history does not end with the latest transition");
  }
  ASSIGN_OR_RETURN(const Bytes manifest_bytes, Need(store, ManifestKey(latest.manifest_digest)));
  if (Sha256(manifest_bytes) != latest.manifest_digest) {
    return Corrupt("the latest manifest is not the one that its transition names");
  }
  ASSIGN_OR_RETURN(Manifest manifest, wire::ParseManifest(manifest_bytes));
  return StoredCluster{
      .record = std::move(record), .history = std::move(history), .manifest = std::move(manifest)};
}

}  // namespace

Status Overwrite(Store& store, std::string_view key, ByteView value) {
  ASSIGN_OR_RETURN(const std::optional<StoredValue> current, store.Get(key));
  return store.CompareAndSwap(key, current ? current->revision : 0, value).status();
}

Status SaveCluster(Store& store, const ClusterRecord& record, const Manifest& manifest) {
  const Transition& latest = record.receipt.latest;
  ASSIGN_OR_RETURN(const std::string transition, PrintTransition(latest));
  ASSIGN_OR_RETURN(const std::string cluster, PrintClusterRecord(record));
  RETURN_IF_ERROR(Overwrite(store, ManifestKey(manifest.digest()), manifest.bytes()));
  RETURN_IF_ERROR(Overwrite(store, TransitionKey(latest.generation), AsBytes(transition)));
  RETURN_IF_ERROR(Overwrite(store, "cluster", AsBytes(cluster)));
  return Overwrite(store, kCommitKey, AsBytes(transition));
}

StatusOr<std::optional<StoredCluster>> LoadCluster(Store& store) {
  ASSIGN_OR_RETURN(const std::optional<StoredValue> commit, store.Get(kCommitKey));
  if (!commit) return std::optional<StoredCluster>();
  StatusOr<StoredCluster> cluster = Load(store, commit->value);
  if (cluster.ok()) return std::optional<StoredCluster>(*std::move(cluster));
  if (FaultCode(cluster.status()) != "MALFORMED") return cluster.status();
  return Corrupt(MessageOf(cluster.status()));
}

}  // namespace kedge::keyservice
