#include "keyservice/server/cluster_records.h"

#include "keyservice/core/receipt.h"

namespace kedge::keyservice {
namespace {

constexpr char kClusterKey[] = "cluster";

StatusOr<ClusterRecord> ReadRecord(Store& store) {
  ASSIGN_OR_RETURN(const Bytes bytes, Need(store, kClusterKey));
  StatusOr<ClusterRecord> record = ParseClusterRecord(bytes);
  if (FaultCode(record.status()) == "MALFORMED") return Corrupt(MessageOf(record.status()));
  return record;
}

}  // namespace

Status SaveCluster(Store& store, const ClusterRecord& record, const Manifest& manifest) {
  const Transition& latest = record.receipt.latest;
  ASSIGN_OR_RETURN(const std::string transition, PrintTransition(latest));
  ASSIGN_OR_RETURN(const std::string cluster, PrintClusterRecord(record));
  RETURN_IF_ERROR(WriteFirstStep(store, latest, manifest));
  RETURN_IF_ERROR(Overwrite(store, kClusterKey, AsBytes(cluster)));
  return Overwrite(store, kCommitKey, AsBytes(transition));
}

Status SaveRecord(Store& store, const ClusterRecord& record) {
  ASSIGN_OR_RETURN(const std::string text, PrintClusterRecord(record));
  return Overwrite(store, kClusterKey, AsBytes(text));
}

StatusOr<std::optional<StoredCluster>> LoadCluster(Store& store) {
  ASSIGN_OR_RETURN(const std::optional<StoredValue> commit, store.Get(kCommitKey));
  if (!commit) return std::optional<StoredCluster>();
  ASSIGN_OR_RETURN(ClusterRecord record, ReadRecord(store));
  ASSIGN_OR_RETURN(
      std::optional<StoredHistory> history,
      ReadHistory(store, record.provisional ? HistoryExtent::kLatestOnly : HistoryExtent::kWhole));
  if (!history) return Corrupt("the latest transition has vanished");
  // The record is written after the step that it tells of: it is never ahead of the history.
  RETURN_IF_ERROR(CheckFreshness(history->transitions.back(), record.receipt.latest));
  return std::optional<StoredCluster>(StoredCluster{.record = std::move(record),
                                                    .history = std::move(history->transitions),
                                                    .manifest = std::move(history->manifest)});
}

}  // namespace kedge::keyservice
