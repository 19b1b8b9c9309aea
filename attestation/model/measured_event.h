// Kedge's own measurements: label, index and exact bytes of each event (docs/MEASUREMENTS.md).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "attestation/model/evidence.h"
#include "base/bytes.h"
#include "base/status.h"
#include "crypto/digest.h"

namespace kedge {

inline constexpr PcrIndex kNodePcr = 14;       // init-data, node, cap
inline constexpr PcrIndex kClusterIdPcr = 15;  // cluster-id, exactly one event

// One event: `content` is what is hashed into each active bank.
struct MeasuredEvent {
  PcrIndex pcr = 0;
  std::string label;  // "cluster-id", "init-data", "node", "cap"
  Bytes content;      // lp("kedge/1 " + label) lp(value)…
  bool operator==(const MeasuredEvent&) const = default;
};

using ClusterId = ByteArray<32>;

MeasuredEvent ClusterIdEvent(const ClusterId& cluster_id);
// `invitation` is the whole file as read; its SHA-256 is measured.
MeasuredEvent InitDataEvent(ByteView invitation);
MeasuredEvent InitDataEventOfDigest(const Sha256Digest& invitation_digest);
MeasuredEvent NodeEvent(std::string_view role, const Sha256Digest& manifest,
                        const Sha256Digest& ca_spki);
MeasuredEvent CapEvent();

// The PCR value after extending `before` with the digest of `content` (TPM 2.0 part 1, 17.6).
Bytes ExtendedPcr(PcrBank bank, ByteView before, ByteView content);
// The same where only the digest is known (firmware event logs).
Bytes ExtendedPcrByDigest(PcrBank bank, ByteView before, ByteView digest);
Bytes DigestInBank(PcrBank bank, ByteView data);
Bytes ZeroPcr(PcrBank bank);

// The PCR value after extending zero with each event of `pcr`, in order.
Bytes ReplayPcr(PcrBank bank, PcrIndex pcr, std::span<const MeasuredEvent> events);

// OK where the events are what one boot may measure: on PCR 14 a prefix of init-data, node, cap; on
// PCR 15 at most one cluster-id; nothing elsewhere; each content labelled as its event. Otherwise
// FAILED_PRECONDITION with fault EVENT_ORDER.
Status CheckEventOrder(std::span<const MeasuredEvent> events);

// Pure classification before an extend (S22): an extend is not idempotent.
enum class PcrClass { kPristine, kAlreadyMeasured, kForeign };
// `before` is the value expected without the event.
PcrClass ClassifyPcr(PcrBank bank, ByteView value, ByteView before, const MeasuredEvent& event);

}  // namespace kedge
