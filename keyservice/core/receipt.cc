#include "keyservice/core/receipt.h"

#include <absl/strings/str_cat.h>

#include "base/lp.h"

namespace kedge {

Bytes ReceiptMessage(const Receipt& receipt) {
  LpWriter writer;
  writer.Add("kedge/1 receipt").Add(receipt.counted ? kReceiptFormat : kReceiptFormat1);
  writer.Add(receipt.cluster_id);
  writer.Add(receipt.service_key_spki).Add(TransitionMessage(receipt.latest));
  writer.Add(receipt.latest.signature).Add(receipt.coordinator_node).Add(receipt.coordinator_id);
  writer.Add(receipt.measurement_salt);
  if (receipt.counted) writer.AddU64(receipt.coordinator_disk_counter);
  return std::move(writer).Take();
}

StatusOr<Receipt> SignReceipt(Receipt receipt, const SigningKey& identity) {
  receipt.counted = true;
  receipt.service_key_spki = identity.public_key().spki();
  ASSIGN_OR_RETURN(receipt.signature, identity.Sign(ReceiptMessage(receipt)));
  return receipt;
}

Status VerifyReceipt(const Receipt& receipt, const VerifyKey& identity) {
  if (Equal(receipt.service_key_spki, identity.spki()) &&
      identity.Verify(ReceiptMessage(receipt), receipt.signature).ok()) {
    return absl::OkStatus();
  }
  return Refused("RECEIPT_NOT_AUTHENTIC",
                 "the receipt was not signed by the identity key of this cluster");
}

bool IsFresher(const Receipt& candidate, const Receipt& held) {
  const bool same_cluster = candidate.cluster_id == held.cluster_id &&
                            candidate.service_key_spki == held.service_key_spki &&
                            candidate.measurement_salt == held.measurement_salt;
  if (!same_cluster || candidate.latest.generation < held.latest.generation ||
      candidate.coordinator_disk_counter < held.coordinator_disk_counter) {
    return false;
  }
  if (candidate.latest.generation > held.latest.generation) return true;
  return candidate.latest.manifest_digest == held.latest.manifest_digest &&
         candidate.coordinator_node == held.coordinator_node &&
         candidate.coordinator_id == held.coordinator_id &&
         candidate.coordinator_disk_counter > held.coordinator_disk_counter;
}

Status CheckFreshness(const Transition& on_disk, const Transition& receipt) {
  if (on_disk.generation < receipt.generation) {
    return Refused("ROLLBACK_DETECTED",
                   absl::StrCat("the state disk's history ends at generation ", on_disk.generation,
                                ", the owner's receipt is of generation ", receipt.generation,
                                ": this disk is an old copy; restore the newest one"));
  }
  if (on_disk.generation == receipt.generation &&
      TransitionHash(on_disk) != TransitionHash(receipt)) {
    return Refused(
        "HISTORY_FORKED",
        absl::StrCat("the state disk and the owner's receipt hold different manifests of "
                     "generation ",
                     on_disk.generation));
  }
  return absl::OkStatus();
}

}  // namespace kedge
