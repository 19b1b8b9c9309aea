// Kedge's own measurements: label, index and exact bytes of each event (docs/MEASUREMENTS.md).
#pragma once

#include <string>
#include <string_view>

#include "attestation/model/evidence.h"
#include "base/bytes.h"
#include "crypto/digest.h"

namespace kedge {

inline constexpr PcrIndex kNodePcr = 14;       // init-data, node, cap
inline constexpr PcrIndex kClusterIdPcr = 15;  // cluster-id, exactly one event

// One event: `content` is what is hashed into each active bank.
struct MeasuredEvent {
  PcrIndex pcr = 0;
  std::string label;  // "cluster-id", "init-data", "node", "cap"
  Bytes content;      // lp("kedge/1 " + label) lp(value)…
};

using ClusterId = ByteArray<32>;

MeasuredEvent ClusterIdEvent(const ClusterId& cluster_id);
// `invitation` is the whole file as read; its SHA-256 is measured.
MeasuredEvent InitDataEvent(ByteView invitation);
MeasuredEvent NodeEvent(std::string_view role, const Sha256Digest& manifest,
                        const Sha256Digest& ca_spki);
MeasuredEvent CapEvent();

// The PCR value after extending `before` with the digest of `content` (TPM 2.0 part 1, 17.6).
Bytes ExtendedPcr(PcrBank bank, ByteView before, ByteView content);
Bytes DigestInBank(PcrBank bank, ByteView data);
Bytes ZeroPcr(PcrBank bank);

// Pure classification before an extend (S22): an extend is not idempotent.
enum class PcrClass { kPristine, kAlreadyMeasured, kForeign };
// `before` is the value expected without the event.
PcrClass ClassifyPcr(PcrBank bank, ByteView value, ByteView before, const MeasuredEvent& event);

}  // namespace kedge
