// The receipt: what the owner keeps of a cluster. After a total outage it is the authority over how
// new the history on a disk must be (S10; docs/FORMATS.md, "Receipt").
#pragma once

#include <string>

#include "attestation/model/measured_event.h"
#include "base/bytes.h"
#include "base/status.h"
#include "crypto/ecdsa.h"
#include "keyservice/core/transition.h"

namespace kedge {

inline constexpr std::string_view kReceiptFormat = "kedge.receipt.v2";
// Without the disk counter; still verified, at counter 0.
inline constexpr std::string_view kReceiptFormat1 = "kedge.receipt.v1";

struct Receipt {
  bool counted = true;  // false: of format 1
  ClusterId cluster_id{};
  Bytes service_key_spki;  // the cluster identity key
  Transition latest;
  std::string coordinator_node;
  Bytes coordinator_id;  // hardware identity of the machine that runs the service
  ByteArray<32> measurement_salt{};
  // What the coordinator's disk had acknowledged: it never shows less again. After a total outage
  // nothing else knows, because the registry is on that very disk.
  uint64_t coordinator_disk_counter = 0;
  Bytes signature;  // identity key over ReceiptMessage
};

// lp("kedge/1 receipt") lp(format) lp(cluster_id) lp(service_key_spki)
// lp(TransitionMessage(latest)) lp(latest.signature) lp(coordinator_node) lp(coordinator_id)
// lp(measurement_salt) lp(u64 coordinator_disk_counter), the last not in format 1.
Bytes ReceiptMessage(const Receipt& receipt);

// In the current format; sets service_key_spki and signature from `identity`.
StatusOr<Receipt> SignReceipt(Receipt receipt, const SigningKey& identity);
// The signature under `identity`, and that the receipt names that key. Fault RECEIPT_NOT_AUTHENTIC.
Status VerifyReceipt(const Receipt& receipt, const VerifyKey& identity);

// Whether `candidate`, both verified, says more than `held` about the same cluster, and less in
// nothing. Only such a one may take its place.
bool IsFresher(const Receipt& candidate, const Receipt& held);

// Whether what a disk holds as its latest transition is as new as the owner's receipt. Faults
// ROLLBACK_DETECTED (older) and HISTORY_FORKED (same generation, other manifest).
Status CheckFreshness(const Transition& on_disk, const Transition& receipt);

}  // namespace kedge
